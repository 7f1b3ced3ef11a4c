"""The task "Chest CT from a report" with the real engine: the window's chest is the command line's, voxel by voxel."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from command_line import ctstudio_here
from ctstudio.catalog.shelf import own_models_dir
from ctstudio.io.reading import read_labels, read_volume
from ctstudio.jobs.client import EngineClient
from ctstudio.session.report_text import ReportText
from ctstudio.ui.app import make_application, make_window
from ctstudio.ui.model_choice import ModelChoice
from ctstudio.ui.tasks_link import FROM_REPORT, STRUCTURES
from desk import wait_for
from tiny_medsyn import write_tiny_medsyn

TEXT = "Large left pleural effusion."
NAME = "tiny-medsyn"


def choose(models: ModelChoice) -> None:
    """Pick the tiny model in the list of models."""
    at = [model.info.name for model in models.models].index(NAME)
    models.setCurrentIndex(at)


@pytest.mark.timeout(400)
def test_window_and_command_line_make_the_same_chest(qtbot, tmp_path: Path, own_home: Path, capsys) -> None:
    model = own_models_dir() / "tiny"
    write_tiny_medsyn(model)
    make_application()
    window = make_window(EngineClient(log_folder=tmp_path), tmp_path / "autosave")
    window.show()
    window.start()
    try:
        tasks = window.pages.tasks
        wait_for(lambda: FROM_REPORT in tasks.panels.offered, 120)
        tasks.choose(FROM_REPORT)
        report, shapes, words = tasks.report, [], []
        choose(report.panel.model)
        window.link.preview.connect(lambda _owner, image: shapes.append(image.grid.shape))
        window.link.state_changed.connect(lambda state: words.append(state.text))
        report.form.text = ReportText(TEXT)
        for name, value in (("seed", 5), ("steps", 4), ("upscale_steps", 3)):
            report.form.set(name, value)
        report.form.device = "cpu"
        window.generate()
        wait_for(lambda: report.chests.results.items, 240)
        case = window.document.active
        made = report.chests.results.items[0].sample
        assert case.volume.array is made.outputs["ct"].array
        assert {"left_lung_ml", "right_lung_ml"} <= set(made.measures)
        assert shapes[0][0] < case.volume.grid.shape[0]  # the coarse volume was seen first
        assert any("then 3 steps of refinement" in text for text in words)
        assert any(text.startswith("Refinement, step") for text in words)

        # Its structures are read back from the CT by the same model.
        tasks.choose(STRUCTURES)
        reading = tasks.current
        assert reading is not None
        choose(reading.panel.model)
        reading.form.set("steps", 4)
        reading.form.set("upscale_steps", 3)
        reading.form.device = "cpu"
        case.mask.clear()
        window.generate()
        wait_for(lambda: case.results.items, 240)
        assert case.results.items[0].sample.outputs["labels"].grid.matches(case.volume.grid)
    finally:
        window.close()
        window.deleteLater()
        QApplication.processEvents()
        gc.collect()
    asked = ("--model", model, "--text", TEXT, "--seed", 5, "--steps", 4, "--upscale-steps", 3, "--device", "cpu")
    out = tmp_path / "out"
    ctstudio_here(capsys, "run", "medsyn", "generate", *asked, "--out", out, "--json")
    assert np.array_equal(read_volume(out / "0001" / "ct.nii.gz").array, made.outputs["ct"].array)
    assert np.array_equal(read_labels(out / "0001" / "labels.nii.gz").array, made.outputs["labels"].array)
