"""The paper's tables for a tiny model: everything is made once, kept, and printed beside the paper's figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.labels import values_of
from ctstudio.evaluation import na_diff_downstream, na_diff_paper
from ctstudio.evaluation.downstream import Labelled, Task, Training, compare, moved, scores_of, trained
from ctstudio.evaluation.held_out import HeldOut
from ctstudio.evaluation.instruments import instruments
from ctstudio.evaluation.na_diff import DOSES
from ctstudio.evaluation.na_diff_downstream import DownstreamSettings
from ctstudio.evaluation.na_diff_evaluation import Candidate, evaluate_models, teaching_model
from ctstudio.evaluation.na_diff_paper import REFERENCE, Judge, PaperSettings
from ctstudio.evaluation.na_diff_tables import as_drawing, as_markdown, variant_of
from ctstudio.evaluation.published import DOWNSTREAM_DICE, TABLE, published
from ctstudio.evaluation.segmentation import reader_of
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.weights import NaDiffModel, load
from tiny_na_diff import write_tiny_model

BODY, LIVER = values_of(["body", "liver"])
TINY_TASK = DownstreamSettings(2, 2, 2, Training(steps=2, batch=2, seeds=2, channels=(4, 8)))


def phantoms(count: int, config: NaDiffConfig, first_seed: int = 1) -> HeldOut:
    """Discs for bodies and livers: rendering patients is tested elsewhere."""
    size = config.image_size
    y, x = np.mgrid[:size, :size] * (64 / size)
    labels = np.zeros((count, size, size), np.uint8)
    for row in range(count):
        labels[row][((y - 32) / 20) ** 2 + ((x - 32) / 27) ** 2 < 1] = BODY
        labels[row][((y - 30) / 10) ** 2 + ((x - 20 - row % 9) / 10) ** 2 < 1] = LIVER
    hu = np.where(labels == LIVER, 60, np.where(labels == BODY, 20, -1000)).astype(np.int16)
    return HeldOut(hu, labels, np.arange(first_seed, first_seed + count))


@pytest.fixture
def made_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Quick phantoms, and a count of the batches that are generated."""
    calls: list[int] = []

    def quick(count: int, config: NaDiffConfig, first_seed: int) -> HeldOut:
        return phantoms(count, config, first_seed)

    def counted(*given: object, **more: object) -> np.ndarray:
        calls.append(1)
        return generate(*given, **more, steps=4)  # type: ignore[arg-type]

    generate = na_diff_paper.generate_slices
    for module in (na_diff_paper, na_diff_downstream):
        monkeypatch.setattr(module, "held_out_slices", quick)
        monkeypatch.setattr(module, "generate_slices", counted)
    return calls


def evaluated(folder: Path, model_folder: Path, model: NaDiffModel, task: DownstreamSettings | None = None) -> dict:  # type: ignore[type-arg]
    judge = Judge(instruments(model, None), reader_of(model, model_folder))
    candidate = Candidate(find_model(model_folder), model)
    return evaluate_models([candidate], judge, PaperSettings(2), task, None, folder, lambda *_: None)


def test_all_tables_are_filled_and_nothing_is_made_twice(
    tmp_path: Path, tiny_folder: Path, tiny_model: NaDiffModel, made_calls: list[int]
) -> None:
    facts = evaluated(tmp_path, tiny_folder, tiny_model, TINY_TASK)
    made = len(made_calls)
    assert made >= len(DOSES) + 1
    assert set(facts["columns"]) == {"tiny", REFERENCE}
    again = evaluated(tmp_path, tiny_folder, tiny_model, TINY_TASK)
    assert len(made_calls) == made
    assert json.dumps(again, default=str) == json.dumps(facts, default=str)
    column = facts["columns"]["tiny"]
    metrics = {figure["metric"] for figure in column["figures"]}
    assert set(TABLE) <= metrics
    assert set(column["quality_by_dose"]) == {f"{dose:.2f}" for dose in DOSES}
    assert facts["real"]["real"]["dose_slope"] == pytest.approx(-0.5, abs=0.15)
    best = {f["metric"]: f["value"] for f in facts["columns"][REFERENCE]["figures"]}
    worse = {f["metric"]: f["value"] for f in column["figures"]}
    assert best["clean-fid"] < worse["clean-fid"]
    assert best["lpips"] < worse["lpips"]
    text = as_markdown(facts)
    for words in (
        "not comparable with published figures",
        "the paper's F",
        "24.811 ± 3.228",
        "real and synthetic",
        "0.874",
    ):
        assert words in text
    assert as_drawing(facts).shape == (560, 1520, 3)


def test_models_of_other_pixels_stand_beside_each_other_each_with_its_own_slices(
    tmp_path: Path, tiny_folder: Path, tiny_model: NaDiffModel, made_calls: list[int]
) -> None:
    coarse_folder = write_tiny_model(tmp_path / "coarse", "coarse", {"image_size": 32, "pixel_mm": 12.0})
    info = find_model(coarse_folder).info
    coarse = load(coarse_folder, info, torch.device("cpu"), torch.float32)
    judge = Judge(instruments(tiny_model, None), reader_of(tiny_model, tiny_folder))
    both = [Candidate(find_model(tiny_folder), tiny_model), Candidate(find_model(coarse_folder), coarse)]
    facts = evaluate_models(both, judge, PaperSettings(2), None, None, tmp_path / "out", lambda *_: None)
    references = [f"{REFERENCE}, {size} mm" for size in (6, 12)]
    assert set(facts["columns"]) == {"tiny", "coarse", *references}
    assert set(facts["real"]) == {"real, 6 mm", "real, 12 mm"}
    assert "coarse" in as_markdown(facts)
    assert as_drawing(facts).shape[2] == 3


def test_a_stopped_evaluation_goes_on_where_it_was(
    tmp_path: Path, tiny_folder: Path, tiny_model: NaDiffModel, made_calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = na_diff_paper.generate_slices

    def stopped(*given: object, **more: object) -> np.ndarray:
        if len(made_calls) == 3:
            raise KeyboardInterrupt
        return counted(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(na_diff_paper, "generate_slices", stopped)
    with pytest.raises(KeyboardInterrupt):
        evaluated(tmp_path, tiny_folder, tiny_model)
    kept = sorted((tmp_path / "slices" / "tiny").iterdir())
    assert len(kept) == 3
    assert not [path for path in kept if path.name.endswith(".part")]
    monkeypatch.setattr(na_diff_paper, "generate_slices", counted)
    evaluated(tmp_path, tiny_folder, tiny_model)
    assert len(made_calls) == len(DOSES)


def test_a_folder_of_another_evaluation_is_refused(
    tmp_path: Path, tiny_folder: Path, tiny_model: NaDiffModel, made_calls: list[int]
) -> None:
    (tmp_path / "slices").mkdir()
    (tmp_path / "slices" / "settings.json").write_text(json.dumps({"slices": 7, "painted": "all"}))
    with pytest.raises(InputError, match="another slices"):
        evaluated(tmp_path, tiny_folder, tiny_model)
    (tmp_path / "slices" / "settings.json").write_text("{half")
    with pytest.raises(InputError, match="cannot be read"):
        evaluated(tmp_path, tiny_folder, tiny_model)
    (tmp_path / "slices" / "settings.json").rename(tmp_path / "slices" / "holiday.json")
    with pytest.raises(InputError, match="holds no evaluation"):
        evaluated(tmp_path, tiny_folder, tiny_model)
    assert not made_calls
    with pytest.raises(ParameterError, match="at least 2"):
        PaperSettings(1)
    with pytest.raises(ParameterError, match="--mask"):
        PaperSettings(2, "spleen")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="at least one"):
        DownstreamSettings(synthetic=0)


def test_models_named_after_the_papers_stand_beside_its_columns() -> None:
    assert [variant_of(name) for name in ("na-diff-demo-a", "na-diff-f", "na-diff-demo", "mine")] == ["A", "F", "", ""]
    assert published("kid", "D") == "19.039 ± 2.853"
    assert published("clean-fid", "A") == "245.342"
    assert published("hd95", "A") == ""
    assert DOWNSTREAM_DICE["U-Net"] == (0.874, 0.876)
    assert all(len(values) == 6 for values in TABLE.values())


def test_segmenters_learn_from_a_model_that_follows_its_mask(tiny_model: NaDiffModel) -> None:
    def hearing(*conditions: str) -> NaDiffModel:
        config = tiny_model.config.model_copy(update={"spatial": False, "conditions": conditions})
        return replace(tiny_model, config=config)

    deaf, both = hearing("noise_map"), hearing("noise_map", "mask")
    assert teaching_model([deaf, both, tiny_model]) is tiny_model
    assert teaching_model([deaf, both]) is both
    assert teaching_model([deaf]) is None


def test_a_segmenter_learns_what_it_is_shown(tiny_model: NaDiffModel) -> None:
    task = Task(tiny_model.config)
    slices = phantoms(8, tiny_model.config)
    shown = Labelled(slices.ct_hu.astype(np.float32), slices.labels)
    data = task.prepared(shown)
    assert data[0].shape == data[1].shape == (8, 1, 32, 32)
    assert set(np.unique(data[1].numpy())) == {0, 1}
    untrained, taught = (
        scores_of(trained(data, Training(steps=steps, batch=4, channels=(8, 16)), 0), *data) for steps in (1, 150)
    )
    assert taught[0] > 0.8 > untrained[0]
    assert taught[1] == pytest.approx(taught[0] / (2 - taught[0]), abs=0.03)  # IoU from Dice


def test_both_trainings_are_alike_but_for_their_slices(tmp_path: Path, tiny_model: NaDiffModel) -> None:
    slices = phantoms(4, tiny_model.config)
    few = Labelled(slices.ct_hu.astype(np.float32), slices.labels)
    task = Task(tiny_model.config)
    said: list[str] = []
    training = Training(steps=3, batch=2, seeds=2, channels=(4, 8))
    arms = {"real": few, "again": few, "more": few.and_also(few)}
    found = compare(arms, few, task, training, tmp_path, lambda *words: said.append(words[2]))
    assert found["arms"]["real"]["dice"] == found["arms"]["again"]["dice"]
    assert found["gains"]["again"]["mean"] == 0
    assert set(found["gains"]) == {"again", "more"}
    assert found["arms"]["more"]["slices"] == 8
    assert len(said) == 6
    augmented = compare(arms, few, task, replace(training, augment=True), tmp_path / "moved", lambda *_: None)
    assert augmented["arms"]["real"]["dice"] != found["arms"]["real"]["dice"]


def test_image_and_labels_are_moved_together() -> None:
    image = torch.zeros(2, 1, 40, 40)
    image[:, :, 12:28, 15:22] = 1.0
    seen, labels = moved(image, (image > 0).long(), torch.Generator().manual_seed(0))
    agreement = ((seen > 0.5) == (labels > 0)).float().mean()
    assert float(agreement) > 0.97
    assert not torch.equal(labels, (image > 0).long())
    assert not torch.equal(labels[0], labels[1])
