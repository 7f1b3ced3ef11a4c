"""Public weights from a download to the shelf, as a person does it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from command_line import Said, ctstudio_here
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.io.reading import read_volume
from ctstudio.io.writing import write_labels
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from public_weights import facebook_dit, save, stirred, training_file, write_public_folder
from released_medsyn import write_release

Run = Callable[..., Said]

GRID = Grid.centred((1, 32, 32), (12.0, 12.0, 5.0))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Downloads, and a mask of a liver."""
    place = tmp_path_factory.mktemp("public")
    write_public_folder(place / "diffusers")
    training_file(place / "DiT.pt", facebook_dit())
    config = NaDiffConfig(image_size=16, vae_factor=2, patch=2, hidden=32, depth=2, heads=4, clip_dim=24)
    save(dict(stirred(NaDiffNetwork, config).state_dict()), place / "whole.safetensors")
    labels = np.zeros(GRID.shape, np.uint8)
    labels[:, 8:24, 6:20] = values_of(["liver"])[0]
    write_labels(LabelMap(labels, GRID, standard_table()), place / "mask.nii.gz")
    return place


@pytest.fixture
def run(own_home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, with a shelf of this test's own."""
    return partial(ctstudio_here, capsys)


def test_a_public_trunk_comes_onto_the_shelf_and_refuses_to_generate(run: Run, public: Path, tmp_path: Path) -> None:
    said = run("models", "import", public / "diffusers", "--system", "na-diff", "--name", "xl")
    assert said.code == 0, said.err
    for words in ("filled", "none missing", "NEW", "conditions.*", "not for generating", "CC-BY-NC-4.0", "ImageNet"):
        assert words in said.out
    listed = {model["name"]: model for model in run("models", "list", "--json").facts["models"]}
    assert "never trained" in listed["xl"]["not_ready"]
    assert listed["na-diff-demo"]["not_ready"] == ""
    assert run("models", "check", "xl", "--json").facts["intact"]
    shown = run("models", "show", "xl").out
    assert "NOT READY" in shown
    assert "CC-BY-NC-4.0" in shown
    made = ("run", "na-diff", "generate", "--mask", public / "mask.nii.gz", "--model", "xl", "--out", tmp_path / "out")
    refused = run(*made)
    assert refused.code == 2
    assert "never trained" in refused.err.splitlines()[-1]
    assert not (tmp_path / "out").exists()
    again = run("models", "import", public / "diffusers", "--system", "na_diff", "--name", "xl")
    again.complains_of("xl already")
    replaced = run("models", "import", public / "diffusers", "--system", "na_diff", "--name", "xl", "--replace")
    assert replaced.code == 0


def test_a_whole_model_generates(run: Run, public: Path, tmp_path: Path) -> None:
    parts = ("--vae", public / "diffusers" / "vae", "--clip", public / "diffusers" / "image_encoder", "--heads", 4)
    facts = run("models", "import", public / "whole.safetensors", "--system", "na_diff", *parts, "--json").facts
    assert (facts["name"], facts["not_trained"], facts["lacks"]) == ("whole", [], [])
    options = ("--model", "whole", "--steps", 4, "--out", tmp_path / "out", "--json")
    assert run("run", "na-diff", "generate", "--mask", public / "mask.nii.gz", *options).facts["samples"]
    ct = read_volume(tmp_path / "out" / "0001" / "ct.nii.gz")
    assert ct.grid.shape == GRID.shape
    assert ct.array.std() > 1
    options = ("--system", "na_diff", "--name", "copy")
    run("models", "import", facts["folder"], *options, *parts[:2]).complains_of("whole model already", "--vae")
    copied = run("models", "import", facts["folder"], *options, "--json").facts
    assert run("models", "check", copied["folder"], "--json").facts["intact"]


def test_only_looking_writes_nothing(run: Run, public: Path, own_home: Path) -> None:
    options = ("--system", "na_diff", "--heads", 4, "--dry-run", "--json")
    facts = run("models", "import", public / "DiT.pt", *options).facts
    assert facts["lacks"] == ["vae", "clip"]
    assert facts["parts"]["denoiser"]["filled"]["trunk.pos_embed"] == ["pos_embed"]
    assert facts["config"]["hidden"] == 32
    assert not list(own_home.rglob("model.json"))


class _Bomb:
    def __reduce__(self) -> object:
        return os.system, ("touch went_off",)


def test_what_cannot_be_used_is_said_in_one_line(run: Run, public: Path, tmp_path: Path, own_home: Path) -> None:
    torch.save({"state_dict": _Bomb()}, tmp_path / "bomb.pt")
    (tmp_path / "cut.pt").write_bytes((public / "DiT.pt").read_bytes()[:5000])
    na_diff = ("--system", "na_diff")
    run("models", "import", tmp_path / "bomb.pt", *na_diff).complains_of("bomb.pt is refused", "system")
    assert not Path("went_off").exists()
    run("models", "import", tmp_path / "cut.pt", *na_diff).complains_of("cut.pt", "damaged")
    run("models", "import", public / "DiT.pt", "--system", "med_dit").complains_of("med_dit", "--system na_diff")
    run("models", "import", public / "DiT.pt", *na_diff).complains_of("heads", "--heads")
    options = (*na_diff, "--heads", 4, "--name")
    run("models", "import", public / "DiT.pt", *options, "na-diff-demo").complains_of("na-diff-demo already")
    run("models", "import", public / "DiT.pt", *options, "a/b").complains_of("cannot be the name")
    shelf = own_home / "data" / "ctstudio"
    shelf.parent.mkdir()
    shelf.write_text("a file where the folder should be")
    run("models", "import", public / "DiT.pt", *options, "x").complains_of("models was not saved")


def test_released_weights_of_medsyn_of_another_size_and_foreign_options_are_refused(
    run: Run, public: Path, tmp_path: Path, own_home: Path
) -> None:
    release = write_release(tmp_path / "release")
    medsyn = ("--system", "medsyn", "--name", "released")
    run("models", "import", release, *medsyn).complains_of("8 channels at its first level, not 160", "released weights")
    run("models", "import", release, *medsyn, "--vae", public).complains_of("no --vae")
    run("models", "import", public / "DiT.pt", "--system", "na_diff", "--skip-self-test").complains_of(
        "no --skip-self-test"
    )
    run("models", "import", public / "DiT.pt", *medsyn).complains_of("no network that MedSyn has")
    assert not list(own_home.rglob("model.json"))
