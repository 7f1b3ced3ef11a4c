"""The Low dose page with the real engine: what the dial shows live is what the whole scan and the command give."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication

from command_line import ctstudio_here
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_volume
from ctstudio.io.writing import write_volume
from ctstudio.jobs.client import EngineClient
from ctstudio.ui.app import make_application, make_window
from ctstudio.ui.page_order import LOW_DOSE_PAGE
from desk import wait_for

GRID = Grid.centred((10, 64, 72), (5.0, 5.0, 5.0))


def scan() -> Volume:
    y, x = np.mgrid[-1:1:64j, -1:1:72j]
    body = np.where((x / 0.8) ** 2 + (y / 0.7) ** 2 < 1, 40.0, -1000.0)
    noise = np.random.default_rng(0).normal(0, 12, GRID.shape)
    return Volume(np.rint(body + noise).astype(np.int16), GRID)


def test_live_slice_whole_scan_and_command_agree(qtbot, tmp_path: Path, capsys) -> None:
    path = tmp_path / "scan.nii.gz"
    write_volume(scan(), path)
    make_application()
    window = make_window(EngineClient(log_folder=tmp_path), tmp_path / "autosave")
    window.show()
    window.start()
    try:
        window.opening.open([path])
        window.show_page(LOW_DOSE_PAGE)
        link = window.pages.low_dose
        wait_for(lambda: link.session.noise is not None, 120)
        window.document.active.viewing.crosshair = (7, 30, 30)
        link.panel.dial.set_dose(0.1)
        wait_for(lambda: link.session.noise is not None, 60)
        live = window.grid.generated.volume.array[0].copy()
        assert link.session.found.exposure.held_sd_hu > 8
        window.generate()
        results = window.document.active.results
        wait_for(lambda: results.items, 120)
        whole = results.items[0].sample.outputs["ct"].array
        np.testing.assert_allclose(live, whole[7], atol=0.02)
    finally:
        window.close()
        window.deleteLater()
        QApplication.processEvents()
        gc.collect()
    out = tmp_path / "out.nii.gz"
    assert ctstudio_here(capsys, "dose", path, "--dose", 0.1, "--out", out).code == 0
    np.testing.assert_allclose(read_volume(out).array, whole, atol=0.02)
