"""Real scans open with the right orientation, spacing and HU. Skipped where they are not at hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, InputError, MaskError, UnreadableFile
from ctstudio.io.reading import looks_like_labels, read_labels, read_volume, read_volume_with_notes

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real scans are not beside the checkout")
ABDOMEN, DICOM, CHEST = "01_totalseg_abdomen_nifti", "02_totalseg_dicom_j2k", "03_cptac_pda_chest"


def test_abdomen_ct_and_its_labels_share_a_grid_with_the_liver_on_the_right() -> None:
    ct = read_volume(DATA / ABDOMEN / "example_ct.nii.gz")
    labels = read_labels(DATA / ABDOMEN / "example_seg_fast_force_split.nii.gz")
    assert ct.grid.orientation == ("L", "P", "S")
    assert ct.grid.spacing_mm == (3.0, 3.0, 3.0)
    assert (ct.array.dtype, ct.unit, ct.modality, ct.synthetic) == (np.int16, "HU", "CT", False)
    assert labels.grid.matches(ct.grid)
    z, y, x = (c.mean() for c in np.nonzero(labels.of("liver")))
    assert x < 0.5 * ct.grid.shape[2]
    assert np.nonzero(labels.of("spleen"))[2].mean() > 0.5 * ct.grid.shape[2]
    assert np.nonzero(labels.of("vertebrae_L1"))[1].mean() > y
    assert z > np.nonzero(labels.of("hip_left", "hip_right", "sacrum"))[0].mean()
    assert 40 < np.median(ct.array[labels.of("liver")]) < 130
    assert -1100 < np.percentile(ct.array, 2) < -950


def test_jpeg_2000_dicom_lies_on_the_grid_of_its_nifti_labels() -> None:
    ct = read_volume(DATA / DICOM / "example_ct_dicom")
    labels = read_labels(DATA / DICOM / "example_seg_dicom.nii.gz")
    assert labels.grid.matches(ct.grid)
    assert ct.grid.orientation == ("L", "P", "S")
    np.testing.assert_allclose(ct.grid.spacing_mm, (0.9765625, 0.9765625, 2.0))
    bones = labels.of("vertebrae_L1", "vertebrae_L2", "vertebrae_L3", "vertebrae_L4", "vertebrae_T12", "vertebrae_L5")
    assert bones.any()
    assert ct.array[bones].mean() > 100
    assert ct.array.min() == -1024


def test_chest_dicom_agrees_with_the_nifti_of_the_same_patient() -> None:
    dicom = read_volume(DATA / CHEST / "dicom_22slices")
    nifti = read_volume(DATA / CHEST / "cptac_pda_C3N-00249_chest_256.nii.gz")
    assert (dicom.grid.shape, nifti.grid.shape) == ((22, 512, 512), (102, 256, 256))
    assert dicom.grid.orientation == nifti.grid.orientation == ("L", "P", "S")
    np.testing.assert_allclose(dicom.grid.spacing_mm, (0.8828125, 0.8828125, 3.0))
    z, y, x = 10, 256, 200
    place = nifti.grid.to_index(dicom.grid.to_world((z, y, x)))
    k, j, i = (int(v) for v in np.rint(place))
    near = nifti.array[k, j - 40 : j + 40, i - 40 : i + 40].astype(float)
    own = dicom.array[z, y - 80 : y + 80, x - 80 : x + 80].reshape(80, 2, 80, 2).mean((1, 3))
    assert np.corrcoef(near.ravel(), own.ravel())[0, 1] > 0.97
    assert abs(np.median(near - own)) < 15
    one = read_volume(DATA / CHEST / "dicom_22slices" / "1-040.dcm")
    np.testing.assert_array_equal(one.array, dicom.array)


def test_pet_ct_and_mr_as_nifti_and_dicom() -> None:
    folder = DATA / "04_sts001_pet_ct_mr"
    ct, pet = (read_volume(folder / "nifti" / f"{name}_image.nii.gz") for name in ("CT", "PET"))
    assert ct.is_hu
    assert pet.array.dtype == np.float32
    assert pet.unit == "arbitrary"
    assert looks_like_labels(folder / "nifti" / "CT_mask.nii.gz")
    assert not looks_like_labels(folder / "nifti" / "MR_T1_image.nii.gz")
    raw_ct, raw_pet = (read_volume(folder / "dicom" / name / "image") for name in ("CT", "PET"))
    assert (raw_pet.modality, raw_pet.unit) == ("PT", "SUV")
    np.testing.assert_array_equal(raw_ct.array, ct.array)
    np.testing.assert_allclose(raw_pet.array, pet.array, atol=2e-3)
    assert raw_ct.grid.matches(ct.grid, 0.05)
    volume, notes = read_volume_with_notes(folder / "dicom")
    assert volume.modality == "CT"
    assert "left out" in notes[0]
    with pytest.raises(UnreadableFile, match="RTSTRUCT"):
        read_volume(folder / "dicom" / "CT" / "mask" / "RS.dcm")


def test_every_transfer_syntax_gives_the_same_slice() -> None:
    folder = DATA / "05_ct_transfer_syntaxes"
    plain = read_volume(folder / "CTImage.dcm")
    files = sorted(folder.glob("CTImage.dcm_*"))
    assert len(files) == 15
    for file in files:
        again = read_volume(file)
        assert again.grid == plain.grid
        lossy = any(
            name in file.name for name in ("Lossy", "Process1_", "Process1T", "Process2", "Process6", "Process10")
        )
        lossy = lossy or "JPEG2000Transfer" in file.name
        off = np.abs(again.array.astype(float) - plain.array)
        assert off.mean() < (40 if "Process1T" in file.name else 5) if lossy else off.max() == 0
    with pytest.raises(GeometryError, match="one already"):
        read_volume(folder)


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("gantrytilting", r"14\.0 degrees"),
        ("sliceincrement", "1 slice is missing"),
        ("sliceorientation", "mixes orient"),
    ],
)
def test_bad_geometry_says_what_and_what_to_do(folder: str, why: str) -> None:
    with pytest.raises(GeometryError, match=why) as caught:
        read_volume(DATA / "06_bad_geometry" / folder)
    assert caught.value.remedy


def test_odd_files_open_or_are_refused() -> None:
    opened = set()
    for file in sorted((DATA / "07_corrupt_and_odd").iterdir()):
        with suppress(InputError):
            opened.add((file.name, read_volume(file).unit))
    assert opened == {
        ("CT_small.dcm", "HU"),
        ("MR_small.dcm", "arbitrary"),
        ("MR_small_jpeg_ls_lossless.dcm", "arbitrary"),
    }


def test_mhd_with_a_pattern_of_raw_files_and_shifted_hu() -> None:
    volume = read_volume(DATA / "09_lowdose_phantom" / "dose_010" / "signal_present" / "signal_present.mhd")
    assert volume.grid.shape == (10, 256, 256)
    assert volume.unit == "arbitrary"


def test_nrrd_chest_and_its_regions() -> None:
    ct = read_volume(DATA / "10_cip_chest_nrrd" / "ct-64.nrrd")
    assert ct.is_hu
    assert ct.grid.orientation == ("L", "P", "S")
    np.testing.assert_allclose(ct.grid.spacing_mm, (4.171872, 4.171872, 3.98734), atol=1e-4)
    with pytest.raises(MaskError, match="above 255"):
        read_labels(DATA / "10_cip_chest_nrrd" / "lm-64.nrrd")


def test_head_template_is_turned_and_not_called_hu() -> None:
    head = read_volume(DATA / "11_head" / "scct.nii")
    assert head.grid.orientation == ("L", "P", "S")
    assert (head.unit, head.array.dtype) == ("arbitrary", np.float32)
