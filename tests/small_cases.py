"""Small scans on disk in the layouts that people have, for tests of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, LabelTable, standard_table
from ctstudio.core.volume import Volume
from ctstudio.io.writing import write_labels, write_volume

SHAPE = (8, 32, 32)
GRID = Grid.centred(SHAPE, (4.0, 4.0, 5.0))
LIVER, SPLEEN, BODY = 5, 1, 118


def ct(seed: int, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.int16]:
    """A noisy body in air, HU; each seed another."""
    noise = np.random.default_rng(seed).normal(0, 15, shape)
    return np.where(_body(shape), 40 + noise, -1000).astype(np.int16)


def labels(values: tuple[int, ...] = (LIVER, SPLEEN, BODY), shape: tuple[int, int, int] = SHAPE) -> NDArray[np.uint8]:
    """Labels in columns over the body; the last value fills the rest."""
    array = np.where(_body(shape), values[-1], 0).astype(np.uint8)
    first, last = shape[2] // 4, 3 * shape[2] // 4
    edges = np.linspace(first, last, len(values) + 1).astype(int)
    for value, left, right in zip(values, edges[:-1], edges[1:], strict=True):
        array[:, shape[1] // 3 : 2 * shape[1] // 3, left:right] = value
    return array


def put_ct(path: Path, seed: int, array: NDArray[Any] | None = None, grid: Grid = GRID) -> Path:
    """Write a CT."""
    voxels = ct(seed, grid.shape) if array is None else array
    return put(path, voxels, grid)


def put(path: Path, array: NDArray[Any], grid: Grid = GRID) -> Path:
    """Write an image as other programs do: without our marks."""
    import SimpleITK

    from ctstudio.io.placing import image_of

    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image_of(array, grid), str(path))
    return path


def put_labels(path: Path, values: tuple[int, ...] = (LIVER, SPLEEN, BODY), grid: Grid = GRID) -> Path:
    """Write labels as other programs do: without names."""
    return put(path, labels(values, grid.shape), grid)


def put_named_labels(path: Path, array: NDArray[np.uint8], table: LabelTable, grid: Grid = GRID) -> Path:
    """Write labels with their names inside."""
    write_labels(LabelMap(array, grid, table or standard_table()), path)
    return path


def put_pet(path: Path, seed: int, grid: Grid = GRID) -> Path:
    """Write a PET in SUV with our marks."""
    suv = np.where(_body(grid.shape), np.random.default_rng(seed).gamma(2, 1, grid.shape), 0).astype(np.float32)
    write_volume(Volume(suv, grid, "PT", "SUV"), path)
    return path


def put_cases(folder: Path, count: int, first: int = 1) -> None:
    """Folders p1, p2, ... with a CT and a label map each."""
    for number in range(first, first + count):
        put_ct(folder / f"p{number}" / "ct.nii.gz", number)
        put_labels(folder / f"p{number}" / "labels.nii.gz")


def put_series(folder: Path, array: NDArray[Any], patient: str = "1234-567", **changes: Any) -> None:
    """Write a DICOM series of 4 mm pixels and 5 mm slices; `changes` are tags by keyword."""
    import pydicom

    uid = pydicom.uid.generate_uid
    series, study = uid(), changes.pop("StudyInstanceUID", uid())
    folder.mkdir(parents=True, exist_ok=True)
    for number, plane in enumerate(array):
        data = pydicom.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = uid()
        data.SeriesInstanceUID, data.StudyInstanceUID, data.Modality = series, study, "CT"
        data.PatientID, data.PatientName, data.ImageType = patient, "Doe^Jane", ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.ImagePositionPatient, data.ImageOrientationPatient = [-62, -62, 5.0 * number], [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = [4, 4], 5
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = *plane.shape, 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
        for keyword, value in changes.items():
            setattr(data, keyword, value)
        data.PixelData = (plane.astype(np.int32) - int(data.RescaleIntercept)).astype("<u2").tobytes()
        data.save_as(folder / f"{series[-6:]}_{number:03d}.dcm", enforce_file_format=True)


def _body(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    _, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    inside: NDArray[np.bool_] = ((x / shape[2] - 0.5) / 0.4) ** 2 + ((y / shape[1] - 0.5) / 0.35) ** 2 < 1
    return inside
