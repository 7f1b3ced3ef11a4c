"""Everything that is true about a rendered patient, as JSON values."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from ctstudio.phantom.patient import Patient
from ctstudio.phantom.render import Phantom
from ctstudio.phantom.report import report
from ctstudio.phantom.spots import spots_of, to_world


def truth(patient: Patient, phantom: Phantom) -> dict[str, Any]:
    """All parameters, findings with place and size, and the volume and mean values of each label on this grid.

    Volumes are those of the labels on the phantom's grid: what a grid cuts off is not counted.
    """
    told: dict[str, Any] = json.loads(json.dumps(asdict(patient)))
    told["spots"] = [_spot(patient, s) for s in spots_of(patient)]
    told["grid"] = json.loads(json.dumps(asdict(phantom.ct.grid)))
    told["organs"] = _organs(phantom)
    told["report"] = report(patient)
    return told


def _spot(patient: Patient, spot: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(asdict(spot)))
    told["centre_mm"] = [round(v, 2) for v in to_world(patient, told.pop("centre"))]
    told["diameter_mm"] = round(2 * spot.radius_mm, 2)
    return told


def _organs(phantom: Phantom) -> dict[str, dict[str, float]]:
    labels = phantom.labels.array.ravel()
    counts = np.bincount(labels, minlength=256)
    voxel_ml = phantom.labels.grid.voxel_volume_mm3 / 1000.0
    images = {"mean_hu": phantom.ct, "mean_suv": phantom.pet, "mean_t1": phantom.mr}
    sums = {
        name: np.bincount(labels, weights=volume.array.ravel(), minlength=256)
        for name, volume in images.items()
        if volume is not None
    }
    told: dict[str, dict[str, float]] = {}
    for value in phantom.labels.present():
        entry = {"volume_ml": round(float(counts[value]) * voxel_ml, 3)}
        entry.update({name: round(float(total[value] / counts[value]), 3) for name, total in sums.items()})
        told[phantom.labels.table.by_value(value).name] = entry
    return told
