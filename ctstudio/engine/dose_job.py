"""A whole scan at a lower dose as a job of the queue: with progress, to be stopped, with a record."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import asdict
from datetime import UTC, datetime

from ctstudio.catalog.low_dose import CARD
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import LabelMap
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.volume import Volume
from ctstudio.measure.even_tissue import held_noise, median_noise_sd
from ctstudio.physics.dose_scan import DoseScan, simulate_scan
from ctstudio.physics.dose_volume import Steps
from ctstudio.protocol.events import Event, Finished, Loading, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample


def generate(request: Request, _model: None) -> Generator[Event, None, None]:
    """Simulate the scan of a request at its dose, slice by slice.

    Yields:
        `Loading`, a `Stepped` for every few slices, and `Finished`.

    Raises:
        ParameterError: A parameter outside its range, or no scan.
        IntensityError: Not HU, or NaN voxels.
    """
    scan = request.inputs.get("scan")
    if not isinstance(scan, Volume):
        raise ParameterError("There is no scan to simulate a dose of.", "Open a CT first.")
    parameters = CARD.validated(request.parameters)
    started, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    yield Loading(request.id, "Measuring the scan's noise …")
    made = yield from _told(request, simulate_scan(scan, parameters))
    provenance = _record(request, scan, made, started, round(time.monotonic() - began, 3))
    outputs: dict[str, Volume | LabelMap] = {"ct": made.image, "noise_map": made.noise_map}
    sample = Sample(parameters["seed"], outputs, _measures(scan, made, parameters["dose"]), provenance)
    yield Finished(request.id, Result(request.id, (sample,), (made.words,)))


def _told(request: Request, steps: Steps[DoseScan]) -> Generator[Event, None, DoseScan]:
    """The steps as events."""
    while True:
        try:
            done, count = next(steps)
        except StopIteration as end:
            made: DoseScan = end.value
            return made
        yield Stepped(request.id, done, count, 1, 1)


def _record(request: Request, scan: Volume, made: DoseScan, started: str, seconds: float) -> Provenance:
    parameters = CARD.validated(request.parameters)
    file = request.input_files.get("scan", "")
    return Provenance(
        system=CARD.system,
        task=CARD.task,
        parameters={**parameters, **made.facts},
        seed=parameters["seed"],
        model="",
        inputs={"scan": {"file": file, "grid": asdict(scan.grid), "sha256": digest(scan.array)}},
        started=started,
        seconds=seconds,
        outputs={"ct": digest(made.image.array), "noise_map": digest(made.noise_map.array)},
    )


def _measures(scan: Volume, made: DoseScan, dose: float) -> dict[str, float]:
    """Noise where the scan's tissue is even, if it is anywhere: measured, and asked for when the scan has its own."""
    held = held_noise(scan.array, min(scan.grid.spacing_mm[:2]))
    if held is None:
        return {}
    measured = {"noise_sd_hu": median_noise_sd(made.image.array[list(held.slices)], held.regions)}
    if made.facts["noise_free"]:
        return measured
    return {**measured, "requested_noise_sd_hu": held.sd_hu / math.sqrt(dose)}
