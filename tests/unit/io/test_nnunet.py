"""nnU-Net's raw layout: what its own check of a data set looks at holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.io.nnunet import consecutive, cropped, folds_of, write_case, write_index, write_splits
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.io.samples import read_provenance
from small_masks import GRID, LIVER, SPLEEN, blocks

TURNED = Grid(GRID.shape, (2.0, 3.0, 5.0), (10.0, -20.0, 30.0), ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))


def test_a_case_is_what_was_generated_and_lies_where_it_lay() -> None:
    array = np.full(GRID.shape, -1024, np.int16)
    array[2:4, 5:30, 7:40] = np.arange(2 * 25 * 33).reshape(2, 25, 33)
    array[6, 0, 0] = 50  # of another part
    labels = LabelMap(blocks((2, 3)), TURNED, standard_table())
    image, its_labels = cropped(Volume(array, TURNED, synthetic=True), labels, (2, 2), -1024)
    np.testing.assert_array_equal(image.array, array[2:4, 5:30, 7:40])
    np.testing.assert_array_equal(its_labels.array, labels.array[2:4, 5:30, 7:40])
    assert image.grid == its_labels.grid
    corners = [(0, 0, 0), (1, 24, 32)]
    np.testing.assert_allclose(image.grid.to_world(corners), TURNED.to_world([(2, 5, 7), (3, 29, 39)]), atol=1e-9)


def test_labels_get_consecutive_values_in_the_order_asked() -> None:
    labels = LabelMap(blocks((1,), (SPLEEN, LIVER)), GRID, standard_table())
    made = consecutive(labels, ("liver", "spleen"))
    assert (made.array[labels.array == LIVER] == 1).all()
    assert (made.array[labels.array == SPLEEN] == 2).all()
    assert made.synthetic
    joined = consecutive(labels, ("liver",), {"spleen": "liver"})
    assert np.array_equal(joined.array > 0, labels.array > 0)
    assert joined.array.max() == 1
    alone = consecutive(labels, ("liver",))
    assert not alone.array[labels.array == SPLEEN].any()


def test_files_and_index_are_as_nnunet_wants_them(tmp_path: Path) -> None:
    import nibabel

    rng = np.random.default_rng(0)
    image = Volume(rng.normal(40, 30, GRID.shape).round().astype(np.int16), TURNED, synthetic=True)
    labels = consecutive(LabelMap(blocks((1,), (SPLEEN, LIVER)), TURNED, standard_table()), ("liver", "spleen"))
    made = Provenance("na_diff", "generate", {"dose": 0.1}, 3, "demo")
    files = write_case(tmp_path, "a_dose0p1", image, labels, made)
    write_index(tmp_path, ("liver", "spleen"), 1, {"description": "x"})
    assert files == ("imagesTr/a_dose0p1_0000.nii.gz", "labelsTr/a_dose0p1.nii.gz")
    index = json.loads((tmp_path / "dataset.json").read_text())
    assert index["labels"] == {"background": 0, "liver": 1, "spleen": 2}
    assert index["channel_names"] == {"0": "CT"}
    assert (index["numTraining"], index["file_ending"]) == (1, ".nii.gz")
    pictures, segments = (nibabel.load(tmp_path / file) for file in files)
    assert pictures.shape == segments.shape
    np.testing.assert_allclose(pictures.affine, segments.affine)
    assert pictures.get_data_dtype() == np.int16
    assert set(np.unique(np.asarray(segments.dataobj))) == {0, 1, 2}
    for file in files:
        assert b"SYNTHETIC" in bytes(nibabel.load(tmp_path / file).header["descrip"])
        assert read_provenance(tmp_path / file).seed == 3
    assert read_volume(tmp_path / files[0]).synthetic
    assert {label.name for label in read_labels(tmp_path / files[1]).table if label.value in (1, 2)} == {
        "liver",
        "spleen",
    }


@given(st.lists(st.integers(1, 6), min_size=2, max_size=12))
def test_no_group_lies_on_both_sides_of_a_fold(sizes: list[int]) -> None:
    groups = {f"g{group}_{case}": f"g{group}" for group, size in enumerate(sizes) for case in range(size)}
    folds = folds_of(groups)
    assert len(folds) == min(5, len(sizes))
    assert sorted(case for fold in folds for case in fold["val"]) == sorted(groups)
    for fold in folds:
        assert fold["train"]
        assert fold["val"]
        assert not {groups[case] for case in fold["train"]} & {groups[case] for case in fold["val"]}
        assert sorted([*fold["train"], *fold["val"]]) == sorted(groups)


@pytest.mark.parametrize("groups", [{}, {"a1": "a", "a2": "a"}])
def test_a_single_group_has_no_split(tmp_path: Path, groups: dict[str, str]) -> None:
    assert write_splits(tmp_path, groups) == 0
    assert list(tmp_path.iterdir()) == []
