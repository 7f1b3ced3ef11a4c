"""MedSyn's weights at tiny width, in the forms in which they are handed out."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ctstudio.systems.medsyn.config import MedsynConfig, TextConfig, UNetConfig
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler

State = dict[str, Tensor]

TINY = MedsynConfig(
    base=UNetConfig(side=8, dim=8, dim_mults=(1, 2), heads=1),
    upscaler=UNetConfig(side=16, dim=8, dim_mults=(1, 2), heads=1),
    text=TextConfig(width=16, tokens=6),
)


def base_state(seed: int = 0) -> State:
    """The low-resolution network, shared attention under every name."""
    torch.manual_seed(seed)
    return dict(BaseNetwork(TINY.base, TINY.text).state_dict())


def upscaler_state(seed: int = 1) -> State:
    """The super-resolution network."""
    torch.manual_seed(seed)
    return dict(Upscaler(TINY.upscaler).state_dict())


def tables() -> State:
    """What older diffusion classes keep beside the network."""
    names = ("betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_recip_alphas_cumprod", "posterior_variance")
    return {name: torch.zeros(10) for name in (*names, "log_one_minus_alphas_cumprod", "ddim_timesteps")}


def prefixed(state: State, prefix: str) -> State:
    """The same keys behind a prefix."""
    return {prefix + key: tensor for key, tensor in state.items()}


def write_release(folder: Path) -> Path:
    """The folders of the release: two checkpoints of the first stage with moving averages, one of the second."""
    low = folder / "results_text_low_res_improved_unet_seg"
    for number, seed in ((900, 5), (1000, 0)):
        place = low / f"{number}_ckpt"
        place.mkdir(parents=True)
        torch.save({**prefixed(base_state(seed + 10), "denoise_fn."), **tables()}, place / "pytorch_model.bin")
        torch.save({**prefixed(base_state(seed), "denoise_fn."), **tables()}, place / "pytorch_model_1.bin")
        torch.save({"state": {}, "param_groups": []}, place / "optimizer.bin")
        (place / "random_states_0.pkl").write_bytes(b"not read")
    high = folder / "results_SR_gaussian_aug_full_volume_seg" / "800_ckpt"
    high.mkdir(parents=True)
    torch.save(prefixed(upscaler_state(), "module.denoise_fn."), high / "pytorch_model.bin")
    return folder


def once(state: State) -> State:
    """As safetensors writes it: each shared tensor under one of its names."""
    kept: State = {}
    places: set[int] = set()
    for key, tensor in state.items():
        if tensor.data_ptr() not in places:
            kept[key] = tensor
        places.add(tensor.data_ptr())
    return kept


def save_once(state: State, path: Path) -> Path:
    """Write it so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous() for key, tensor in once(state).items()}, path)
    return path
