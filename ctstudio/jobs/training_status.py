"""How a training run stands: what it says itself, and whether its process is there to say it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ctstudio.jobs.training_places import Launch
from ctstudio.protocol.training_run import ENDED, RunFiles, RunInfo, read_record

GONE = "The training process ended without saying why; see log.txt."
GONE_REMEDY = "Look at the log, then press Resume to go on from the last checkpoint."
_CLOCK_SLACK_S = 2.0
_SHORT_STAGE = 0.03


@dataclass(frozen=True)
class RunStatus:
    """A run as it stands now; `info.state` is the watcher's, which knows when the process has gone."""

    folder: Path
    info: RunInfo

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.info.state in ENDED

    @property
    def progress(self) -> float:
        """Share of the steps done, 0 to 1; stages without steps of the optimiser weigh little."""
        info = self.info
        if info.state == "finished":
            return 1.0
        if info.stage not in info.stages:
            return 0.0
        weights = _weights(info)
        place = info.stages.index(info.stage)
        done = sum(weights[:place]) + weights[place] * min(1.0, info.step / max(1, info.steps))
        return done / sum(weights)


def _weights(info: RunInfo) -> list[float]:
    """How much of a run each of its stages is."""
    known = [info.settings.get(stage) for stage in info.stages]
    steps = [float(one.get("steps", 0) or 0) if isinstance(one, dict) else 0.0 for one in known]
    little = _SHORT_STAGE * (sum(steps) or 1.0)
    return [one or little for one in steps]


def status_of(folder: Path, launch: Launch | None = None) -> RunStatus | None:
    """How a run stands; None when its folder holds none.

    Args:
        folder: The run's folder.
        launch: The process that the window started last for it.
    """
    files = RunFiles(folder)
    info = read_record(files.info, RunInfo)
    if info is None and files.info.is_file():
        told = {"message": "run.json cannot be read.", "remedy": "Look at the log; start the run again as a clone."}
        return RunStatus(folder, RunInfo(id="", recipe="", title=folder.name, system="", state="failed", **told))
    if launch is not None and (info is None or _time(launch.when) > _time(info.updated)):
        return RunStatus(folder, _launched(folder, launch, info))
    if info is None:
        return None
    here = info.host in ("", socket.gethostname())
    if here and info.state not in ENDED and not is_alive(info.pid, info.process_started):
        info = info.model_copy(update=_gone(folder))
    return RunStatus(folder, info)


def is_alive(pid: int, process_started: float) -> bool:
    """Whether a process is there and is the one that was meant, not a later one of the same number."""
    import psutil

    if pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        right = abs(process.create_time() - process_started) < _CLOCK_SLACK_S
        return bool(right and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _launched(folder: Path, launch: Launch, before: RunInfo | None) -> RunInfo:
    """A run whose new process has not written a word yet."""
    info = before or RunInfo(id="", recipe="", title=launch.title or folder.name, system=launch.system)
    if is_alive(launch.pid, launch.process_started):
        fresh = {"state": "starting", "message": "", "remedy": "", "seconds_left": None}
        return info.model_copy(update={**fresh, "started": info.started or launch.when})
    return info.model_copy(update={**_gone(folder), "started": info.started or launch.when})


def _gone(folder: Path) -> dict[str, object]:
    """What is said of a run whose process has gone: its own last words, when it left some."""
    return {"state": "failed", "message": last_words(folder) or GONE, "remedy": GONE_REMEDY, "seconds_left": None}


def last_words(folder: Path) -> str:
    """The refusal that the program wrote last into the log, in its usual form; "" when there is none."""
    lines = log_tail(folder, 4000).strip().splitlines()
    last = lines[-1].strip() if lines else ""
    return last.removeprefix("ctstudio: ") if last.startswith("ctstudio: ") else ""


def log_tail(folder: Path, most_bytes: int = 200_000) -> str:
    """The end of a run's log; "" when there is none."""
    try:
        with RunFiles(folder).log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - most_bytes))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _time(text: str) -> datetime:
    """A time of ISO 8601; the beginning of time when it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
