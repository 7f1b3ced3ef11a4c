"""Public autoencoders in three spellings give one network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.key_layouts import Renamed, check_fit, renamed
from ctstudio.nets.vae_keys import build_vae, layouts_for, vae_config
from public_weights import State, autoencoder, in_compvis_words, in_older_diffusers_words, published_shapes, weightless
from weightless import on_meta

STABLE_DIFFUSION = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "latent_channels": 4}


def _paper_size() -> State:
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    return dict(on_meta(lambda: AutoencoderKL(3, 3, **blocks, **STABLE_DIFFUSION)).state_dict())


def _read(state: State) -> Renamed:
    [layout] = [layout for layout in layouts_for(state) if layout.prefix_in(state) is not None]
    return renamed(layout, state)


def _network(made: Renamed) -> AutoencoderKL:
    vae = build_vae(vae_config({key: value.shape for key, value in made.tensors.items()}, {}))
    check_fit(made, {key: value.shape for key, value in vae.state_dict().items()}, (), "file")
    vae.load_state_dict(made.tensors)
    return vae.eval()


SPELLINGS = {
    "new": lambda state: state,
    "old": in_older_diffusers_words,
    "compvis": in_compvis_words,
    "in stable diffusion": lambda state: {
        **{f"first_stage_model.{key}": value for key, value in in_compvis_words(state).items()},
        "model.diffusion_model.out.0.weight": torch.zeros(2),
        "cond_stage_model.transformer.x": torch.zeros(2),
    },
    "while training": lambda state: {
        **in_compvis_words(state),
        "loss.logvar": torch.zeros(1),
        "loss.d.0": torch.zeros(1),
    },
}


@torch.no_grad()
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_encodes_and_decodes_alike(spelling: str) -> None:
    original = autoencoder()
    state = SPELLINGS[spelling](original.state_dict())
    made = _read(state)
    vae = _network(made)
    picture = torch.rand(2, 3, 16, 16) * 2 - 1
    z = original.encode(picture).latent_dist.mean
    torch.testing.assert_close(vae.encode(picture).latent_dist.mean, z, atol=0, rtol=0)
    torch.testing.assert_close(vae.decode(z).sample, original.decode(z).sample, atol=0, rtol=0)
    assert z.std() > 0.01
    assert sum(map(len, made.sources.values())) + len(made.unused) == len(state)
    assert len(made.unused) == {"in stable diffusion": 2, "while training": 2}.get(spelling, 0)


@pytest.mark.parametrize("spelling", ["new", "old", "compvis", "in stable diffusion"])
def test_every_key_of_stable_diffusions_autoencoder_has_its_place(spelling: str) -> None:
    made = _read(SPELLINGS[spelling](_paper_size()))
    shapes = {key: value.shape for key, value in made.tensors.items()}
    config = vae_config(shapes, {})
    assert config["block_out_channels"] == [128, 256, 512, 512]
    assert (config["layers_per_block"], config["latent_channels"], config["scaling_factor"]) == (2, 4, 0.18215)
    wanted = {key: value.shape for key, value in on_meta(build_vae, config).state_dict().items()}
    assert check_fit(made, wanted, (), "file") == ()
    assert set(shapes) == set(wanted)
    assert len(wanted) == 248


def test_the_published_layout_is_the_one_that_is_read(repository: Path) -> None:
    published = published_shapes(repository)
    if not published:
        pytest.skip("the published layouts are not here")
    assert {key: list(value.shape) for key, value in _paper_size().items()} == published["sd_vae_diffusers"]
    assert set(_read(weightless(published["sd_vae_diffusers"])).tensors) == set(published["sd_vae_diffusers"])


def test_diffusers_own_converter_agrees() -> None:
    """It also proves the spelling of these tests: it reads CompVis' keys as they are."""
    compvis = in_compvis_words(autoencoder().state_dict())
    config = {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
    theirs = convert_ldm_vae_checkpoint(dict(compvis), config)
    ours = _read(compvis).tensors
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert torch.equal(ours[key], value), key


def test_what_shapes_do_not_say_comes_from_the_configuration() -> None:
    shapes = {key: value.shape for key, value in autoencoder().state_dict().items()}
    config = vae_config(shapes, {"norm_num_groups": 16, "scaling_factor": 0.13, "shift_factor": 0.1})
    assert (config["norm_num_groups"], config["scaling_factor"], config["shift_factor"]) == (16, 0.13, 0.1)
    with pytest.raises(WeightMismatch, match=r"config\.json"):
        build_vae({**config, "norm_num_groups": 7})


def test_attention_in_places_where_diffusers_has_none_is_refused() -> None:
    state = in_compvis_words(autoencoder().state_dict())
    with pytest.raises(WeightMismatch, match=r"unknown: encoder\.down\.1\.attn\.0\.q\.weight"):
        _network(_read({**state, "encoder.down.1.attn.0.q.weight": torch.zeros(64, 64, 1, 1)}))


def test_half_an_autoencoder_is_refused() -> None:
    state = {key: value for key, value in autoencoder().state_dict().items() if not key.startswith("decoder.")}
    with pytest.raises(WeightMismatch, match=r"decoder\.conv_out\.weight"):
        vae_config({key: value.shape for key, value in state.items()}, {})
