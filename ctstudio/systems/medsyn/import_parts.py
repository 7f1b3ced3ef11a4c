"""Released weights made to fit MedSyn's networks, with nothing left out and nothing guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Size, Tensor, nn

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.key_layouts import Renamed, check_fit, renamed
from ctstudio.systems.medsyn.config import MedsynConfig, UNetConfig
from ctstudio.systems.medsyn.import_files import TITLES, Source
from ctstudio.systems.medsyn.import_text import TextWeights, fit_text
from ctstudio.systems.medsyn.network import BaseNetwork, Upscaler
from ctstudio.systems.medsyn.weights import BASE, unfilled_base, unfilled_upscaler

_TABLES = re.compile(
    r"(module\.|denoise_fn\.)*"
    r"(betas|alphas_cumprod\w*|sqrt_\w+|log_one_minus_alphas_cumprod|posterior_\w+|ddim_\w+|p2_loss_weight)"
)
"""Buffers of older diffusion classes, all of which follow from the schedule."""
_TABLE = "a table of the noise schedule"
_SHARED = re.compile(r"mid_spatial_attn\d+\.fn\.fn\.fn\.(to_\w+\.weight)")
"""Attention that the groups of the middle share: written once, or once for each."""


@dataclass(frozen=True)
class FittedPart:
    """A part of a model, ready to be written.

    Attributes:
        source: Where it came from.
        title: What it is, for people.
        made: Its tensors under our keys, and which of the file's keys filled them.
        notes: What was chosen or assumed.
        text: Of the text encoder, its sizes and vocabulary too.
    """

    source: Source
    title: str
    made: Renamed
    notes: tuple[str, ...] = ()
    text: TextWeights | None = None

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the part by our key."""
        return self.made.tensors


def fitted(source: Source, config: MedsynConfig) -> FittedPart:
    """The base network or the upscaler, every tensor accounted for.

    Raises:
        WeightMismatch: Keys that are missing, unknown, or of another shape; names them.
    """
    where, sizes = str(source.checkpoint.path), config.base if source.part == BASE else config.upscaler
    tables = {key for key in source.checkpoint.tensors if _TABLES.fullmatch(key)}
    made = renamed(source.layout, {k: v for k, v in source.checkpoint.tensors.items() if k not in tables})
    made.unknown += list(made.unused)  # keys without the prefix that the others have
    made.unused = dict.fromkeys(sorted(tables), _TABLE)
    _check_size(source, made, sizes)
    notes = (*source.notes, *_fill_shared(made))
    wanted = unfilled(source.part, config)
    check_fit(made, _shapes(wanted), (), where)
    count = sum(parameter.numel() for parameter in wanted.parameters())
    title = f"{TITLES[source.part].split(' ', 1)[1]} of {count:,} parameters, {sizes.side} voxels an edge"
    return FittedPart(source, title, made, notes)


def fitted_text(source: Source, config: MedsynConfig) -> FittedPart:
    """The text encoder, every tensor accounted for, and the vocabulary beside it.

    Raises:
        WeightMismatch: Keys that are missing, unknown, or of another shape (names them), or another vocabulary.
    """
    weights = fit_text(source.checkpoint, config.text)
    sizes = weights.config
    title = f"text encoder, {sizes.layers} layers x {sizes.width}, {sizes.vocabulary} words and parts of words"
    return FittedPart(source, title, weights.made, (*source.notes, *weights.notes), weights)


def unfilled(part: str, config: MedsynConfig) -> BaseNetwork | Upscaler:
    """A part's network without memory for its weights."""
    return unfilled_base(config) if part == BASE else unfilled_upscaler(config)


def network_of(part: FittedPart, config: MedsynConfig) -> BaseNetwork | Upscaler:
    """The network with the part's weights, float32, in evaluation mode."""
    network = unfilled(part.source.part, config)
    network.load_state_dict({key: tensor.float() for key, tensor in part.tensors.items()}, assign=True)
    return network.eval().requires_grad_(False)


def coverage_facts(part: FittedPart) -> dict[str, Any]:
    """Every tensor of a part: the keys that filled it, and every key that was not used."""
    return {
        "file": part.source.checkpoint.path.name,
        "layout": part.source.layout.name,
        "filled": {key: list(keys) for key, keys in part.made.sources.items()},
        "unused": part.made.unused,
    }


def coverage_lines(name: str, part: FittedPart) -> list[str]:
    """The account of a part for people."""
    checkpoint, keys = part.source.checkpoint, {key for keys in part.made.sources.values() for key in keys}
    return [
        f"{name}: {part.title}",
        f"  from      {checkpoint.path} ({part.source.layout.name}, {checkpoint.form})",
        f"  filled    {len(part.tensors)} of {len(part.tensors)} tensors, from {len(keys)} keys; none missing",
        *(f"  not used  {count} x {why}" for why, count in Counter(part.made.unused.values()).items()),
        *(f"  note      {note}" for note in part.notes),
    ]


def _check_size(source: Source, made: Renamed, sizes: UNetConfig) -> None:
    """Refuse another size of the network in one sentence, not with hundreds of shapes."""
    first = made.tensors.get(source.layout.sign)
    if first is not None and first.ndim == 5 and len(first) != sizes.dim:
        count = sum(tensor.numel() for tensor in made.tensors.values())
        raise WeightMismatch(
            f"{source.checkpoint.path} holds {TITLES[source.part]} of another size: {count:,} weights, "
            f"{len(first)} channels at its first level, not {sizes.dim}.",
            "Give the released weights; an early upload of the training code had a smaller network.",
            "\n".join(f"{key} {tuple(tensor.shape)}" for key, tensor in made.tensors.items()),
        )


def _fill_shared(made: Renamed) -> tuple[str, ...]:
    """Give every name of a shared tensor its tensor; files may hold it once.

    Raises:
        WeightMismatch: Two names hold different tensors.
    """
    originals: dict[str, str] = {}
    for key in sorted(made.tensors):
        if match := _SHARED.fullmatch(key):
            first = originals.setdefault(match[1], key)
            if not _same(made.tensors[first], made.tensors[key]):
                raise WeightMismatch(
                    f"{key} should be the same as {first}, and is not.",
                    "Give the weights as they were published, whole and unchanged.",
                )
    groups = {key.split(".")[0] for key in made.tensors if re.match(r"mid_spatial_attn\d+\.", key)}
    absent = [
        (f"{group}.fn.fn.fn.{end}", first)
        for end, first in originals.items()
        for group in groups
        if f"{group}.fn.fn.fn.{end}" not in made.tensors
    ]
    for key, first in absent:
        made.tensors[key], made.sources[key] = made.tensors[first], made.sources[first]
    return (f"{len(absent)} names of the shared attention share its tensors",) if absent else ()


def _same(one: Tensor, other: Tensor) -> bool:
    return one is other or one.is_meta or (one.shape == other.shape and torch.equal(one, other))


def _shapes(network: nn.Module) -> Mapping[str, Size]:
    return {key: tensor.shape for key, tensor in network.state_dict().items()}
