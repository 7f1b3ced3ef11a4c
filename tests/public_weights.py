"""Tiny networks in the forms in which the public ones are published, with random weights."""

from __future__ import annotations

import json
import re
import warnings
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DiTTransformer2DModel
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ctstudio.nets.clip import build_clip
from ctstudio.nets.dit import DiT, DiTConfig

State = dict[str, Tensor]

TRUNK = DiTConfig(side=8, patch=2, in_channels=4, out_channels=8, hidden=32, depth=2, heads=4)
CLASSES = 10
TINY_CLIP: dict[str, Any] = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 2, "width": 64, "head_width": 64},
    "text_cfg": {"context_length": 8, "vocab_size": 16, "width": 32, "heads": 2, "layers": 1},
}


def stirred(build: Callable[..., Any], *args: object, seed: int = 0, **settings: object) -> Any:
    """A network, evaluating, the same each time, none of its weights where its maker leaves them."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module: nn.Module = build(*args, **settings)
        for name, parameter in module.named_parameters():
            if name != "pos_embed":
                parameter.add_(0.1 * torch.randn_like(parameter))
    return module.eval()


def facebook_dit() -> State:
    """A class-conditional DiT with facebook's keys."""
    state = dict(stirred(DiT, TRUNK).state_dict())
    table = torch.randn(CLASSES + 1, TRUNK.hidden, generator=torch.Generator().manual_seed(1))
    return {**state, "y_embedder.embedding_table.weight": table}


def diffusers_dit(state: State) -> DiTTransformer2DModel:
    """Diffusers' network with the weights of a DiT with facebook's keys.

    Its time waves are set to facebook's, which diffusers does not do.
    """
    network = DiTTransformer2DModel(
        num_attention_heads=TRUNK.heads,
        attention_head_dim=TRUNK.hidden // TRUNK.heads,
        in_channels=TRUNK.in_channels,
        out_channels=TRUNK.out_channels,
        num_layers=TRUNK.depth,
        sample_size=TRUNK.side,
        patch_size=TRUNK.patch,
        num_embeds_ada_norm=CLASSES,
    )
    network.load_state_dict(_in_diffusers_words(state))
    for block in network.transformer_blocks:
        block.norm1.emb.time_proj.downscale_freq_shift = 0
    return network.eval()


def _in_diffusers_words(state: State) -> State:
    made: State = {}
    for end in ("weight", "bias"):
        made[f"pos_embed.proj.{end}"] = state[f"x_embedder.proj.{end}"]
        made[f"proj_out_1.{end}"] = state[f"final_layer.adaLN_modulation.1.{end}"]
        made[f"proj_out_2.{end}"] = state[f"final_layer.linear.{end}"]
        for block in range(TRUNK.depth):
            ours, theirs = f"blocks.{block}", f"transformer_blocks.{block}"
            made[f"{theirs}.norm1.emb.timestep_embedder.linear_1.{end}"] = state[f"t_embedder.mlp.0.{end}"]
            made[f"{theirs}.norm1.emb.timestep_embedder.linear_2.{end}"] = state[f"t_embedder.mlp.2.{end}"]
            made[f"{theirs}.norm1.linear.{end}"] = state[f"{ours}.adaLN_modulation.1.{end}"]
            for name, part in zip("qkv", state[f"{ours}.attn.qkv.{end}"].chunk(3), strict=True):
                made[f"{theirs}.attn1.to_{name}.{end}"] = part.clone()
            made[f"{theirs}.attn1.to_out.0.{end}"] = state[f"{ours}.attn.proj.{end}"]
            made[f"{theirs}.ff.net.0.proj.{end}"] = state[f"{ours}.mlp.fc1.{end}"]
            made[f"{theirs}.ff.net.2.{end}"] = state[f"{ours}.mlp.fc2.{end}"]
            made[f"{theirs}.norm1.emb.class_embedder.embedding_table.weight"] = state[
                "y_embedder.embedding_table.weight"
            ]
    return made


def training_file(path: Path, state: State, architecture: str = "DiT-tiny") -> Path:
    """A checkpoint as facebook's train.py writes it: {model, ema, opt, args}, args a Namespace."""
    other = {key: value + 1 for key, value in state.items()}
    content = {"model": other, "ema": state, "opt": {"state": {}}, "args": Namespace(model=architecture, lr=1e-4)}
    torch.save(content, path)
    return path


def autoencoder(channels: int = 3, latent: int = 4) -> AutoencoderKL:
    """Stable Diffusion's autoencoder with two levels instead of four: 2 pixels to a latent pixel."""
    blocks = ("DownEncoderBlock2D",) * 2, ("UpDecoderBlock2D",) * 2
    return stirred(AutoencoderKL, channels, channels, *blocks, (32, 64), 2, latent_channels=latent)


def in_compvis_words(state: State) -> State:
    """An autoencoder's weights with the keys of CompVis."""
    levels = 1 + max(int(m[1]) for key in state if (m := re.search(r"down_blocks\.(\d+)", key)))
    renamed: State = {}
    for key, value in state.items():
        new = re.sub(r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block.", key)
        new = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", new)
        new = re.sub(r"up_blocks\.(\d+)\.resnets\.", lambda m: f"up.{levels - 1 - int(m[1])}.block.", new)
        new = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", new)
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", new)
        new = new.replace("mid_block.attentions.0", "mid.attn_1").replace("conv_shortcut", "nin_shortcut")
        new = new.replace("conv_norm_out", "norm_out").replace("group_norm", "norm")
        for theirs, ours in {"q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}.items():
            new = new.replace(f"attn_1.{ours}.", f"attn_1.{theirs}.")
        is_matrix = "attn_1" in new and value.ndim == 2
        renamed[new] = value[:, :, None, None].clone() if is_matrix else value
    return renamed


def in_older_diffusers_words(state: State) -> State:
    """An autoencoder's weights with the keys that diffusers used until 2023."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for key, value in state.items():
        new = key
        for ours, older in names.items():
            new = new.replace(f"attentions.0.{ours}.", f"attentions.0.{older}.")
        renamed[new] = value
    return renamed


def clip() -> CLIP:
    """A CLIP in open_clip's form, text tower and all."""
    return stirred(build_clip, TINY_CLIP)


def hugging_face_clip(activation: str = "quick_gelu") -> CLIPVisionModelWithProjection:
    """A CLIP image tower in Hugging Face's form."""
    config = CLIPVisionConfig(
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=16,
        projection_dim=24,
        hidden_act=activation,
    )
    return stirred(CLIPVisionModelWithProjection, config)


def openai_archive(path: Path, tower: CLIP) -> Path:
    """A CLIP as OpenAI publishes it: a TorchScript archive, in half precision."""

    class Scripted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.visual = tower.visual
            self.logit_scale = tower.logit_scale
            self.register_buffer("input_resolution", torch.tensor(tower.visual.image_size[0]))

        def forward(self, picture: Tensor) -> Tensor:
            return self.visual(picture) * self.logit_scale

    side = tower.visual.image_size[0]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what tracing warns of does not matter: only the weights are read
        traced = torch.jit.trace(Scripted(), torch.zeros(1, 3, side, side), check_trace=False)
    torch.jit.save(traced.half(), path)
    tower.float()
    return path


def write_public_folder(folder: Path) -> Path:
    """A DiT, an autoencoder and a CLIP that go together, in a folder as diffusers writes it."""
    diffusers_dit(facebook_dit()).save_pretrained(folder / "transformer")
    autoencoder().save_pretrained(folder / "vae")
    hugging_face_clip().save_pretrained(folder / "image_encoder")
    return folder


def save(state: State, path: Path) -> Path:
    """Write weights as safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in state.items()}, path)
    return path


def write_json(path: Path, content: object) -> Path:
    """Write a configuration."""
    path.write_text(json.dumps(content))
    return path


def published_shapes(repository: Path) -> dict[str, dict[str, list[int]]]:
    """Keys and shapes of real public checkpoints, noted beside the repository; empty where they are not."""
    path = repository.parent / "shared" / "facts" / "statedict_layouts.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def weightless(shapes: dict[str, list[int]], prefix: str = "") -> State:
    """Tensors of these shapes that take no memory."""
    return {prefix + key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
