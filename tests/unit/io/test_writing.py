"""Scans and labels written to every format come back the same, in the same place, with the same marks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io.reading import looks_like_labels, read_labels, read_volume
from ctstudio.io.samples import read_provenance
from ctstudio.io.writing import WRITABLE, write_labels, write_volume

SHAPE = (5, 6, 7)


def rotation(degrees: float, axis: int) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = np.eye(3)
    a, b = [k for k in range(3) if k != axis]
    turned[a, a], turned[a, b], turned[b, a], turned[b, b] = c, -s, s, c
    return turned


def grid(direction: np.ndarray | None = None) -> Grid:
    matrix = np.eye(3) if direction is None else direction
    return Grid(SHAPE, (0.7, 0.8, 2.5), (-13.5, 40.25, -901.0), tuple(tuple(map(float, row)) for row in matrix))


def asymmetric(placed: Grid, dtype: str = "int16") -> Volume:
    array = np.full(placed.shape, -1000, dtype)
    array[3:, 1:3, 4:] = 60
    array[0, 0, 0], array[4, 5, 6], array[0, 5, 6] = -512, 1234, 77
    return Volume(array, placed)


def provenance(parameters: dict[str, object] | None = None) -> Provenance:
    words = {"dose": 0.25, "words": 'a "quoted" \\ line\nand  two  spaces ü'}
    started = "2026-01-01T00:00:00Z"
    return Provenance("na_diff", "generate", parameters or words, 7, "demo", started=started, seconds=3.5)


OBLIQUE = rotation(17, 0) @ rotation(-9, 1) @ rotation(23, 2)


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "int32"])
def test_every_format_returns_voxels_and_place(tmp_path: Path, suffix: str, dtype: str) -> None:
    for direction in (np.eye(3), OBLIQUE):
        volume = asymmetric(grid(direction), dtype)
        write_volume(volume, tmp_path / f"scan{suffix}")
        again = read_volume(tmp_path / f"scan{suffix}")
        assert again.array.dtype == np.int16
        np.testing.assert_array_equal(again.array, volume.array)
        assert again.grid.matches(volume.grid, 1e-3)
        np.testing.assert_allclose(again.grid.spacing_mm, volume.grid.spacing_mm, atol=1e-5)
        assert (again.modality, again.unit, again.synthetic, again.name) == ("CT", "HU", False, "scan")


@pytest.mark.parametrize("suffix", WRITABLE)
def test_any_orientation_comes_back_as_lps_with_each_voxel_in_its_place(tmp_path: Path, suffix: str) -> None:
    swapped = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    for direction in (np.diag([-1.0, -1.0, 1.0]), np.diag([1.0, 1.0, -1.0]), swapped, swapped @ OBLIQUE):
        volume = asymmetric(grid(direction))
        write_volume(volume, tmp_path / f"scan{suffix}")
        again = read_volume(tmp_path / f"scan{suffix}")
        assert again.grid.orientation == ("L", "P", "S")
        for value in (-512, 1234, 77):
            before = volume.grid.to_world(np.argwhere(volume.array == value)[0])
            after = again.grid.to_world(np.argwhere(again.array == value)[0])
            np.testing.assert_allclose(after, before, atol=1e-3)


def test_nifti_agrees_with_an_independent_reader(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    for direction in (np.eye(3), OBLIQUE, OBLIQUE @ np.diag([1.0, 1.0, -1.0])):
        volume = asymmetric(grid(direction))
        write_volume(volume, tmp_path / "scan.nii.gz")
        image = nibabel.load(tmp_path / "scan.nii.gz")
        np.testing.assert_array_equal(np.asarray(image.dataobj).T, volume.array)
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.grid.affine
        np.testing.assert_allclose(image.affine, affine, atol=1e-3)
        np.testing.assert_allclose(image.get_qform(), affine, atol=1e-3)
        assert image.header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize("suffix", WRITABLE)
def test_two_writes_give_the_same_bytes_whenever_and_however_named(tmp_path: Path, suffix: str) -> None:
    volume = asymmetric(grid(OBLIQUE))
    write_volume(volume, tmp_path / f"one{suffix}", provenance())
    time.sleep(1.1)
    write_volume(volume, tmp_path / f"two{suffix}", provenance())
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", WRITABLE)
def test_synthetic_mark_unit_and_provenance_live_inside_the_file(tmp_path: Path, suffix: str) -> None:
    noise = Volume(np.full(SHAPE, 12.5, np.float32), grid(), "CT", "HU_SD", synthetic=True)
    long = provenance({"words": "blank  spaces and \\ 'quotes' \" " * 400})
    for record in (None, provenance(), long):
        write_volume(noise, tmp_path / f"noise{suffix}", record)
        again = read_volume(tmp_path / f"noise{suffix}")
        assert again.synthetic
        assert (again.unit, again.array.dtype) == ("HU_SD", np.float32)
        if record is not None:
            found = read_provenance(tmp_path / f"noise{suffix}")
            assert found.parameters == record.parameters
            assert (found.started, found.seconds) == ("", 0.0)


def test_synthetic_mark_survives_a_tool_that_drops_the_extension(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    write_volume(Volume(asymmetric(grid()).array, grid(), synthetic=True), tmp_path / "a.nii.gz")
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert bytes(image.header["descrip"]).startswith(b"SYNTHETIC (AI) CT Studio")
    image.header.extensions.clear()
    nibabel.save(image, tmp_path / "b.nii.gz")
    assert read_volume(tmp_path / "b.nii.gz").synthetic


@pytest.mark.parametrize("suffix", WRITABLE)
def test_nan_voxels_are_kept(tmp_path: Path, suffix: str) -> None:
    array = asymmetric(grid(), "float32").array
    array[1, 2, 3] = np.nan
    write_volume(Volume(array, grid()), tmp_path / f"scan{suffix}")
    again = read_volume(tmp_path / f"scan{suffix}")
    np.testing.assert_array_equal(again.array, array)
    assert not again.finite()


@pytest.mark.parametrize("suffix", WRITABLE)
def test_labels_come_back_with_names_and_mark(tmp_path: Path, suffix: str) -> None:
    array = np.zeros(SHAPE, np.uint8)
    array[1:3, 2:, :4] = 5
    array[4] = 130
    labels = LabelMap(array, grid(OBLIQUE), standard_table(), synthetic=True)
    write_labels(labels, tmp_path / f"mask{suffix}", provenance())
    again = read_labels(tmp_path / f"mask{suffix}")
    np.testing.assert_array_equal(again.array, array)
    assert again.array.dtype == np.uint8
    assert again.grid.matches(labels.grid, 1e-3)
    assert again.synthetic
    assert again.table == standard_table()
    assert looks_like_labels(tmp_path / f"mask{suffix}")


def test_other_suffix_is_refused_with_the_ones_that_work(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"\.nii\.gz"):
        write_volume(asymmetric(grid()), tmp_path / "scan.jpg")
    assert list(tmp_path.iterdir()) == []
