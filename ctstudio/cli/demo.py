"""`ctstudio demo`: the main job without a window: phantom, mask, dose dial, slices, contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson, Device, Model, OutFolder, Seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctstudio.core.labels import LabelMap
    from ctstudio.phantom.render import Phantom
    from ctstudio.protocol.result import Sample

    Picture = NDArray[np.uint8]

DOSES = (0.05, 0.10, 0.25, 0.50, 0.75, 1.00)
SLICES = 2
GAP_MM = 24.0
HELD_OUT_SEED = 10_007
_MASK_OPACITY = 0.55


def demo(
    out: OutFolder,
    seed: Seed = HELD_OUT_SEED,
    model: Model = "",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Do the main job on a procedural patient: its mask, six doses, slices, a contact sheet, provenance."""
    from ctstudio.cli.running import default_model
    from ctstudio.io.writing import write_labels, write_volume

    name = model or default_model("na_diff")
    patient = _patient(seed)
    case = out / "case"
    write_volume(patient.ct, case / "ct.nii.gz")
    write_labels(patient.labels, case / "mask.nii.gz")
    samples, folders = _at_each_dose(case / "mask.nii.gz", name, seed, device, out)
    sheet = out / "contact_sheet.png"
    _write_sheet(patient, samples, sheet, seed)
    facts = {"out": str(out), "contact_sheet": str(sheet), "model": name, "samples": _facts(samples, folders)}
    answer(as_json, facts, [*_lines(samples, folders), f"The pictures: {sheet}"])


def _patient(seed: int) -> Phantom:
    """A few slices through the middle of the liver of a procedural patient."""
    from ctstudio.phantom.grids import axial_grid, organ_range_mm
    from ctstudio.phantom.patient import make_patient
    from ctstudio.phantom.render import render

    patient = make_patient(seed, "abdomen")
    low, high = organ_range_mm(patient, "liver")
    first = 0.5 * (low + high) - 0.5 * GAP_MM * (SLICES - 1)
    return render(patient, axial_grid(patient, [first + GAP_MM * k for k in range(SLICES)]), pet=False, mr=False)


def _at_each_dose(mask: Path, model: str, seed: int, device: str, out: Path) -> tuple[list[Sample], list[Path]]:
    from ctstudio.catalog.cards import card
    from ctstudio.cli.running import done, request_of, written
    from ctstudio.engine.cache import ModelCache

    task, cache = card("na_diff", "generate"), ModelCache()
    samples: list[Sample] = []
    folders: list[Path] = []
    for dose in DOSES:
        parameters = task.validated({"dose": dose, "seed": seed})
        request = request_of(task, parameters, {"mask": mask}, model, device, "auto")
        result = done(request, f"Dose {dose:.0%}", cache)
        samples += result.samples
        folders += written(result, out)
    return samples, folders


def _write_sheet(patient: Phantom, samples: list[Sample], path: Path, seed: int) -> None:
    from ctstudio.cli.records import record
    from ctstudio.core.volume import Volume
    from ctstudio.core.windows import PRESETS
    from ctstudio.io.pictures import contact_sheet, write_png

    window = PRESETS["Soft tissue"]
    volumes = [one for one in (sample.outputs["ct"] for sample in samples) if isinstance(one, Volume)]
    rows: list[list[Picture]] = [
        [
            _painted(window.to_grey(patient.ct.array[z]), patient.labels, z),
            window.to_grey(patient.ct.array[z]),
            *[window.to_grey(volume.array[z]) for volume in volumes],
        ]
        for z in reversed(range(SLICES))  # head first
    ]
    columns = ["mask", "phantom, no noise", *[f"{dose:.0%} dose" for dose in DOSES]]
    captions = [["", "", *[_measured(sample) for sample in samples]]] * SLICES
    sheet = contact_sheet(rows, (), columns, captions)
    write_png(sheet, path, record("demo", {"doses": list(DOSES)}, seed, {}, {}))


def _painted(grey: Picture, labels: LabelMap, z: int) -> Picture:
    """A grey slice under its labels, (y, x, 3)."""
    import numpy as np

    rgb = np.repeat(grey[..., None], 3, axis=-1).astype(np.float32)
    plane = labels.array[z]
    colours = labels.table.colours()[plane].astype(np.float32)
    share = np.where(plane > 0, _MASK_OPACITY, 0.0)[..., None]
    mixed: Picture = np.round(rgb * (1 - share) + colours * share).astype(np.uint8)
    return mixed


def _measured(sample: Sample) -> str:
    measured, asked = sample.measures.get("noise_sd_hu"), sample.measures.get("requested_noise_sd_hu")
    return "" if measured is None or asked is None else f"noise {measured:.0f} HU, asked {asked:.0f}"


def _facts(samples: list[Sample], folders: list[Path]) -> list[dict[str, Any]]:
    return [
        {"dose": dose, "folder": str(folder), "measures": sample.measures}
        for dose, sample, folder in zip(DOSES, samples, folders, strict=True)
    ]


def _lines(samples: list[Sample], folders: list[Path]) -> list[str]:
    rows = zip(DOSES, samples, folders, strict=True)
    return [f"{folder}  dose {dose:>4.0%}  {_measured(sample)}" for dose, sample, folder in rows]
