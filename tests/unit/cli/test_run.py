"""Commands built from cards."""

from __future__ import annotations

import inspect
from typing import Literal

import pytest
import typer
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from ctstudio.catalog.card import Card, InputSpec, OutputSpec
from ctstudio.catalog.cards import all_cards
from ctstudio.cli import run
from ctstudio.cli.main import build


class _Parameters(BaseModel):
    strength: float = Field(default=0.5, ge=0, le=1, title="Strength", description="How much.")
    mode: Literal["soft", "hard"] = Field(default="soft", title="Mode", description="Which way.")
    keep_edges: bool = Field(default=False, title="Keep edges", description="Or not.")


_CARD = Card(
    system="new_system",
    task="add_lesion",
    title="Title",
    summary="What it does.",
    citation="Someone, 2020.",
    inputs=(InputSpec("mr", "scan", "MR", True, "A scan."), InputSpec("lesion_mask", "mask", "Mask", False, "Where.")),
    parameters=_Parameters,
    outputs=(OutputSpec("ct", "scan", "CT"),),
)


def test_a_new_card_is_a_command_with_all_its_options() -> None:
    parameters = inspect.signature(run.command_of(_CARD)).parameters
    own = ["mr", "lesion_mask", "strength", "mode", "keep_edges"]
    assert list(parameters) == [*own, "out", "model", "device", "dtype", "as_json"]
    app = typer.Typer()
    app.command()(run.command_of(_CARD))
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "160", "TERM": "dumb"}).output
    for word in ("--mr", "--lesion-mask", "--strength", "--mode", "soft|hard", "--keep-edges", "--device", "--json"):
        assert word in shown


def test_what_is_on_by_default_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    monkeypatch.setattr("ctstudio.cli.running.run_task", lambda card, given: heard.append(given["keep_edges"]))
    app = typer.Typer()
    app.command()(run.command_of(_CARD))
    for words in ([], ["--keep-edges"], ["--no-keep-edges"]):
        CliRunner().invoke(app, ["--mr", "a", "--out", "b", *words], catch_exceptions=False)
    assert heard == [None, True, False]


@pytest.mark.parametrize("card", all_cards(), ids=lambda card: f"{card.system}-{card.task}")
def test_every_card_of_the_catalog_has_its_command(card: Card) -> None:
    words = ["run", card.system.replace("_", "-"), card.task.replace("_", "-"), "--help"]
    done = CliRunner().invoke(build(words), words, env={"COLUMNS": "160", "TERM": "dumb"})
    assert done.exit_code == 0
    for field in card.fields():
        assert f"--{field.name.replace('_', '-')}" in done.output
