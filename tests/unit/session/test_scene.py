"""How clear each label is in 3D, what a preset does to the surfaces, and labels that are hidden."""

from __future__ import annotations

from ctstudio.core.labels import standard_table
from ctstudio.session.scene import Scene
from ctstudio.session.viewing import Viewing

TABLE = standard_table()


def _opacities(scene: Scene, *names: str) -> dict[str, float]:
    found = scene.label_opacities([TABLE.by_name(name) for name in names])
    return {name: found[TABLE.by_name(name).value] for name in names}


def test_what_encloses_is_not_shown_and_lungs_are_clear() -> None:
    shown = _opacities(Scene(), "body", "skin", "liver", "lung_upper_lobe_left", "lung_vessels", "lung_nodule")
    assert shown["body"] == shown["skin"] == 0.0
    assert 0 < shown["lung_upper_lobe_left"] < 0.5
    assert shown["liver"] == shown["lung_vessels"] == shown["lung_nodule"] == 1.0


def test_what_encloses_is_shown_when_there_is_nothing_else_or_when_asked_for() -> None:
    scene = Scene()
    assert _opacities(scene, "body", "skin") == {"body": 1.0, "skin": 1.0}
    scene.set_label_opacity(TABLE.by_name("body").value, 0.25)
    assert _opacities(scene, "body", "liver") == {"body": 0.25, "liver": 1.0}


def test_the_first_preset_takes_the_surfaces_away_and_the_last_brings_them() -> None:
    scene, heard = Scene(), []
    scene.changed.connect(lambda: heard.append((scene.preset, scene.surfaces)))
    scene.preset = "CT-Bone"
    scene.surfaces = True
    scene.preset = "CT-Lung"
    scene.preset = ""
    scene.preset = ""
    assert heard == [("CT-Bone", False), ("CT-Bone", True), ("CT-Lung", True), ("", True)]


def test_opacity_stays_between_clear_and_opaque() -> None:
    scene = Scene()
    scene.opacity = 7
    assert scene.opacity == 1.0
    scene.opacity = -1
    assert scene.opacity == 0.0


def test_hiding_a_label_is_told_once() -> None:
    viewing, told = Viewing((4, 4, 4)), []
    viewing.overlay_changed.connect(lambda: told.append(viewing.hidden))
    viewing.hide(5)
    viewing.hide(5)
    viewing.hide(6, False)
    viewing.hide(5, False)
    assert told == [{5}, frozenset()]
