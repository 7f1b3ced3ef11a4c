"""What is read, what is guessed, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, MaskError, UnreadableFile
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelTable
from ctstudio.core.volume import Volume
from ctstudio.io.reading import looks_like_labels, read_labels, read_volume, read_volume_with_notes

sitk = pytest.importorskip("SimpleITK")


def saved(array: np.ndarray, path: Path, metadata: dict[str, str] | None = None) -> Path:
    image = sitk.GetImageFromArray(array)
    for key, value in (metadata or {}).items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))
    return path


def scan(seed: int = 0) -> np.ndarray:
    array = np.random.default_rng(seed).normal(40, 20, (6, 20, 20)).astype(np.int16)
    array[:, :, :6] = -1000
    return array


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.hdr", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"])
def test_a_ct_of_any_format_is_recognised_as_hu(tmp_path: Path, name: str) -> None:
    volume = read_volume(saved(scan(), tmp_path / name))
    assert (volume.modality, volume.unit, volume.synthetic) == ("CT", "HU", False)
    assert volume.name == "a"
    np.testing.assert_array_equal(volume.array, scan())


@pytest.mark.parametrize("shift", [1000, 1024, 2000])
def test_values_that_are_not_hu_stay_arbitrary(tmp_path: Path, shift: int) -> None:
    volume = read_volume(saved((scan() + shift).astype(np.int16), tmp_path / "a.nrrd"))
    assert (volume.modality, volume.unit) == ("OT", "arbitrary")


def test_float_that_is_whole_becomes_int16_and_other_float_stays_float32(tmp_path: Path) -> None:
    whole, parts = scan().astype(np.float64), scan() + 0.25
    assert read_volume(saved(whole, tmp_path / "a.nii")).array.dtype == np.int16
    again = read_volume(saved(parts, tmp_path / "b.nii")).array
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again, parts.astype(np.float32))
    assert read_volume(saved(np.full((4, 4, 4), 40000, np.uint16), tmp_path / "c.nrrd")).array.max() == 40000


def test_one_frame_in_four_dimensions_opens_and_more_are_refused(tmp_path: Path) -> None:
    one = sitk.JoinSeries([sitk.GetImageFromArray(scan())])
    sitk.WriteImage(one, str(tmp_path / "one.nii.gz"))
    np.testing.assert_array_equal(read_volume(tmp_path / "one.nii.gz").array, scan())
    sitk.WriteImage(
        sitk.JoinSeries([sitk.GetImageFromArray(scan(k)) for k in range(3)]), str(tmp_path / "three.nii.gz")
    )
    with pytest.raises(GeometryError, match="3 frames"):
        read_volume(tmp_path / "three.nii.gz")


def test_a_picture_becomes_one_slice_and_colours_are_refused(tmp_path: Path) -> None:
    assert read_volume(saved(scan()[0], tmp_path / "flat.mha")).array.shape == (1, 20, 20)
    colours = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True)
    sitk.WriteImage(colours, str(tmp_path / "rgb.mha"))
    with pytest.raises(UnreadableFile, match="3 values in each voxel"):
        read_volume(tmp_path / "rgb.mha")


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 1, 1), (1, 1, 1)])
def test_too_few_voxels_are_refused(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    with pytest.raises(GeometryError, match="no plane"):
        read_volume(saved(np.zeros(shape, np.int16), tmp_path / "a.nii.gz"))


def test_a_constant_image_opens(tmp_path: Path) -> None:
    assert read_volume(saved(np.zeros((4, 4, 4), np.int16), tmp_path / "a.nii.gz")).array.max() == 0


def test_a_file_without_orientation_is_opened_and_said(tmp_path: Path) -> None:
    path = saved(scan(), tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    raw[252:256] = b"\0\0\0\0"
    path.write_bytes(raw)
    assert "left may be right" in read_volume_with_notes(path)[1][0]


def test_whole_floats_are_labels(tmp_path: Path) -> None:
    array = np.zeros((4, 5, 6))
    array[1:3, 1:4, 2:5] = 5
    labels = read_labels(saved(array, tmp_path / "a.nii.gz"))
    assert labels.present() == (5,)
    assert labels.of("liver").sum() == 18


@pytest.mark.parametrize(
    ("change", "reason"),
    [(-1, "negative"), (0.5, "whole numbers"), (300, "above 255"), (np.nan, "NaN")],
)
def test_a_scan_is_not_taken_for_labels(tmp_path: Path, change: float, reason: str) -> None:
    array = np.zeros((4, 5, 6))
    array[2, 2, 2] = change
    path = saved(array, tmp_path / "a.nii.gz")
    with pytest.raises(MaskError, match=reason):
        read_labels(path)
    assert not looks_like_labels(path)


def test_an_8_bit_scan_is_not_taken_for_labels(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (5, 30, 30)).astype(np.uint8)
    with pytest.raises(MaskError, match="change from voxel to voxel"):
        read_labels(saved(grey, tmp_path / "a.nrrd"))
    many = np.kron(np.arange(1, 118).reshape(9, 13), np.ones((4, 4)))[None].repeat(3, 0).astype(np.uint8)
    assert len(read_labels(saved(many, tmp_path / "b.nrrd")).present()) == 117


def test_a_volume_in_memory_is_told_from_labels() -> None:
    grid = Grid((4, 5, 6))
    assert looks_like_labels(Volume(np.ones(grid.shape, np.int16), grid, "OT", "arbitrary"))
    assert not looks_like_labels(Volume(np.ones(grid.shape, np.int16), grid, "CT", "HU"))


def test_segment_names_of_a_nrrd_win_over_the_standard_ones(tmp_path: Path) -> None:
    array = np.zeros((4, 5, 6), np.uint8)
    array[1] = 1
    names = {"Segment0_Name": "liver", "Segment0_LabelValue": "1", "Segment0_Color": "1 0.5 0"}
    labels = read_labels(saved(array, tmp_path / "a.seg.nrrd", names))
    assert labels.table.by_name("liver") == Label(1, "liver", (255, 128, 0))
    assert labels.of("liver").sum() == 30
    assert [label.name for label in labels.table].count("liver") == 1
    own = LabelTable((Label(1, "mine", (1, 2, 3)),))
    assert read_labels(tmp_path / "a.seg.nrrd", own).table is own
