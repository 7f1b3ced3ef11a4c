"""The table of everything one can do in the window, with its menu and its keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ctstudio.core.windows import PRESETS
from ctstudio.session.document import Case
from ctstudio.ui.actions import Command
from ctstudio.ui.completed_anatomy import TITLE as ANATOMY_TITLE
from ctstudio.ui.completed_anatomy import use_as_mask
from ctstudio.ui.label_map_link import KEY as MEANINGS_KEY
from ctstudio.ui.label_map_link import TITLE as MEANINGS_TITLE
from ctstudio.ui.scene_commands import scene_commands
from ctstudio.ui.task_commands import task_commands
from ctstudio.ui.tools import Tool
from ctstudio.ui.train_commands import train_commands

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


def commands(window: MainWindow) -> tuple[Command, ...]:
    """All commands, in the order of the menus."""
    return (
        *_file(window),
        *_edit(window),
        *_view(window),
        *scene_commands(window),
        *_tools(window),
        *_generate(window),
        *task_commands(window),
        *train_commands(window),
        *_help(window),
    )


def _file(window: MainWindow) -> tuple[Command, ...]:
    return (
        Command("File", "Open scan or labels …", ("Ctrl+O",), window.asking.open),
        Command("File", "Open DICOM folder …", ("Ctrl+Shift+O",), window.asking.folder),
        Command("File", "Import labels as mask …", ("Ctrl+I",), window.asking.labels),
        Command("File", "Open the demo case", (), window.opening.open_demo),
        Command("File", "Bring back unsaved masks", (), window.safety.bring_back),
        Command("File", "Save mask …", ("Ctrl+S",), window.asking.save_mask),
        Command("File", "Save chosen sample …", ("Ctrl+Shift+S",), window.asking.save_sample),
        Command("File", "Next case", ("Ctrl+PgDown",), lambda: window.step_case(1)),
        Command("File", "Previous case", ("Ctrl+PgUp",), lambda: window.step_case(-1)),
        Command("File", "Close case", ("Ctrl+W",), window.close_case),
        Command("File", "Quit", ("Ctrl+Q",), window.close),
    )


def _edit(window: MainWindow) -> tuple[Command, ...]:
    return (
        Command("Edit", "Undo", ("Ctrl+Z",), _on_case(window, lambda case: case.mask.undo())),
        Command("Edit", "Redo", ("Ctrl+Y", "Ctrl+Shift+Z"), _on_case(window, lambda case: case.mask.redo())),
        Command("Edit", MEANINGS_TITLE, (MEANINGS_KEY,), window.labels.open),
        Command("Edit", "Organs of this scan (TotalSegmentator) …", ("Ctrl+Shift+T",), window.organs.open),
        Command("Edit", "Clear the active label", (), _on_case(window, lambda case: case.mask.clear(case.mask.active))),
        Command("Edit", "Clear the whole mask", (), _on_case(window, lambda case: case.mask.clear())),
    )


def _view(window: MainWindow) -> tuple[Command, ...]:
    presets = tuple(
        Command("View", f"Window: {name}", (f"F{place + 2}",), partial(window.pages.set_window, preset))
        for place, (name, preset) in enumerate(PRESETS.items())
    )
    moves = (
        ("Next slice", "Up", 1),
        ("Previous slice", "Down", -1),
        ("Ten slices on", "PgUp", 10),
        ("Ten slices back", "PgDown", -10),
        ("Last slice", "Home", 100_000),
        ("First slice", "End", -100_000),
    )
    scrolls = tuple(
        Command("View", title, (key,), partial(window.move_slices, by), in_views=True) for title, key, by in moves
    )
    return (
        Command("View", "View & Paint page", ("Ctrl+1",), lambda: window.show_page(0)),
        Command("View", "Generate page", ("Ctrl+2",), lambda: window.show_page(1)),
        Command("View", "Low dose page", ("Ctrl+3",), lambda: window.show_page(2)),
        Command("View", "Train page", ("Ctrl+4",), lambda: window.show_page(3)),
        Command("View", "Show or hide the mask", ("G",), _on_case(window, _toggle_mask)),
        Command("View", "Mask more transparent", ("A",), _on_case(window, partial(_change_opacity, -0.05))),
        Command("View", "Mask more opaque", ("D",), _on_case(window, partial(_change_opacity, 0.05))),
        Command("View", "Show whole slices", ("R",), window.pages.reset_views),
        Command("View", "One view large, and back", ("M",), window.maximise_focused),
        *presets,
        *scrolls,
        Command("View", "Live low dose, on and off", ("V",), window.pages.low_dose.toggle),
        Command("View", "Lower dose", (",",), lambda: window.pages.low_dose.step_dose(-1)),
        Command("View", "Higher dose", (".",), lambda: window.pages.low_dose.step_dose(1)),
    )


def _tools(window: MainWindow) -> tuple[Command, ...]:
    take = tuple(Command("Tools", tool.title, (tool.key,), partial(window.tools.take, tool)) for tool in Tool)
    return (
        *take,
        Command("Tools", "Swap brush and eraser", ("X",), window.tools.swap_erase),
        Command("Tools", "The tool before", ("`",), window.tools.swap_last),
        Command("Tools", "Smaller brush", ("[",), lambda: window.controls.grow_brush(1 / 1.15)),
        Command("Tools", "Larger brush", ("]",), lambda: window.controls.grow_brush(1.15)),
        Command("Tools", "Sphere through slices", ("B",), lambda: window.paint.sphere.toggle()),
        Command("Tools", "Paint only HU in range", ("I",), lambda: window.paint.ranged.toggle()),
        Command("Tools", "Previous label", ("Q",), lambda: window.paint.labels.step(-1)),
        Command("Tools", "Next label", ("W",), lambda: window.paint.labels.step(1)),
        Command("Tools", "Lock or unlock the label", ("L",), lambda: window.paint.lock.toggle()),
        Command("Tools", "Hide or show the label", ("H",), _on_case(window, _toggle_label)),
    )


def _generate(window: MainWindow) -> tuple[Command, ...]:
    return (
        Command("Generate", "Generate", ("Ctrl+Return", "Ctrl+Enter"), window.generate),
        Command("Generate", "Generate a data set …", ("Ctrl+Shift+G",), window.pages.tasks.open_list),
        Command("Generate", "Simulate the whole scan at a low dose", (), window.pages.low_dose.simulate_whole),
        Command("Generate", "Cancel the running job", ("Ctrl+Alt+Return",), window.link.cancel),
        Command("Generate", "Restart the engine", (), window.link.restart),
        Command("Generate", "Roll a new seed", ("Ctrl+R",), window.pages.tasks.roll_seed),
        Command("Generate", "Next sample", ("N",), lambda: window.samples.step(1)),
        Command("Generate", "Previous sample", ("P",), lambda: window.samples.step(-1)),
        Command("Generate", "Star the chosen sample", ("S",), window.samples.star),
        Command("Generate", ANATOMY_TITLE, (), lambda: use_as_mask(window)),
    )


def _help(window: MainWindow) -> tuple[Command, ...]:
    return (
        Command("Help", "Find an action", ("Ctrl+K",), window.open_palette),
        Command("Help", "Help: how to generate, the demo model, keys", ("F1",), window.open_help),
    )


def _toggle_mask(case: Case) -> None:
    case.viewing.overlay_visible = not case.viewing.overlay_visible


def _toggle_label(case: Case) -> None:
    case.viewing.hide(case.mask.active, case.mask.active not in case.viewing.hidden)


def _change_opacity(by: float, case: Case) -> None:
    case.viewing.mask_opacity += by


def _on_case(window: MainWindow, run: Callable[[Case], object]) -> Callable[[], object]:
    def act() -> None:
        if window.document.active is not None:
            run(window.document.active)

    return act
