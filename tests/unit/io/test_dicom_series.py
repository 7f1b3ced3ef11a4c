"""DICOM series of every shape: the regular ones open, the others say why they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, InputError, UnreadableFile
from ctstudio.io.reading import read_labels, read_volume, read_volume_with_notes

pydicom = pytest.importorskip("pydicom")
UID = pydicom.uid.generate_uid


def put(folder: Path, number: int, z_mm: float, series: str, **changes: Any) -> Path:
    """A 6 x 8 CT slice whose pixel (row, column) of slice n is 100 n + 10 row + column, less 1024."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID()
    data.SeriesInstanceUID, data.SeriesDescription, data.Modality = series, "thorax", "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.ImagePositionPatient, data.ImageOrientationPatient = [-5, 7, z_mm], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing, data.SliceThickness = [0.5, 0.75], 4
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 6, 8, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    pixels = 100 * number + 10 * np.arange(6)[:, None] + np.arange(8)
    for keyword, value in changes.items():
        setattr(data, keyword, value)
    data.PixelData = np.resize(pixels, (data.Rows, data.Columns)).astype("<u2").tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{9 - number}_{UID()[-6:]}.dcm"
    data.save_as(path, enforce_file_format=True)
    return path


def series(folder: Path, places: list[float], uid: str = "", **changes: Any) -> list[Path]:
    uid = uid or UID()
    return [put(folder, n, z, uid, **changes) for n, z in enumerate(places)]


def test_slices_are_sorted_by_position_and_rescaled(tmp_path: Path) -> None:
    files = series(tmp_path, [20.0, 10.0, 15.0])
    for given in (tmp_path, files[1]):
        volume, notes = read_volume_with_notes(given)
        assert volume.array.dtype == np.int16
        assert volume.array[:, 0, 0].tolist() == [100 - 1024, 200 - 1024, -1024]
        assert volume.array[1, 3, 5] == 235 - 1024
        assert volume.grid.spacing_mm == (0.75, 0.5, 5.0)
        assert volume.grid.origin_mm == (-5, 7, 10)
        assert (volume.modality, volume.unit, volume.name, notes) == ("CT", "HU", "thorax", ())


def test_a_sagittal_series_is_turned_to_lps(tmp_path: Path) -> None:
    uid = UID()
    for n, x in enumerate([1.0, 3.0, 5.0]):
        put(tmp_path, n, 0, uid, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[x, 7, 50])
    volume = read_volume(tmp_path)
    assert volume.grid.orientation == ("L", "P", "S")
    assert volume.grid.shape == (6, 8, 3)
    place = volume.grid.to_index((3.0, 7 + 5 * 0.75, 50 - 2 * 0.5))
    assert volume.array[tuple(np.rint(place).astype(int))] == 100 + 20 + 5 - 1024


def test_the_largest_series_wins_and_the_others_are_named(tmp_path: Path) -> None:
    series(tmp_path, [0, 1, 2, 3])
    other = series(tmp_path, [0, 1], SeriesDescription="late phase")
    volume, notes = read_volume_with_notes(tmp_path)
    assert volume.grid.shape[0] == 4
    assert "late phase" in notes[0]
    assert read_volume(other[0]).grid.shape[0] == 2


@pytest.mark.parametrize(
    ("places", "changes", "why"),
    [
        ([0, 2, 4, 8, 10], {}, "1 slice is missing"),
        ([0, 2, 4, 7.1, 9.1], {}, "not evenly spaced"),
        ([0, 2, 6], {}, "1 slice is missing"),
        ([0, 2, 2, 4], {}, "at a place where there is one already"),
        ([0, 2, 4], {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ([0, 2], {"ImagePositionPatient": None}, "have no position"),
        ([0, 2], {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "perpendicular"),
        ([0, 2], {"PixelSpacing": [0, 0]}, "spacing"),
    ],
)
def test_a_series_that_is_no_volume_says_why(tmp_path: Path, places: list[float], changes: Any, why: str) -> None:
    series(tmp_path, places, **changes)
    with pytest.raises(GeometryError, match=why) as caught:
        read_volume(tmp_path)
    assert caught.value.remedy


def test_gantry_tilt_mixed_orientation_and_mixed_size_say_so(tmp_path: Path) -> None:
    uid = UID()
    tilted = [0, 1, 0, 0, 0, 0]
    for n in range(4):
        tilted = [1, 0, 0, 0, float(np.cos(0.3)), float(-np.sin(0.3))]
        put(tmp_path / "tilt", n, 5.0 * n, uid, ImageOrientationPatient=tilted)
    with pytest.raises(GeometryError, match=r"tilted gantry.*17\.2 degrees"):
        read_volume(tmp_path / "tilt")
    uid = UID()
    for n in range(4):
        turned = {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]} if n > 1 else {}
        put(tmp_path / "mixed", n, 5.0 * n, uid, **turned)
    with pytest.raises(GeometryError, match="mixes orientations"):
        read_volume(tmp_path / "mixed")
    uid = UID()
    for n in range(4):
        put(tmp_path / "size", n, 5.0 * n, uid, Rows=6 + n // 3)
    with pytest.raises(GeometryError, match="different size"):
        read_volume(tmp_path / "size")


def test_copies_and_localizers_beside_the_slices_are_left_out_and_said(tmp_path: Path) -> None:
    uid = UID()
    files = series(tmp_path, [0, 2, 4], uid)
    (tmp_path / "copy.dcm").write_bytes(files[0].read_bytes())
    put(tmp_path, 3, 99, uid, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    volume, notes = read_volume_with_notes(tmp_path)
    assert volume.grid.shape[0] == 3
    assert any("copies" in note for note in notes)
    assert any("localizer" in note for note in notes)


def test_one_file_among_others_at_its_place_is_opened_alone(tmp_path: Path) -> None:
    files = series(tmp_path, [3, 3, 3])
    volume, notes = read_volume_with_notes(files[1])
    assert volume.array[0, 0, 0] == 100 - 1024
    assert volume.grid.spacing_mm[2] == 4
    assert "alone" in notes[0]


def test_each_slice_keeps_its_own_rescale_slope(tmp_path: Path) -> None:
    uid = UID()
    for n, slope in enumerate(["1", "0.5", "0.0125"]):
        put(tmp_path, n, float(n), uid, RescaleSlope=slope, RescaleIntercept="0", Modality="PT", Units="GML")
    volume = read_volume(tmp_path)
    assert (volume.modality, volume.unit) == ("PT", "SUV")
    np.testing.assert_allclose(volume.array[:, 1, 1], [11, 111 * 0.5, 211 * 0.0125], rtol=1e-6)


def test_synthetic_dicom_is_marked(tmp_path: Path) -> None:
    for folder, mark in (("yes", "YES"), ("no", "NO")):
        files = series(tmp_path / folder, [0, 1])
        for file in files:
            data = pydicom.dcmread(file)
            data.add_new((0x0008, 0x001C), "CS", mark)
            data.save_as(file)
        assert read_volume(tmp_path / folder).synthetic == (mark == "YES")


def test_what_holds_no_scan_is_refused(tmp_path: Path) -> None:
    file = series(tmp_path, [0.0], Modality="SEG")[0]
    with pytest.raises(UnreadableFile, match="SEG"):
        read_volume(file)
    with pytest.raises(UnreadableFile, match="only SEG"):
        read_volume(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match="no DICOM images"):
        read_volume(tmp_path / "empty")
    with pytest.raises(UnreadableFile, match="DICOM"):
        read_labels(file)
    frames = series(tmp_path / "frames", [0.0], NumberOfFrames=3)[0]
    with pytest.raises(UnreadableFile, match="multi-frame"):
        read_volume(frames)


def test_a_truncated_slice_is_an_error_not_a_black_slice(tmp_path: Path) -> None:
    files = series(tmp_path, [0, 1, 2])
    files[1].write_bytes(files[1].read_bytes()[:-40])
    with pytest.raises(UnreadableFile, match="truncated"):
        read_volume(tmp_path)


def test_a_damaged_header_beside_the_series_is_said(tmp_path: Path) -> None:
    series(tmp_path, [0, 1, 2])
    (tmp_path / "zz.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x07" * 50)
    try:
        volume, notes = read_volume_with_notes(tmp_path)
    except InputError as error:
        pytest.fail(str(error))
    assert volume.grid.shape[0] == 3
    assert isinstance(notes, tuple)
