"""CTs from anatomy, with or without a lesion: what `synthesize` and `add-lesion` share."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.catalog.meddiff_parameters import SynthesizeParameters
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.resample import labels_onto
from ctstudio.core.volume import Volume
from ctstudio.core.windows import Window
from ctstudio.diffusion.loop import denoise
from ctstudio.diffusion.noise import generator_for
from ctstudio.diffusion.pace import Pace, Stage
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.measure.nominal_hu import AIR_HU, nominal_hu_table
from ctstudio.protocol.events import Finished
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.meddiff_fm.inference import Told
from ctstudio.systems.meddiff_fm.job import Begun, Cover, Event, Job, cover, followed, sample_of
from ctstudio.systems.meddiff_fm.whole import SCHEDULE

_NAME = "MedDiff-FM"
_EDGE = 0.98
"""In [-1, 1]: values beyond it lie at an end of the window, where the model cannot tell any further."""


def drawn(
    job: Job, parameters: SynthesizeParameters, told: Told, lesion: LabelMap | None, notes: tuple[str, ...] = ()
) -> Iterator[Event]:
    """All samples of a request that makes CTs from anatomy.

    Args:
        job: The request.
        parameters: Its parameters.
        told: What the networks are told; with the lesion, if there shall be one.
        lesion: The same on the anatomy's grid.
        notes: What the user must be told besides.
    """
    air = torch.full((1, 1, *job.placement.shape), -1.0)
    covered = cover(job, told, air)
    pace = Pace(job.request.id, (Stage("", parameters.count * parameters.steps),), parameters.count)
    samples = []
    for number in range(1, parameters.count + 1):
        sample = yield from _one(job, parameters, covered, pace, number, lesion)
        samples.append(sample)
    notes = (*job.patient.notes, *notes, _resampled(job), covered.note, _beyond(job.window))
    yield Finished(job.request.id, Result(job.request.id, tuple(samples), tuple(filter(None, notes))))


def _one(
    job: Job, parameters: SynthesizeParameters, covered: Cover, pace: Pace, number: int, lesion: LabelMap | None
) -> Generator[Event, None, Sample]:
    """Make one sample: yields events, returns the `Sample`."""
    begun, seed = Begun(), parameters.seed + number - 1
    scheduler = build_sampler(parameters.sampler, parameters.steps, "sample", schedule=SCHEDULE)
    noise = torch.randn((1, 1, *job.placement.shape), generator=generator_for(seed, "volume"))
    steps = denoise(covered.estimate, scheduler, noise, [generator_for(seed, "steps")])
    last = yield from followed(job, number, pace, steps, lambda x_0: _shown(job, x_0))
    outputs = _outputs(job, last.x_t, lesion)
    return sample_of(job, begun, seed, outputs, _measures(outputs, lesion))


def _shown(job: Job, x_0: torch.Tensor) -> Volume:
    return job.placement.volume(x_0, job.window, _NAME)


def _outputs(job: Job, x_0: torch.Tensor, lesion: LabelMap | None) -> dict[str, Volume | LabelMap]:
    ct, classes = job.placement.volume(x_0, job.window, _NAME), _classes(job)
    hu = np.rint(_told_further(np.asarray(ct.array), classes.array, job.window)).astype(np.int16)
    array = classes.array if lesion is None else np.where(lesion.array > 0, lesion.array, classes.array)
    labels = LabelMap(array.astype(np.uint8), classes.grid, standard_table(), True, _NAME)
    return {"ct": Volume(hu, ct.grid, synthetic=True, name=_NAME), "labels": labels}


def _classes(job: Job) -> LabelMap:
    """The anatomy that was used, on the given grid."""
    work = LabelMap(job.patient.classes, job.placement.work, standard_table(), True, _NAME)
    return labels_onto(work, job.placement.given)


def _told_further(hu: NDArray[np.floating], classes: NDArray[np.uint8], window: Window) -> NDArray[np.floating]:
    """HU with the usual values of tissue where it lies beyond the window, and air where there is no body.

    Source: ours; the model sees a part of the HU only, and what is darker than that would otherwise all be its darkest.
    """
    usual, unit = nominal_hu_table()[classes], window.to_unit(hu)
    beyond = ((unit <= -_EDGE) & (usual < window.low_hu)) | ((unit >= _EDGE) & (usual > window.high_hu))
    return np.where(classes == 0, np.float32(AIR_HU), np.where(beyond, usual, hu))


def _beyond(window: Window) -> str:
    return (
        f"The model sees {window.low_hu:.0f} to {window.high_hu:.0f} HU; tissue beyond has its usual HU, and what lies "
        "outside the body is air."
    )


def _resampled(job: Job) -> str:
    if not job.placement.resampled:
        return ""
    given, own = job.placement.given.spacing_mm, job.placement.work.spacing_mm[0]
    return f"Made at {own:g} mm and brought onto the given voxels of {' x '.join(f'{mm:.3g}' for mm in given)} mm."


def _measures(outputs: dict[str, Volume | LabelMap], lesion: LabelMap | None) -> dict[str, float]:
    """Mean HU of the largest organs, and of the lesion."""
    ct, labels = outputs["ct"], outputs["labels"]
    if not isinstance(ct, Volume) or not isinstance(labels, LabelMap):
        return {}
    found = {}
    for name in ("liver", "spleen", "heart", "brain"):
        where = labels.array == values_of([name])[0]
        if where.any():
            found[f"{name}_mean_hu"] = float(ct.array[where].mean())
    if lesion is not None and (lesion.array > 0).any():
        inside = ct.array[lesion.array > 0]
        found |= {"lesion_mean_hu": float(inside.mean()), "lesion_sd_hu": float(inside.std())}
    return found
