"""Saving writes and remembers; a refused save loses nothing."""

import numpy as np
import pytest

from ctstudio.core.errors import MaskError, StorageError
from ctstudio.io.reading import read_labels
from ctstudio.session.document import Document
from ctstudio.session.saving import save_mask, save_sample


@pytest.fixture
def case(scan):
    return Document().open_volume(scan)


def test_a_saved_mask_reads_back_the_same(case, tmp_path):
    case.mask.stamp((6, 20, 20), 0)
    path = save_mask(case, tmp_path / "mask.nii.gz")
    labels = read_labels(path)
    assert np.array_equal(labels.array, case.mask.array)
    assert labels.grid.matches(case.mask.grid)
    assert not case.mask.modified
    assert case.mask_path == path


def test_an_empty_mask_is_not_saved(case, tmp_path):
    with pytest.raises(MaskError):
        save_mask(case, tmp_path / "mask.nii.gz")
    assert not (tmp_path / "mask.nii.gz").exists()


def test_a_place_that_cannot_be_written_loses_nothing(case, make_result, tmp_path):
    (tmp_path / "file").write_text("")
    case.mask.stamp((6, 20, 20), 0)
    (view,) = case.results.add(make_result())
    with pytest.raises(StorageError):
        save_mask(case, tmp_path / "file" / "mask.nii.gz")
    with pytest.raises(StorageError):
        save_sample(case, view, tmp_path / "file" / "0001")
    assert case.mask.modified
    assert not case.mask.empty
    assert view.saved_path is None


def test_saving_a_sample_sends_no_signal_because_it_may_run_beside_the_window(case, make_result, tmp_path, listen):
    (view,) = case.results.add(make_result())
    told = listen(case.results.changed)
    folder = save_sample(case, view, tmp_path)
    assert told.heard == []
    case.results.mark_saved(view, folder)
    assert told.heard == [view]


def test_a_saved_sample_has_its_image_and_provenance(case, make_result, tmp_path):
    (view,) = case.results.add(make_result())
    folder = save_sample(case, view, tmp_path / "samples")
    assert folder == tmp_path / "samples" / "0001"
    assert (folder / "ct.nii.gz").is_file()
    assert (folder / "provenance.json").is_file()
    assert view.saved_path == folder
