"""What goes wrong: the engine dies, hangs up its job, a file is bad, the mask is empty. The window lives on."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt

from ctstudio.ui.tools import Tool
from desk import drag, liver, open_window, ready, spot, torso, wait_for


def test_engine_dies_in_a_job_and_is_started_again(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "die", once=True) as window:
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        ready(window)
        window.generate()
        wait_for(lambda: window.bar.restart.isVisible())
        assert window.link.queue.jobs[0].state == "failed"
        assert window.notices.latest.level == "error"
        assert "Restart" in window.bar.notices.text
        # The desk is alive: a stroke still paints.
        before = int(case.mask.counts[1:].sum())
        window.tools.take(Tool.BRUSH)
        axial = window.grid.axial
        drag(axial, [spot(axial, (case.viewing.crosshair[0], 20, 70))])
        assert int(case.mask.counts[1:].sum()) > before
        # Restart brings it back, and the next job works.
        qtbot.mouseClick(window.bar.restart, Qt.MouseButton.LeftButton)
        wait_for(lambda: window.link.client.status == "ready")
        assert not window.bar.restart.isVisible()
        window.generate()
        wait_for(lambda: case.results.items)


def test_a_running_job_is_cancelled_by_its_button(qtbot, tmp_path) -> None:
    with open_window(tmp_path, "slow") as window:
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        ready(window)
        window.generate()
        wait_for(lambda: window.link.client.status == "busy" and window.bar.progress.value() > 1)
        assert window.bar.cancel.isVisible()
        assert "step" in window.bar.text.text()
        qtbot.mouseClick(window.bar.cancel, Qt.MouseButton.LeftButton)
        wait_for(lambda: window.link.queue.jobs[0].state == "stopped", 3)
        assert not case.results.items
        assert window.grid.generated.volume is None


@pytest.mark.parametrize("content", [b"this is no image", b""])
def test_a_bad_file_is_a_notice_and_nothing_else(qtbot, tmp_path, content) -> None:
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(content)
    with open_window(tmp_path) as window:
        window.opening.open([bad, tmp_path / "missing.nrrd"])
        wait_for(lambda: not window.opening.busy and window.background.running == 0)
        errors = [notice for notice in window.notices.items if notice.level == "error"]
        assert len(errors) == 2
        assert all(notice.remedy for notice in errors)
        assert not window.document.cases


def test_generate_without_a_mask_says_what_to_do(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        ready(window)
        window.generate()
        assert "empty" in window.bar.notices.text
        assert "Paint" in window.bar.notices.text
        assert not window.link.queue.jobs


def test_saving_where_one_must_not_keeps_the_mask(qtbot, tmp_path) -> None:
    with open_window(tmp_path) as window:
        case = window.document.open_volume(torso())
        window.document.import_mask(liver())
        (tmp_path / "file").write_text("no folder")
        window.saving.mask(case, tmp_path / "file" / "mask.nii.gz")
        wait_for(lambda: any(n.level == "error" for n in window.notices.items))
        assert case.mask.modified
        window.saving.mask(case, tmp_path / "mask.nii.gz")
        wait_for(lambda: not case.mask.modified)


def test_closing_ends_every_thread_and_the_engine(qtbot, tmp_path) -> None:
    before = threading.active_count()
    with open_window(tmp_path) as window:
        window.document.open_volume(torso())
        ready(window)
        pid = window.link.client.pid
        assert threading.active_count() > before
    import psutil

    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 10)
    wait_for(lambda: threading.active_count() <= before, 10)
