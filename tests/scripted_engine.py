"""An engine without torch that speaks the real bytes and plays a script.

    client = EngineClient(command=scripted_engine.command("finish"), log_folder=tmp_path)

Scripts: see `SCRIPTS`. A request's own parameter "script" wins over the command's, so that one engine can play several.
With `memory`, a file, the script is played by the first process only; later ones play "finish".
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import scripted_chest
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.seeds import stream
from ctstudio.core.volume import Volume
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.protocol.channel import Channel
from ctstudio.protocol.commands import Cancel, Shutdown, Submit
from ctstudio.protocol.door import connect
from ctstudio.protocol.events import (
    DeviceStatus,
    EngineReady,
    Failed,
    Finished,
    Hello,
    Loading,
    Preview,
    Stepped,
    Stopped,
)
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise
from ctstudio.protocol.request import Request, new_id
from ctstudio.protocol.result import Result, Sample

SCRIPTS = {
    "finish": "steps of 5 ms, previews, a result",
    "slow": "steps of 100 ms, at least 50 of them",
    "steady": "steps of 100 ms, as many as were asked for",
    "hang": "silence from the second step on",
    "die": "kills itself in the second step",
    "malformed": "sends bytes that are no message in the second step",
    "fail": "says that the mask is empty",
    "out_of_memory": "says that memory is short",
    "never_ready": "comes to the door, gives signs of life, is never ready",
    "stubborn": "as slow, but listens to nothing, not even a polite signal to end",
    "noise_dies": "kills itself when it is asked for live noise",
    "noise_fails": "says that live noise cannot be had",
    "no_show": "ends before it comes to the door",
}
FULL_DOSE_SD_HU = 15.0
GRID = Grid((6, 160, 160), (1.5, 1.5, 3.0))


def command(script: str = "finish", memory: Path | None = None) -> list[str]:
    """The command line that plays a script."""
    if script not in SCRIPTS:
        raise KeyError(f"no script {script!r}; there are {', '.join(SCRIPTS)}")
    return [sys.executable, str(Path(__file__).resolve()), script, *([str(memory)] if memory else [])]


def request(script: str = "finish", **parameters: Any) -> Request:
    """A request with a small liver; large enough for its answer to need shared memory."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:5, 40:80, 40:80] = 5
    told = {"script": script, "seed": 3, "dose": 0.25, **parameters}
    return Request(new_id(), "na_diff", "generate", "demo", told, {"mask": LabelMap(labels, GRID, standard_table())})


class Player:
    """One engine process."""

    def __init__(self, channel: Channel, script: str) -> None:
        self.channel = channel
        self.script = script
        self.waiting: deque[Request] = deque()
        self.cancelled: set[str] = set()
        self.signed = 0.0
        self.deaf = False

    def serve(self) -> None:
        if self.script != "never_ready":
            self.channel.send(EngineReady({"ctstudio": "scripted"}, "cpu"))
        while True:
            self.listen(0.2)
            while self.waiting:
                self.play(self.waiting.popleft())

    def listen(self, seconds: float) -> None:
        """Hear commands for a while, with a sign of life each second."""
        if self.deaf:
            time.sleep(seconds)
            return
        until = time.monotonic() + seconds
        while True:
            if time.monotonic() - self.signed > 1.0:
                self.signed = time.monotonic()
                self.channel.send(DeviceStatus(3 * 10**8, 16 * 10**9))
            message = self.channel.receive(max(0.0, min(0.2, until - time.monotonic())))
            if self.channel.gone or isinstance(message, Shutdown):
                self.channel.close()
                sys.exit(0)
            if isinstance(message, Submit):
                self.waiting.append(message.request)
            elif isinstance(message, Cancel):
                self.cancel(message.request_id)
            elif isinstance(message, FindExposure | SimulateNoise):
                self.answer_live(message)
            if time.monotonic() >= until:
                return

    def answer_live(self, question: FindExposure | SimulateNoise) -> None:
        """Noise of 10 HU at full dose, another in each slice."""
        if self.script == "noise_fails":
            self.channel.send(Failed(question.request_id, "The scan has voxels that are NaN.", "Replace them.", "", 2))
        elif isinstance(question, FindExposure):
            exposure = Exposure(1e6, noise_free=False, held_sd_hu=10.0)
            self.channel.send(ExposureFound(question.request_id, exposure, Scanner(), "Scripted."))
        elif self.script == "noise_dies":
            self.trouble("die")
        else:
            noise = stream(question.seed, "live", question.place).normal(0.0, 10.0, question.scan.grid.shape)
            image = replace(question.scan, array=noise.astype(np.float32), synthetic=True)
            self.channel.send(NoiseSimulated(question.request_id, image, None))

    def cancel(self, request_id: str) -> None:
        left = deque(r for r in self.waiting if r.id != request_id)
        if len(left) < len(self.waiting):
            self.waiting = left
            self.channel.send(Stopped(request_id))
        self.cancelled.add(request_id)

    def play(self, request: Request) -> None:
        script = request.parameters.get("script", self.script)
        steps, count = int(request.parameters.get("steps", 5)), int(request.parameters.get("count", 1))
        coarse = steps if "upscale_steps" in request.parameters else 0
        steps += int(request.parameters.get("upscale_steps") or 0)
        steps, pause = (max(50, steps), 0.1) if script in ("slow", "stubborn") else (steps, 0.005)
        pause = 0.1 if script == "steady" else pause
        self.channel.send(Loading(request.id, "Loading model scripted demo (phantom-trained) …"))
        if script in _FAILURES:
            self.channel.send(Failed(request.id, *_FAILURES[script]))
            return
        samples = []
        for sample in range(1, count + 1):
            made = sample_of(request, sample)
            for step in range(1, steps + 1):
                done, total = (sample - 1) * steps + step, steps * count
                self.listen(pause)
                if request.id in self.cancelled:
                    self.channel.send(Stopped(request.id))
                    return
                if done == 2:
                    self.trouble(script)
                stage = "" if not coarse else "coarse volume" if step <= coarse else "upscaling"
                self.channel.send(Stepped(request.id, done, total, sample, count, (total - done) * pause, stage))
                if coarse and step % max(1, coarse // 4) == 0:
                    self.channel.send(Preview(request.id, sample, scripted_chest.preview(made, step <= coarse)))
                elif not coarse and "ct" in made.outputs and step % max(1, steps // 3) == 0:
                    self.channel.send(Preview(request.id, sample, blurred(made, step / steps)))
            samples.append(made)
        self.channel.send(Finished(request.id, Result(request.id, tuple(samples), ("Played by a script.",))))

    def trouble(self, script: str) -> None:
        if script == "die":
            os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)
        elif script == "malformed":
            self.channel._connection.send_bytes(b"CTSW\x01\x00\x05\x00\x00\x00[1,2]")
        elif script == "hang":
            time.sleep(3600)
        elif script == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.deaf = True


_FAILURES = {
    "fail": ("The mask is empty.", "Paint something, then generate again.", "", 2),
    "out_of_memory": ("There is not enough memory on cpu.", "Ask for fewer samples at once.", "tried 1 TiB", 1),
}


def sample_of(request: Request, number: int) -> Sample:
    """A plausible answer on the mask's grid: a body with the mask's organs, noise that falls with the dose."""
    if request.task == "dose":
        return low_dose_of(request)
    if request.system == "medsyn":
        return scripted_chest.sample_of(request, number)
    if request.system == "meddiff_fm":
        import scripted_meddiff  # with scipy, which an engine that nobody asks for this does not wait for

        return scripted_meddiff.sample_of(request, number)
    mask = request.inputs["mask"]
    assert isinstance(mask, LabelMap)
    seed = int(request.parameters.get("seed") or 0) + number - 1
    sd = FULL_DOSE_SD_HU / float(request.parameters.get("dose", 0.25)) ** 0.5
    noise = stream(seed, "scripted").normal(0.0, sd, mask.grid.shape)
    ct = np.where(body_of(mask), 40.0 + noise, -1000.0)
    ct[mask.array > 0] += 30.0 + (mask.array[mask.array > 0] % 7) * 8.0
    ct[~mask.array.any(axis=(1, 2))] = -1024.0
    image = Volume(ct.astype(np.float32), mask.grid, synthetic=True, name="scripted sample")
    noise_map = Volume(np.full(mask.grid.shape, sd, np.float32), mask.grid, "CT", "HU_SD", synthetic=True)
    used = LabelMap(mask.array.copy(), mask.grid, standard_table(), synthetic=True)
    provenance = Provenance(
        request.system, request.task, dict(request.parameters), seed, request.model, device="cpu", dtype="fp32",
        versions={"ctstudio": "scripted"}, seconds=0.1, outputs={"ct": digest(image.array)},
    )  # fmt: skip
    outputs: dict[str, Volume | LabelMap] = {"ct": image, "noise_map": noise_map, "mask": used}
    if request.parameters.get("complete"):
        outputs["labels"] = completed(mask)
    inside = mask.array > 0
    measured = float(noise[inside].std()) if inside.any() else sd
    measures = {"noise_sd_hu": measured, "requested_noise_sd_hu": sd}
    return Sample(seed, outputs, measures, provenance)


def low_dose_of(request: Request) -> Sample:
    """The scan with the noise that it lacks."""
    scan, seed = request.inputs["scan"], int(request.parameters["seed"])
    assert isinstance(scan, Volume)
    sd = 10.0 * (1 / request.parameters["dose"] - 1) ** 0.5
    noise = stream(seed, "scripted").normal(0.0, sd, scan.grid.shape)
    image = replace(scan, array=(scan.array + noise).astype(np.float32), synthetic=True)
    told = dict(request.parameters)
    provenance = Provenance("ctstudio", "dose", told, seed, "", outputs={"ct": digest(image.array)})
    return Sample(seed, {"ct": image}, {"noise_sd_hu": sd}, provenance)


def completed(mask: LabelMap) -> LabelMap:
    """The mask's slices with the rest of the body as the label "body"."""
    table = standard_table()
    drawn = mask.array.any(axis=(1, 2))[:, None, None] & body_of(mask)
    labels = np.where(drawn & (mask.array == 0), table.by_name("body").value, mask.array).astype(np.uint8)
    return LabelMap(labels, mask.grid, table, synthetic=True)


def body_of(mask: LabelMap) -> np.ndarray:
    """(z, y, x) True inside an ellipse that fills most of each slice."""
    _, rows, columns = mask.grid.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return np.broadcast_to((x / 0.85) ** 2 + (y / 0.65) ** 2 < 1, mask.grid.shape) | (mask.array > 0)


def blurred(sample: Sample, share: float) -> Volume:
    """The image on its way: the sample fading in."""
    image = sample.outputs["ct"]
    assert isinstance(image, Volume)
    return Volume((image.array * share).astype(np.float32), image.grid, synthetic=True)


def main() -> None:
    script = sys.argv[1]
    if len(sys.argv) > 2:
        memory = Path(sys.argv[2])
        script = "finish" if memory.exists() else script
        memory.touch()
    if script == "no_show":
        sys.exit("the scripted engine does not come")
    channel = connect()
    channel.send(Hello(os.getpid()))
    Player(channel, script).serve()


if __name__ == "__main__":
    main()
