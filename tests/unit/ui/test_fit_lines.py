"""Findings are shown by word and shape."""

from PySide6.QtWidgets import QLabel

from ctstudio.catalog.fit import Fit
from ctstudio.ui.fit_lines import FitLines, LevelMark


def _texts(lines: FitLines) -> str:
    return " | ".join(label.text() for label in lines.findChildren(QLabel) if not label.isHidden())


def test_the_worst_comes_first_and_every_problem_is_written_out(qtbot) -> None:
    lines = FitLines("Open a scan.")
    qtbot.addWidget(lines)
    lines.show()
    lines.show_findings([Fit("green", "Dose", "fine"), Fit("amber", "Voxel size", "3.0 mm is above the trained 2 mm.")])
    qtbot.wait(1)
    marks = [m for m in lines.findChildren(LevelMark) if m.isVisible()]
    assert [m.level for m in marks] == ["amber", "amber"]
    assert "Voxel size: 3.0 mm is above the trained 2 mm." in _texts(lines)
    assert "fine" not in _texts(lines)


def test_levels_differ_by_shape_not_only_colour(qtbot) -> None:
    shapes = []
    for level in ("green", "amber", "red"):
        mark = LevelMark(level)
        qtbot.addWidget(mark)
        image = mark.grab().toImage()
        shapes.append([image.pixelColor(x, y).lightness() > 90 for y in range(18) for x in range(18)])
    assert shapes[0] != shapes[1] != shapes[2] != shapes[0]
