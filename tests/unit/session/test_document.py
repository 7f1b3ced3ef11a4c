"""Cases open and close; masks from files land on the scan by physical space, or say why not."""

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, MaskError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import Label, LabelMap, LabelTable
from ctstudio.core.volume import Volume
from ctstudio.session.document import Document

LIVER = 5


@pytest.fixture
def document():
    return Document()


def test_opening_and_closing_tell_and_choose(document, scan, listen):
    added, removed, active = listen(document.case_added), listen(document.case_removed), listen(document.active_changed)
    first, second = document.open_volume(scan), document.open_volume(scan)
    assert added.heard == [first, second]
    assert document.active is second
    document.remove(second)
    assert removed.heard == [second]
    assert document.active is first
    document.remove(first)
    assert active.heard == [first, second, first, None]
    assert document.cases == ()


def test_a_case_starts_with_an_empty_mask_on_the_scans_grid(document, scan, tmp_path):
    case = document.open_volume(scan, tmp_path / "scan.nii.gz")
    assert case.name == "patient"
    assert case.mask.empty
    assert case.mask.grid is scan.grid
    assert not case.mask.modified


def test_a_mask_on_the_same_grid_is_taken_as_it_is(document, scan, make_labels):
    case = document.open_volume(scan)
    labels = make_labels(scan.grid)
    document.import_mask(labels)
    assert np.array_equal(case.mask.array, labels.array)
    assert document.notices.items == ()
    assert case.mask.history.undo_names == ("Import mask",)
    case.mask.undo()
    assert case.mask.empty


def test_a_mask_on_another_grid_is_resampled_by_physical_space_and_it_is_said(document, make_labels):
    fine = Grid((20, 60, 60), (1.5, 1.5, 1.5), (-40.0, 10.0, 5.0))
    coarse = Grid((10, 30, 30), (3.0, 3.0, 3.0), (-39.25, 10.75, 5.75))
    case = document.open_volume(Volume(np.zeros(fine.shape, np.int16), fine))
    document.import_mask(make_labels(coarse, box=(slice(2, 5), slice(4, 10), slice(6, 12))))
    expected = np.zeros(fine.shape, np.uint8)
    expected[4:10, 8:20, 12:24] = LIVER
    assert np.array_equal(case.mask.array, expected)
    assert document.notices.latest.text == "Mask resampled from 3.0 mm to 1.5 mm."


def test_flipped_axes_land_on_the_same_anatomy(document, scan, make_labels):
    grid = scan.grid
    labels = make_labels(grid)
    last = grid.to_world((0, grid.shape[1] - 1, grid.shape[2] - 1))
    flipped = Grid(grid.shape, grid.spacing_mm, tuple(last), ((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
    case = document.open_volume(scan)
    document.import_mask(LabelMap(labels.array[:, ::-1, ::-1].copy(), flipped, labels.table))
    assert np.array_equal(case.mask.array, labels.array)
    assert "same spacing (0.8 × 1.2 × 5.0 mm)" in document.notices.latest.text


def test_an_empty_mask_and_one_elsewhere_are_refused_and_nothing_changes(document, scan, make_labels):
    case = document.open_volume(scan)
    document.import_mask(make_labels(scan.grid))
    before = case.mask.array.copy()
    with pytest.raises(MaskError):
        document.import_mask(make_labels(scan.grid, value=0))
    away = Grid(scan.grid.shape, scan.grid.spacing_mm, (5000.0, 0.0, 0.0))
    with pytest.raises(GeometryError):
        document.import_mask(make_labels(away))
    beside = Grid((12, 40, 80), scan.grid.spacing_mm, scan.grid.origin_mm)
    with pytest.raises(GeometryError):
        document.import_mask(make_labels(beside, box=(slice(2, 4), slice(2, 9), slice(60, 70))))
    assert np.array_equal(case.mask.array, before)
    assert case.mask.history.undo_names == ("Import mask",)


def test_what_falls_outside_the_scan_is_told(document, scan, make_labels):
    document.open_volume(scan)
    wide = Grid((12, 40, 80), scan.grid.spacing_mm, scan.grid.origin_mm)
    document.import_mask(make_labels(wide, box=(slice(2, 4), slice(2, 9), slice(40, 60))))
    assert "50% of the mask lies outside the scan" in document.notices.latest.text
    assert document.notices.latest.level == "warning"


def test_labels_are_matched_by_name_and_new_names_are_added(document, scan):
    array = np.zeros(scan.grid.shape, np.uint8)
    array[3, 4:8, 4:8], array[3, 12:16, 4:8] = 1, 2
    table = LabelTable((Label(1, "liver", (1, 2, 3)), Label(2, "stent", (9, 9, 9))))
    case = document.open_volume(scan)
    document.import_mask(LabelMap(array, scan.grid, table))
    assert case.mask.counts[LIVER] == 16
    assert case.mask.table.by_name("stent").colour == (9, 9, 9)
    assert case.mask.counts[case.mask.table.by_name("stent").value] == 16


def test_a_mask_can_be_taken_as_one_label(document, scan, make_labels):
    case = document.open_volume(scan)
    document.import_mask(make_labels(scan.grid, value=1), as_label=LIVER)
    assert case.mask.present() == (LIVER,)
    assert case.mask.active == LIVER


def test_a_mask_alone_opens_as_a_case_of_air(document, grid, make_labels, tmp_path):
    case = document.import_mask(make_labels(grid), tmp_path / "liver.nii.gz")
    assert not case.has_scan
    assert case.volume.name == "no scan"
    assert (case.volume.array == -1000).all()
    assert case.mask.present() == (LIVER,)
    assert document.active is case


def test_an_empty_mask_alone_opens_nothing(document, grid, make_labels):
    with pytest.raises(MaskError):
        document.import_mask(make_labels(grid, value=0))
    assert document.cases == ()


def test_synthetic_scans_and_masks_make_synthetic_masks(document, scan, grid, make_labels):
    made = document.open_volume(Volume(scan.array, grid, synthetic=True))
    assert made.mask.snapshot().synthetic
    real = document.open_volume(scan)
    assert not real.mask.snapshot().synthetic
    document.import_mask(make_labels(grid, synthetic=True))
    assert real.mask.snapshot().synthetic
