"""The real trainer, started from the real window, tunes a tiny model for a population of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import Model, Shelf, find_model
from ctstudio.jobs.training_runs import TrainingRuns
from desk import open_window, wait_for
from tiny_na_diff import write_tiny_model

STEPS = 60


@pytest.mark.timeout(400)
def test_a_model_is_tuned_gets_better_and_goes_on_the_shelf(
    qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    base = write_tiny_model(tmp_path / "data" / "ctstudio" / "models" / "tiny")
    changes = {
        "base": "tiny", "data.patients": "1", "data.slices_each": "4", "denoiser.steps": str(STEPS),
        "denoiser.batch": "4", "denoiser.learning_rate": "0.01", "denoiser.warm_up": "1", "run.validate_every": "10",
        "run.sample_every": "30", "run.samples": "2", "figures.mask_slices": "2",
    }  # fmt: skip
    recipe = load_recipe("fine-tune/na-diff-lora", changes)
    assert recipe.data.contrast_phase == "arterial"
    runs = TrainingRuns(tmp_path / "data" / "ctstudio" / "training")
    with open_window(tmp_path, runs=runs) as window:
        page = window.pages.train()
        wait_for(lambda: page.form.recipes and page.link.shelf.models)
        page.form.offer((recipe,))
        page.form.take(recipe, "tiny")
        page.link._take_shelf(Shelf((Model(find_model(base).info, base),), ()))
        qtbot.mouseClick(page.new_run.start, Qt.MouseButton.LeftButton)
        wait_for(lambda: page.training.chosen is not None and page.training.chosen.over, 300)
        run = page.training.chosen
        assert run.info.state == "finished", run.info.message

        # What it learned is in the panel: every validation, and samples to scrub through.
        folder = run.folder
        wait_for(lambda: len(page.training.curves(folder).validations.get("denoiser", ())) == STEPS // 10)
        lines = page.training.curves(folder).validations["denoiser"]
        points = [(line.step, line.figures["validation_loss"]) for line in lines]
        assert [step for step, _ in points] == list(range(10, STEPS + 1, 10))
        assert min(value for _, value in points) < 0.97 * points[0][1]
        assert len(page.training.moments) == 2
        figures = find_model(folder / "model").info.figures
        assert figures["best_validation_loss"] == pytest.approx(min(value for _, value in points))
        assert {"base", "model"} <= set(figures)

        # Promoted, it stands on the shelf and may be chosen.
        page.deeds.promote("tuned", "best")
        wait_for(lambda: any(model.info.name == "tuned" for model in page.link.shelf.models), 120)
        assert find_model("tuned").info.figures["validation"]["validation_loss"] < points[0][1]
