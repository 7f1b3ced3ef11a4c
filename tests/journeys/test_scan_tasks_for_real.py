"""The tasks on an open scan with the real engine and an untrained model: what comes back fits the case it came from."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from ctstudio.catalog.shelf import own_models_dir
from ctstudio.core.labels import values_of
from ctstudio.jobs.client import EngineClient
from ctstudio.ui.app import make_application, make_window
from desk import liver, torso, wait_for
from tiny_meddiff import write_tiny_meddiff

LIVER_LESION = values_of(["liver_lesion"])[0]
TASKS = {
    "denoise": {"steps": 2},
    "detect": {"draws": 1},
    "inpaint-lesion": {"steps": 2, "jump": 1, "resamples": 1},
}


@pytest.mark.timeout(400)
def test_every_task_comes_back_to_its_case(qtbot, tmp_path: Path, own_home: Path) -> None:
    write_tiny_meddiff(own_models_dir() / "tiny-meddiff")
    make_application()
    window = make_window(EngineClient(log_folder=tmp_path), tmp_path / "autosave")
    window.resize(1280, 800)
    window.show()
    window.start()
    try:
        wait_for(lambda: ("meddiff_fm", "denoise") in window.pages.tasks.panels.offered, 120)
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        array = case.mask.array.copy()
        array[5, 39:45, 29:35] = LIVER_LESION
        case.mask.replace(array, "Paint")
        for task, settings in TASKS.items():
            window.pages.tasks.choose(("meddiff_fm", task))
            link = window.pages.tasks.current
            link.form.device = "cpu"
            for name, value in settings.items():
                link.form.set(name, value)
            before = len(case.results.items)
            window.generate()
            wait_for(lambda before=before: len(case.results.items) > before or window.link.queue.jobs[-1].over, 120)
            assert len(case.results.items) > before, window.notices.latest
            for output in case.results.chosen.sample.outputs.values():
                assert output.grid.matches(case.volume.grid)
            if task == "detect":
                wait_for(lambda: window.layers.anomaly is not None)
                wait_for(lambda link=link: "Looking" not in link.result.panel.words.text())
            elif "lesion" in task:
                wait_for(lambda link=link: "voxels changed" in link.result.receipt.words.text())
                changed = np.argwhere(case.results.chosen.sample.outputs["ct"].array != case.volume.array)
                assert len(changed) < case.volume.array.size / 4
    finally:
        for _ in range(2):
            window.close()
        window.deleteLater()
        QApplication.processEvents()
        gc.collect()
