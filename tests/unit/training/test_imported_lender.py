"""Public weights lend their parts to the recipes of the paper's size."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.recipe import TrainRecipe
from ctstudio.catalog.recipes import load_recipe
from ctstudio.catalog.shelf import find_model, lend, own_models_dir
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.importing import examine, write
from ctstudio.training.lenders import lender_of, lent_settings
from public_weights import autoencoder, hugging_face_clip


@pytest.mark.usefixtures("own_home")
def test_an_imported_autoencoder_and_clip_lend_themselves_to_the_papers_recipes(tmp_path: Path) -> None:
    autoencoder().save_pretrained(tmp_path / "vae")
    hugging_face_clip().save_pretrained(tmp_path / "clip")
    found = examine(tmp_path / "vae", {"clip": tmp_path / "clip"})
    folder = write(found, "na-diff-paper", own_models_dir(), "", False, lambda *_: None)
    model = find_model("na-diff-paper")
    assert model.folder == folder
    assert model.info.lacks == ("denoiser",)
    assert set(lend(model, "vae").files) == {"vae/config.json", "vae/diffusion_pytorch_model.safetensors"}
    recipe = load_recipe("paper/na-diff-f")
    assert isinstance(recipe, TrainRecipe)
    lent = lent_settings(recipe)
    assert (lent["clip_dim"], lent["latent_channels"], lent["image_channels"]) == (24, 4, 3)
    config = NaDiffConfig.model_validate({**recipe.network, **lent})
    assert config.latent_std == (pytest.approx(1 / 0.18215),)
    assert config.image_size == 256
    for part in ("vae", "clip"):
        lender = lender_of(recipe, part)
        assert lender is not None
        assert lender.folder == folder
