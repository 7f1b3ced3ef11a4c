"""The tasks of MedDiff-FM as the scripted engine does them: plain arithmetic on the scan and its labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance, digest
from ctstudio.core.seeds import stream
from ctstudio.core.volume import Volume
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Sample

TABLE = standard_table()
LESION = TABLE.by_name("lesion").value
DARK_HU = -60.0


def sample_of(request: Request, number: int) -> Sample:
    """What a task gives."""
    seed = int(request.parameters["seed"]) + number - 1
    outputs, measures = _DEEDS[request.task](request, seed)
    given = {name: {"sha256": digest(value.array)} for name, value in request.inputs.items()}
    told = dict(request.parameters)
    provenance = Provenance(request.system, request.task, told, seed, request.model, inputs=given)
    return Sample(seed, outputs, measures, provenance)


def _denoised(request: Request, _seed: int):
    scan = request.inputs["scan"]
    smooth = ndimage.gaussian_filter(scan.array.astype(np.float32), (0, 1.2, 1.2))
    ct = replace(scan, array=np.where(scan.array < -300, scan.array, smooth).astype(np.float32), synthetic=True)
    return {"ct": ct}, {"noise_before_hu": 20.0, "noise_after_hu": 6.0}


def _detected(request: Request, seed: int):
    """The organ's differences from its own median, and what reaches 30 HU."""
    scan, anatomy = request.inputs["scan"], request.inputs["anatomy"]
    organ = anatomy.of(request.parameters["organ"])
    rest = np.median(scan.array[organ]) if organ.any() else 0.0
    noise = stream(seed, "scripted").normal(0, 2, scan.array.shape)
    array = np.where(organ, scan.array - rest + noise, 0).astype(np.float32)
    found = np.where(np.abs(array) > 30, LESION, 0).astype(np.uint8)
    labels = LabelMap(found, scan.grid, TABLE, scan.synthetic)
    return {"anomaly": Volume(array, scan.grid), "labels": labels}, {"threshold_hu": 30.0, "findings": 1.0}


def _put_in(request: Request, _seed: int):
    scan, lesion = request.inputs["scan"], request.inputs["lesion"]
    return {"ct": _edited(scan, lesion, -20.0), "labels": lesion}, {}


def _taken_out(request: Request, _seed: int):
    scan, lesion = request.inputs["scan"], request.inputs["lesion"]
    around = ndimage.binary_dilation(lesion.array > 0, iterations=3) & (lesion.array == 0)
    return {"ct": _edited(scan, lesion, float(np.median(scan.array[around]))), "labels": lesion}, {}


def _edited(scan: Volume, lesion: LabelMap, hu: float) -> Volume:
    """A scan with another HU in a lesion and half of it one voxel around."""
    inside = lesion.array > 0
    rim = ndimage.binary_dilation(inside) & ~inside
    array = scan.array.copy()
    array[inside] = hu
    array[rim] = (scan.array[rim] + hu) / 2
    return replace(scan, array=array, synthetic=True)


def _made(request: Request, seed: int):
    anatomy = request.inputs["anatomy"]
    noise = stream(seed, "scripted").normal(0, 10, anatomy.array.shape)
    ct = np.where(anatomy.array > 0, 40 + (anatomy.array % 7) * 8 + noise, -1000).astype(np.int16)
    lesion = request.inputs.get("lesion")
    if isinstance(lesion, LabelMap):
        ct[lesion.array > 0] = DARK_HU
    return {"ct": Volume(ct, anatomy.grid, synthetic=True), "labels": replace(anatomy, synthetic=True)}, {}


_DEEDS = {
    "denoise": _denoised,
    "detect": _detected,
    "inpaint-lesion": _put_in,
    "remove-lesion": _taken_out,
    "synthesize": _made,
    "add-lesion": _made,
}
