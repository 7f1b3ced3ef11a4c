"""The account of an import: what was filled from where, what was not used and why, and what nobody has trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ctstudio.nets import dit_keys
from ctstudio.systems.na_diff.import_parts import FittedPart

_DIT = "CC-BY-NC-4.0 if these are facebook's weights: not for commercial use"
_OTHERS = {
    "vae": "not stated in the file (Stable Diffusion 1: CreativeML OpenRAIL-M; ft-ema and ft-mse: MIT)",
    "clip": "not stated in the file (OpenAI's and LAION's: MIT)",
}


def licence_of(part: FittedPart, stated: str) -> str:
    """The licence of a part's weights: what the user states, else what is known of public ones."""
    if stated:
        return stated
    if part.source.layout in dit_keys.LAYOUTS:
        return _DIT
    return _OTHERS.get(part.source.part, "not stated in the file")


def untrained_in_words(parts: Mapping[str, FittedPart]) -> tuple[str, ...]:
    """What has first weights only, for example "the condition layers (conditions.*, 10 tensors)"."""
    found = []
    for name, part in parts.items():
        for group, count in sorted(Counter(key.split(".")[0] for key in part.new).items()):
            found.append(f"{name}: {group}.* ({count} tensors)")
    return tuple(found)


def origin_facts(part: FittedPart, sha256: str, licence: str) -> dict[str, Any]:
    """Where a part came from, for `model.json`."""
    return {
        "file": part.source.checkpoint.path.name,
        "sha256": sha256,
        "form": part.source.checkpoint.form,
        "layout": part.source.layout.name,
        "network": part.title,
        "licence": licence_of(part, licence),
        "filled": len(part.made.tensors),
        "of": len(part.tensors),
        "not_trained": sorted(part.new),
        "computed": sorted(part.computed),
        "unused": dict(Counter(part.made.unused.values())),
        "notes": [*part.source.checkpoint.notes, *part.notes],
    }


def coverage_facts(part: FittedPart) -> dict[str, Any]:
    """Every tensor of a part: the keys that filled it, and every key that was not used."""
    return {
        "file": part.source.checkpoint.path.name,
        "layout": part.source.layout.name,
        "filled": {key: list(keys) for key, keys in part.made.sources.items()},
        "not_trained": sorted(part.new),
        "computed": sorted(part.computed),
        "unused": part.made.unused,
    }


def coverage_lines(name: str, part: FittedPart, licence: str) -> list[str]:
    """The account of a part for people."""
    checkpoint, keys = part.source.checkpoint, sum(len(sources) for sources in part.made.sources.values())
    lines = [
        f"{name}: {part.title}",
        f"  from      {checkpoint.path} ({part.source.layout.name}, {checkpoint.form})",
        f"  filled    {len(part.made.tensors)} of {len(part.tensors)} tensors, from {keys} keys; none missing",
    ]
    lines += [f"  computed  {key}" for key in sorted(part.computed)]
    lines += [f"  NEW       {what}, first weights, not trained" for what in untrained_in_words({name: part})]
    lines += [f"  not used  {count} x {why}" for why, count in Counter(_general(part)).items()]
    lines += [f"  note      {note}" for note in (*checkpoint.notes, *part.notes)]
    return [*lines, f"  licence   {licence_of(part, licence)}"]


def _general(part: FittedPart) -> list[str]:
    """Why keys are not used, copies taken together."""
    return ["a copy of another tensor" if why.startswith("a copy of") else why for why in part.made.unused.values()]
