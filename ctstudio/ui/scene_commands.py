"""Everything one can do in the 3D view, for the menu, the palette and the help."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ctstudio.ui.actions import Command
from ctstudio.ui.scene.camera import SIDES
from ctstudio.ui.scene.presets import PRESETS

if TYPE_CHECKING:
    from ctstudio.ui.main_window import MainWindow


def scene_commands(window: MainWindow) -> tuple[Command, ...]:
    """All commands of the menu 3D; each of them shows the view first."""
    scene = window.scene
    presets = tuple(Command("3D", f"Volume: {one.name}", (), partial(scene.set_preset, one.name)) for one in PRESETS)
    sides = tuple(
        Command("3D", f"Look from the {side}", (), partial(scene.look_from, letter)) for letter, side in SIDES.items()
    )
    return (
        Command("3D", "3D view, show or hide", ("T",), scene.toggle),
        Command("3D", "Surfaces of the labels, show or hide", (), scene.toggle_surfaces),
        *presets,
        Command("3D", "No volume", (), partial(scene.set_preset, "")),
        *sides,
        Command("3D", "Show all of the scene", (), lambda: scene.show().view.fit()),
        Command("3D", "Stop building", (), lambda: scene.show().cancel()),
        Command("3D", "Snapshot of the 3D view …", ("Ctrl+Shift+I",), scene.snapshot),
    )
