"""A finished sample: images on the mask's grid, numbers measured on the network's own slices, provenance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.na_diff import GenerateParameters
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.measure.dose_prediction import predict_in_mask
from ctstudio.measure.noise import LEAST_PIXELS, noise_sd_hu
from ctstudio.measure.noise_region import noise_region
from ctstudio.protocol.recorded import provenance_of
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Sample
from ctstudio.systems.na_diff.placement import AIR_HU, Placement, onto_target
from ctstudio.systems.na_diff.telling import attenuating_hu
from ctstudio.systems.na_diff.weights import NaDiffModel


@dataclass(frozen=True)
class Made:
    """What came out for M slices.

    Attributes:
        slices_hu: (M, 256, 256) HU.
        noise_maps_hu: (M, 256, 256) noise maps that were asked for, HU (standard deviation).
        labels: (M, 256, 256) uint8, the anatomy that was followed.
        completed: Whether that anatomy is more than the mask said.
    """

    slices_hu: NDArray[np.float32]
    noise_maps_hu: NDArray[np.float32]
    labels: NDArray[np.uint8]
    completed: bool = False

    @staticmethod
    def joined(parts: list[Made], completed: bool) -> Made:
        """Batches of slices as one stack."""
        return Made(
            np.concatenate([part.slices_hu for part in parts]),
            np.concatenate([part.noise_maps_hu for part in parts]),
            np.concatenate([part.labels for part in parts]),
            completed,
        )


def finished_sample(
    request: Request,
    mask: LabelMap,
    model: NaDiffModel,
    parameters: GenerateParameters,
    placement: Placement,
    made: Made,
    seed: int,
    began: datetime,
    seconds: float,
) -> Sample:
    """Put a sample together.

    Args:
        request: What was asked.
        mask: Its mask, as it was given.
        model: That made it.
        parameters: Validated.
        placement: Where the slices lie.
        made: What came out.
        seed: Of this sample.
        began: Start, UTC.
        seconds: Wall time.
    """
    target = placement.target
    map_hu = onto_target(made.noise_maps_hu, placement, "bilinear", 0.0)
    outputs: dict[str, Volume | LabelMap] = {
        "ct": Volume(_whole_hu(made.slices_hu, placement), target, synthetic=True, name="NA-Diff"),
        "noise_map": Volume(map_hu, target, unit="HU_SD", synthetic=True),
        "mask": mask,
    }
    if made.completed:
        labels = onto_target(made.labels.astype(np.float32), placement, "nearest", 0.0).astype(np.uint8)
        outputs["labels"] = LabelMap(labels, target, standard_table(), synthetic=True, name="Completed anatomy")
    measures = noise_measures(made.slices_hu, placement, parameters.dose)
    told = provenance_of(request, model.info, parameters.model_dump(), seed, outputs, began, seconds)
    return Sample(seed, outputs, measures, told)


def noise_measures(slices_hu: NDArray[np.float32], placement: Placement, dose: float) -> dict[str, float]:
    """Noise SD measured in the mask, and the SD that the dose asks for there: means over slices, HU.

    Empty where no slice has enough mask to measure in.
    """
    pixel_mm = placement.working.spacing_mm[0]
    measured, requested = [], []
    for row, (image, where) in enumerate(zip(slices_hu, noise_region(placement.labels), strict=True)):
        if where.sum() >= LEAST_PIXELS:
            measured.append(noise_sd_hu(image, where))
            requested.append(predict_in_mask(attenuating_hu(placement, row), where, pixel_mm, dose))
    if not measured:
        return {}
    return {"noise_sd_hu": float(np.mean(measured)), "requested_noise_sd_hu": float(np.mean(requested))}


def _whole_hu(slices_hu: NDArray[np.float32], placement: Placement) -> NDArray[np.int16]:
    return np.round(onto_target(slices_hu, placement, "bicubic", AIR_HU)).astype(np.int16)
