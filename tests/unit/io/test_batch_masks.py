"""A folder of masks: what is read, how it is named, and what is refused in which words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctstudio.core.errors import Cancelled, InputError
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.io.batch_masks import look_at_masks, read_mask
from ctstudio.io.writing import write_volume
from small_cases import put
from small_masks import BODY, GRID, LIVER, PANCREAS, SPLEEN, blocks, model_info, put_mask


def test_masks_are_found_named_and_measured(tmp_path: Path) -> None:
    put_mask(tmp_path / "p1" / "labels.nii.gz", blocks((0, 1, 4), (LIVER, SPLEEN)))
    put_mask(tmp_path / "p 2_mask.nrrd", blocks((3,), shift=1))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.nii.gz").write_text("nor this")
    found = look_at_masks(tmp_path, model_info())
    assert [(mask.name, mask.file) for mask in found.masks] == [("p_2", "p 2_mask.nrrd"), ("p1", "p1/labels.nii.gz")]
    assert found.masks[1].slabs == ((0, 2), (4, 1))
    assert found.masks[1].labels == {"spleen": 3 * 16 * 9, "liver": 3 * 16 * 9}
    assert found.unusable == ()


def test_slices_with_nothing_that_the_model_knows_are_not_generated(tmp_path: Path) -> None:
    array = blocks((2, 3))
    array[5] = blocks((5,), (PANCREAS,))[5]
    put_mask(tmp_path / "a.nii.gz", array)
    [mask] = look_at_masks(tmp_path, model_info()).masks
    assert mask.slabs == ((2, 2),)
    assert mask.labels == {"liver": 2 * 16 * 9}


def test_a_dataset_json_beside_names_the_values(tmp_path: Path) -> None:
    put(tmp_path / "raw" / "labelsTr" / "a.nii.gz", (blocks() > 0).astype(np.uint8), GRID)
    (tmp_path / "raw" / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "liver": 1}}))
    folder = tmp_path / "raw" / "labelsTr"
    [mask] = look_at_masks(folder, model_info()).masks
    assert set(mask.labels) == {"liver"}
    assert set(np.unique(read_mask(folder, mask.file)[0].array)) == {0, LIVER}


def _picture(path: Path, mode: str) -> None:
    sizes = {"RGB": np.zeros((9, 9, 3), np.uint8), "I;16": np.zeros((9, 9), np.uint16), "L": np.zeros((9, 9), np.uint8)}
    Image.fromarray(sizes[mode]).save(path)


def _make(folder: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    if kind == "empty.nii.gz":
        put_mask(folder / kind, np.zeros(GRID.shape, np.uint8))
    elif kind == "strange.nii.gz":
        put_mask(folder / kind, blocks(values=(PANCREAS,)))
    elif kind == "small.nii.gz":
        grid = Grid.centred((2, 4, 4), (50.0, 50.0, 5.0))
        put_mask(folder / kind, np.full(grid.shape, LIVER, np.uint8), grid)
    elif kind == "scan.nii.gz":
        write_volume(Volume(rng.normal(0, 300, GRID.shape).astype(np.int16), GRID), folder / kind)
    elif kind == "text.nii.gz":
        (folder / kind).write_text("This is not an image.")
    elif kind == "slice.dcm" or kind == "IM0001":
        (folder / kind).write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 200)
    elif kind == "colours.png":
        _picture(folder / kind, "RGB")
    elif kind == "deep.png":
        _picture(folder / kind, "I;16")
    elif kind == "torn.jpg":
        (folder / kind).write_bytes(b"\xff\xd8\xff\xe0 torn")
    elif kind == "four.nii.gz":
        import SimpleITK

        frames = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(np.ones((4, 9, 9), np.uint8))] * 3)
        SimpleITK.WriteImage(frames, str(folder / kind))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("empty.nii.gz", "empty"),
        ("strange.nii.gz", "knows none of its labels (pancreas)"),
        ("small.nii.gz", "4 x 4"),
        ("scan.nii.gz", "looks like a scan"),
        ("text.nii.gz", "truncated or damaged"),
        ("slice.dcm", "DICOM"),
        ("IM0001", "DICOM"),
        ("colours.png", "colour picture"),
        ("deep.png", "16 bits"),
        ("torn.jpg", "damaged picture"),
        ("four.nii.gz", "3 frames"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_reason(tmp_path: Path, kind: str, why: str) -> None:
    put_mask(tmp_path / "good.nii.gz")
    _make(tmp_path, kind)
    found = look_at_masks(tmp_path, model_info())
    assert [mask.name for mask in found.masks] == ["good"]
    [bad] = found.unusable
    assert bad.file == kind
    assert why in bad.why or (kind == "text.nii.gz" and "NIfTI" in bad.why)
    assert bad.remedy


def test_folders_without_masks_and_masks_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        look_at_masks(tmp_path / "missing", model_info())
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(InputError, match="no mask"):
        look_at_masks(tmp_path, model_info())
    with pytest.raises(InputError, match="is a file"):
        look_at_masks(tmp_path / "readme.txt", model_info())
    put_mask(tmp_path / "a.nii.gz")
    put_mask(tmp_path / "a_mask.nrrd", blocks((1,)))
    with pytest.raises(InputError, match="same name"):
        look_at_masks(tmp_path, model_info())


def test_looking_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    for name in "abc":
        put_mask(tmp_path / f"{name}.nii.gz")
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        look_at_masks(tmp_path, model_info(), lambda done, total, _: told.append((done, total)), lambda: len(told) == 2)
    assert told == [(0, 3), (1, 3)]


def test_what_the_model_has_not_seen_is_said_once_for_all_masks(tmp_path: Path) -> None:
    wide = Grid.centred(GRID.shape, (20.0, 20.0, 5.0))
    for name in "ab":
        put_mask(tmp_path / f"{name}.nii.gz", blocks(values=(LIVER, BODY)), wide)
    notes = look_at_masks(tmp_path, model_info()).notes
    assert sum("Voxel size" in note and "2 masks" in note for note in notes) == 1
