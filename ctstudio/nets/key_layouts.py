"""From the keys of a public checkpoint to the keys of a network, strictly, with an account of every tensor.

The converters of diffusers are not used: they drop what they do not know, and cannot say which key filled what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Size, Tensor

from ctstudio.core.errors import WeightMismatch

NAMED = 6
"""Most keys that a message names."""


@dataclass(frozen=True)
class Rule:
    r"""What becomes of the keys that match a pattern.

    Attributes:
        source: Regular expression for the whole key.
        target: The network's key, with `\1` … for the groups of the pattern; empty for keys that are not used.
        part: Place among the tensors that are laid one after another along the first axis, such as q, k, v.
        transposed: The matrix lies the other way.
        flat: A 1x1 convolution that the network has as a linear layer.
        twin: The tensor must equal the one that fills `target`, and is not used.
        why: Why a key is not used.
    """

    source: str
    target: str = ""
    part: int = 0
    transposed: bool = False
    flat: bool = False
    twin: bool = False
    why: str = ""


@dataclass(frozen=True)
class Layout:
    """The keys of one way to write a network down.

    Attributes:
        name: In words.
        sign: A key that this layout has and no other.
        rules: Tried in order; the first that matches counts.
        prefixes: What may stand before every key when several networks share a file.
    """

    name: str
    sign: str
    rules: tuple[Rule, ...]
    prefixes: tuple[str, ...] = ("",)

    def prefix_in(self, keys: Iterable[str]) -> str | None:
        """The prefix under which a file has this layout, or None."""
        there = set(keys)
        return next((prefix for prefix in self.prefixes if prefix + self.sign in there), None)


@dataclass
class Renamed:
    """Tensors under the network's keys.

    Attributes:
        layout: The name of the layout.
        tensors: By the network's key.
        sources: The file's keys that filled each.
        unused: Why each of the file's other keys is not used.
        unknown: The file's keys that no rule speaks of.
    """

    layout: str
    tensors: dict[str, Tensor] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def renamed(layout: Layout, tensors: Mapping[str, Tensor]) -> Renamed:
    """Give the tensors of a file the network's keys.

    Raises:
        WeightMismatch: A tensor that must be a copy of another is not; names it.
    """
    prefix = layout.prefix_in(tensors) or ""
    made = Renamed(layout.name)
    found: dict[str, list[tuple[Rule, str]]] = {}
    twins: list[tuple[str, str]] = []
    for key in tensors:
        rule, target = _ruled(layout, key.removeprefix(prefix)) if key.startswith(prefix) else (None, "")
        if not key.startswith(prefix):
            made.unused[key] = "belongs to another network in the same file"
        elif rule is None:
            made.unknown.append(key)
        elif rule.twin:
            twins.append((key, target))
        elif target:
            found.setdefault(target, []).append((rule, key))
        else:
            made.unused[key] = rule.why
    for target, parts in found.items():
        parts.sort(key=lambda part: part[0].part)
        made.sources[target] = tuple(key for _, key in parts)
        made.tensors[target] = _joined([_turned(tensors[key], rule) for rule, key in parts])
    _check_twins(made, tensors, twins)
    return made


def check_fit(made: Renamed, wanted: Mapping[str, Size], new: Iterable[str], where: str) -> tuple[str, ...]:
    """Compare with the network, both ways.

    Args:
        made: What the file gives.
        wanted: Shape of every tensor of the network, by key.
        new: Beginnings of keys that the file need not have.
        where: The file, for the message.

    Returns:
        The network's keys that the file does not fill.

    Raises:
        WeightMismatch: Keys that are missing, unknown, of another shape, or hold NaN or infinity; names them.
    """
    allowed = tuple(new)
    missing = [key for key in wanted if key not in made.tensors]
    lacking = [key for key in missing if not key.startswith(allowed)]
    unknown = made.unknown + [made.sources[key][0] for key in made.tensors if key not in wanted]
    shapes = [
        f"{' + '.join(made.sources[key])} has shape {tuple(tensor.shape)}, not {tuple(wanted[key])}"
        for key, tensor in made.tensors.items()
        if key in wanted and tensor.shape != wanted[key]
    ]
    broken = [key for key, tensor in made.tensors.items() if key in wanted and not _finite(tensor)]
    wrong = [
        _listed("missing", lacking),
        _listed("unknown", unknown),
        _listed("", shapes),
        _listed("not finite", [made.sources[key][0] for key in broken]),
    ]
    if any(wrong):
        raise WeightMismatch(
            f"{where}, read as {made.layout}, does not fit: {'; '.join(part for part in wrong if part)}.",
            "Give the weights as they were published, whole and unchanged.",
            "\n".join((*lacking, *unknown, *shapes, *broken)),
        )
    return tuple(missing)


def _ruled(layout: Layout, key: str) -> tuple[Rule | None, str]:
    for rule in layout.rules:
        if match := re.fullmatch(rule.source, key):
            return rule, match.expand(rule.target)
    return None, ""


def _turned(tensor: Tensor, rule: Rule) -> Tensor:
    if rule.flat and tensor.ndim > 2 and tensor[0, 0].numel() == 1:
        tensor = tensor.flatten(1)  # (out, in)
    return tensor.t() if rule.transposed else tensor


def _joined(parts: list[Tensor]) -> Tensor:
    """Parts along the first axis; shapes that cannot be joined stay apart and are named by `check_fit`."""
    if len(parts) == 1 or len({part.shape[1:] for part in parts}) > 1:
        return parts[0]
    return torch.cat(parts)


def _finite(tensor: Tensor) -> bool:
    return tensor.is_meta or not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _check_twins(made: Renamed, tensors: Mapping[str, Tensor], twins: list[tuple[str, str]]) -> None:
    for key, target in twins:
        original = made.tensors.get(target)
        same = original is not None and original.shape == tensors[key].shape
        if original is not None and same and not original.is_meta:
            same = torch.equal(original, tensors[key])
        if not same:
            raise WeightMismatch(
                f"{key} should be a copy of {made.sources.get(target, (target,))[0]}, and is not.",
                "A network whose blocks have embedders of their own cannot be used; give the weights as published.",
            )
        made.unused[key] = f"a copy of {made.sources[target][0]}"


def _listed(what: str, keys: list[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"{what}{': ' if what else ''}{', '.join(keys[:NAMED])}{more}"
