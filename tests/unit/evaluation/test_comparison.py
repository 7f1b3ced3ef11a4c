"""Two collections compared: every group of metrics, what is missing, and what cannot be compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import InputError, IntensityError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.core.working_grid import FieldOfView
from ctstudio.evaluation.cases import EvaluatedCase, case_slices, on_model_grid, prepared_cases, slices_for_testing
from ctstudio.evaluation.comparison import Side, compared, pictures_side, side_of
from ctstudio.evaluation.distributions import distribution_figures
from ctstudio.evaluation.images import EvaluatedSlice, check_collections, grey, pairs_of
from ctstudio.evaluation.instruments import Instruments, instruments
from ctstudio.evaluation.metrics import METRICS, metrics_from
from ctstudio.evaluation.segmentation import Reader, overlap_figures, reader_of
from ctstudio.systems.na_diff.weights import NaDiffModel
from tiny_dataset import write_case, write_dataset

LIVER, BODY = values_of(["liver", "body"])


@pytest.fixture(scope="module")
def tools(tiny_model: NaDiffModel) -> Instruments:
    return instruments(tiny_model, None)


@pytest.fixture(scope="module")
def reader(tiny_model: NaDiffModel, tiny_folder: Path) -> Reader:
    return reader_of(tiny_model, tiny_folder)


def some(count: int, offset: float = 0.0, size: int = 64, prefix: str = "case") -> list[EvaluatedSlice]:
    random = np.random.default_rng(count)
    images = random.normal(40 + offset, 30, (count, size, size)).astype(np.float32)
    return [EvaluatedSlice(f"{prefix}/{n:04d}", image) for n, image in enumerate(images)]


def test_names_of_metrics_are_read_and_unknown_ones_are_named() -> None:
    assert [m.name for m in metrics_from("KID, fid,kid")] == ["kid", "clean-fid"]
    assert len(metrics_from("all")) == len(METRICS)
    with pytest.raises(ParameterError, match=r"Did you mean lpips\? Known are: clean-fid, kid"):
        metrics_from("kid,lpisp")
    with pytest.raises(ParameterError, match="No metric"):
        metrics_from(" , ")


def test_a_collection_beside_itself_is_at_no_distance(tools: Instruments, reader: Reader) -> None:
    side = Side(some(8))
    report = compared(side, side, metrics_from("clean-fid,cmmd,lpips,ssim,mae,iqa"), tools, reader)
    values = {figure.metric: figure for figure in report.figures}
    assert values["clean-fid"].value == pytest.approx(0, abs=1e-6)
    assert values["cmmd"].value == pytest.approx(0, abs=1e-6)
    assert (values["lpips"].value, values["ssim"].value, values["mae"].value) == (0, pytest.approx(1), 0)
    assert values["iqa-gap"].value == 0
    assert values["mae"].count == 8


def test_figures_of_stand_ins_say_so_and_few_images_are_warned_of(tools: Instruments, reader: Reader) -> None:
    report = compared(
        Side(some(9)), Side(some(8, offset=20)), metrics_from("clean-fid,kid,lpips,iqa,psnr"), tools, reader
    )
    for figure in report.figures:
        assert ("not comparable with published figures" in figure.heading) == (figure.metric != "psnr")
    fid, kid = report.figures[:2]
    assert "8 images for 32 features" in fid.note
    assert kid.sd is not None
    assert "subsets of 4" in kid.note
    assert any("9 real slices are compared with 8" in note for note in report.notes)
    text = report.text(".md")
    assert "Fréchet distance (for Clean-FID), phantom encoder (tiny); not comparable" in text
    assert json.loads(report.text(".json"))["figures"][0]["measured_by"] == "phantom encoder (tiny)"
    assert report.text(".csv").splitlines()[0].startswith("metric,title,value,sd,count")


def test_one_image_has_no_distribution_and_without_names_there_are_no_pairs(tools: Instruments, reader: Reader) -> None:
    one, others = Side(some(1)), Side(some(3, prefix="other"))
    report = compared(one, others, metrics_from("clean-fid,kid,ssim,iqa"), tools, reader)
    values = {figure.metric: figure for figure in report.figures}
    assert values["clean-fid"].value is None
    assert "needs 2 images on both sides, there are 1 and 3" in values["clean-fid"].note
    assert values["ssim"].value is None
    assert "name" in values["ssim"].note
    assert "| - |" in report.text(".md")
    with pytest.raises(InputError, match="Nothing could be measured: Clean-FID needs 2 images"):
        compared(one, others, metrics_from("clean-fid,ssim"), tools, reader)
    with pytest.raises(InputError, match="labels"):
        compared(one, others, metrics_from("dice"), tools, reader)


def test_pairs_are_of_the_same_name_and_size() -> None:
    real, synthetic = some(3), [*some(2)[::-1], EvaluatedSlice("case/0002", np.zeros((32, 32), np.float32))]
    assert [(a.name, b.name) for a, b in pairs_of(real, synthetic)] == [("case/0001",) * 2, ("case/0000",) * 2]
    assert any("differ in size" in note for note in check_collections(real, synthetic))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="no synthetic slice"):
        check_collections(some(1), [])
    pictures = pictures_side([("a", np.zeros((64, 64), np.uint8))]).slices
    with pytest.raises(InputError, match="unknown window"):
        check_collections(some(1), pictures)
    broken = some(1)[0].image.copy()
    broken[3, 3] = np.nan
    with pytest.raises(IntensityError, match="NaN"):
        check_collections([EvaluatedSlice("x", broken)], some(1))
    with pytest.raises(IntensityError, match="16 pixels"):
        check_collections(some(1, size=12), some(1))


def test_grey_levels_come_through_the_soft_tissue_window() -> None:
    image = np.array([[-1000, -160], [40, 240]], np.float32)
    assert grey(EvaluatedSlice("x", image)).tolist() == [[0, 0], [128, 255]]
    assert grey(EvaluatedSlice("x", np.array([[7.0]], np.float32), "grey")).tolist() == [[7]]


def test_more_images_of_one_kind_do_not_change_an_unbiased_distance(tools: Instruments) -> None:
    """KID of two halves of one collection is about 0; of two different collections far from it."""
    images = [grey(one) for one in some(40)]
    shifted = [grey(one) for one in some(40, offset=60)]
    near, far = (
        distribution_figures(images[:20], other, metrics_from("kid"), tools)[0] for other in (images[20:], shifted[20:])
    )
    assert near.value is not None
    assert far.value is not None
    assert near.sd is not None
    assert abs(near.value) < 3 * near.sd + 1e-3
    assert far.value > 5 * abs(near.value)


def test_slices_with_labels_are_taken_and_brought_onto_the_models_grid() -> None:
    grid = Grid.centred((5, 50, 60), (6.0, 6.0, 5.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:4, 10:40, 10:50] = LIVER
    ct = np.where(labels == LIVER, 60, -1000).astype(np.int16)
    case = EvaluatedCase("p", Volume(ct, grid), LabelMap(labels, grid, standard_table()))
    assert [one.name for one in case_slices(case)] == ["p/0001", "p/0002", "p/0003"]
    assert len(case_slices(case, 2)) == 2
    images, seen = on_model_grid(case, FieldOfView(64, 6.0))
    assert images.shape == seen.shape == (3, 64, 64)
    assert (seen == LIVER).sum() == (labels == LIVER).sum()
    assert set(np.unique(images[seen == LIVER])) == {60}
    bare = replace(case, labels=None)
    assert [one.name for one in case_slices(bare)] == ["p/0001", "p/0002", "p/0003"]
    assert len(on_model_grid(bare, FieldOfView(64, 6.0))[0]) == 0


def test_a_prepared_data_set_gives_its_cases_and_test_slices(tmp_path: Path) -> None:
    cases = [write_case(tmp_path, "a", "train"), write_case(tmp_path, "b", "test"), write_case(tmp_path, "c", "test")]
    write_dataset(tmp_path, *cases)
    assert [case.name for case in prepared_cases(tmp_path)] == ["a", "b", "c"]
    slices = slices_for_testing(tmp_path, 4, FieldOfView(64, 6.0))
    assert slices.scanned
    assert slices.ct_hu.shape == (4, 64, 64)
    assert len(set(slices.seeds.tolist())) == 4
    assert (slices.labels == LIVER).any(axis=(1, 2)).all()
    write_dataset(tmp_path, cases[0])
    with pytest.raises(InputError, match="test"):
        slices_for_testing(tmp_path, 4, FieldOfView(64, 6.0))


def test_a_perfect_reading_scores_one_and_a_shifted_one_by_its_shift(reader: Reader) -> None:
    labels = np.zeros((2, 64, 64), np.uint8)
    labels[:, 8:56, 8:56], labels[:, 20:40, 20:40] = BODY, LIVER

    class Shifted(Reader):
        def read(self, images_hu: np.ndarray, pixel_mm: float | None = None) -> np.ndarray:
            return np.roll(self.painted(labels), int(images_hu[0, 0, 0]), axis=2)

    own = Shifted(reader.model, reader.network)
    perfect, shifted = (overlap_figures(own, np.full((2, 64, 64), shift, np.float32), labels) for shift in (0, 5))
    assert set(perfect) == {"liver"}  # the body is no organ
    assert {f.metric: f.value for f in perfect["liver"]} == {
        "dice": 1, "iou": 1, "hd": 0, "hd95": 0, "recall": 1, "precision": 1,
    }  # fmt: skip
    values = {f.metric: f.value for f in shifted["liver"]}
    assert values["dice"] == pytest.approx(0.75)
    assert values["iou"] == pytest.approx(0.6)
    assert values["recall"] == values["precision"] == pytest.approx(0.75)
    assert values["hd"] == pytest.approx(5 * reader.model.config.pixel_mm)


def test_slices_of_other_pixels_are_read_at_the_readers_size(reader: Reader) -> None:
    images = np.random.default_rng(0).normal(40, 60, (2, 64, 64)).astype(np.float32)
    half = images.reshape(2, 32, 2, 32, 2).mean(axis=(2, 4))
    read = reader.read(half, 2 * reader.model.config.pixel_mm)
    assert read.shape == (2, 32, 32)
    assert set(np.unique(read)) <= set(range(len(reader.model.groups.names) + 1))
    sizes: list[tuple[int, ...]] = []
    hook = reader.network.register_forward_pre_hook(lambda _, given: sizes.append(tuple(given[0].shape[-2:])))
    reader.read(half, 2 * reader.model.config.pixel_mm)
    hook.remove()
    assert sizes == [(64, 64)]


def test_dice_and_hausdorff_distance_agree_with_monai(reader: Reader) -> None:
    import torch
    from monai.metrics import compute_dice, compute_hausdorff_distance

    random = np.random.default_rng(0)
    labels = np.zeros((1, 64, 64), np.uint8)
    labels[0, 15:45, 10:40] = LIVER
    noisy = np.where(random.random(labels.shape) < 0.1, 0, labels)

    class Own(Reader):
        def read(self, images_hu: np.ndarray, pixel_mm: float | None = None) -> np.ndarray:
            return self.painted(noisy)

    own = Own(reader.model, reader.network)
    values = {f.metric: f.value for f in overlap_figures(own, np.zeros((1, 64, 64), np.float32), labels)["liver"]}
    a, b = (torch.from_numpy(each == LIVER)[None].float() for each in (noisy, labels))
    assert values["dice"] == pytest.approx(float(compute_dice(a, b)))
    spacing = reader.model.config.pixel_mm
    assert values["hd"] == pytest.approx(float(compute_hausdorff_distance(a, b, include_background=True)) * spacing)


def test_masks_are_followed_case_by_case(tools: Instruments, reader: Reader) -> None:
    grid = Grid.centred((2, 64, 64), (6.0, 6.0, 5.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[:, 20:40, 20:40] = LIVER
    case = EvaluatedCase("p", Volume(np.zeros(grid.shape, np.int16), grid), LabelMap(labels, grid, standard_table()))
    side = side_of([case], FieldOfView(64, 6.0), 9)
    report = compared(side, side, metrics_from("dice,recall"), tools, reader)
    titles = ["Dice, liver", "Recall, liver"]
    assert [figure.title for figure in report.figures] == [*titles, *(f"{title}, real slices" for title in titles)]
    assert [figure.count for figure in report.figures] == [2, 2, 2, 2]
    unlabelled = compared(Side(some(2)), side, metrics_from("dice,recall"), tools, reader)
    assert [figure.title for figure in unlabelled.figures] == titles
    assert all(0 <= (figure.value or 0) <= 1 for figure in report.figures)
