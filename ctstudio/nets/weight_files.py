"""The weights of one part of a model: `model.safetensors` in fp16, `config.json` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.tensor_file import save_tensors

WEIGHTS = "model.safetensors"
CONFIG = "config.json"


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill a network from a safetensors file, strictly, as float32; one on the meta device gets its memory so.

    Raises:
        WeightMismatch: The file is missing or damaged, or keys or shapes differ; names them.
    """
    try:
        state = {
            key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in load_file(path).items()
        }
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise WeightMismatch(f"{path} cannot be read: {error}.", "Install the model again.") from error
    own = module.state_dict()
    wrong = [f"{k} is missing" for k in own if k not in state] + [f"{k} is unknown" for k in state if k not in own]
    wrong += [
        f"{k} has shape {tuple(state[k].shape)}, not {tuple(own[k].shape)}"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    if wrong:
        raise WeightMismatch(
            f"{path} does not fit the network: {'; '.join(wrong[:5])}.",
            "Use the weights that belong to this model.json.",
            "\n".join(wrong),
        )
    module.load_state_dict(state, assign=any(tensor.is_meta for tensor in own.values()))


def save_weights(module: nn.Module, folder: Path, config: dict[str, Any] | None = None) -> None:
    """Write a network's weights as fp16 safetensors, and its configuration beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}
    save_tensors(state, folder / WEIGHTS)
    if config is not None:
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def read_config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a part of a model.

    Raises:
        WeightMismatch: It is missing or not JSON.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightMismatch(f"{folder / CONFIG} cannot be read.", "Install the model again.", str(error)) from error
    return dict(config)
