"""Which files of released weights are meant: a file, a checkpoint's folder, or a folder with several of them.

The released training code keeps `<N>_ckpt/` folders of accelerate: the network, and where there is a second file, its
moving average, which samples better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctstudio.core.errors import UnreadableFile, WeightMismatch
from ctstudio.nets.checkpoint_file import SUFFIXES, Checkpoint, read_checkpoint
from ctstudio.nets.key_layouts import Layout, Rule
from ctstudio.systems.medsyn import import_text
from ctstudio.systems.medsyn.weights import BASE, TEXT, UPSCALER

Choice = Literal["ema", "last"]
"""Which of the two networks of a folder: the moving average, or the weights of the last step."""

TITLES = {BASE: "a base network", UPSCALER: "an upscaler", TEXT: "a text encoder"}
PREFIXES = ("", "denoise_fn.", "module.denoise_fn.", "module.", "denoise_fn.module.")
"""What the diffusion class and training on several cards put before every key."""

_EVERY = (Rule("(.*)", r"\1"),)
LAYOUTS = {
    BASE: Layout("MedSyn, low resolution", "init_conv.weight", _EVERY, PREFIXES),
    UPSCALER: Layout("MedSyn, super-resolution", "init_conv0.weight", _EVERY, PREFIXES),
    TEXT: import_text.LAYOUT,
}
_NETWORKS = {"last": ("model.safetensors", "pytorch_model.bin"), "ema": ("model_1.safetensors", "pytorch_model_1.bin")}
_NO_NETWORKS = re.compile(r"(optimizer|scheduler|scaler|training_args|random_states|sampler).*")
_CHECKPOINT = re.compile(r"(\d+)_ckpt")
_DEPTH = 3
"""Most folders within folders that are looked into."""


@dataclass(frozen=True)
class Source:
    """A part's weights.

    Attributes:
        part: One of `TITLES`.
        layout: How its keys are written.
        checkpoint: The weights.
        notes: What was chosen, and from what.
    """

    part: str
    layout: Layout
    checkpoint: Checkpoint
    notes: tuple[str, ...]


def find_sources(path: Path | None, named: Mapping[str, Path], choice: Choice) -> dict[str, Source]:
    """The parts in a file or folder, and those that are named one by one, which count more.

    Args:
        path: A file of weights, or a folder; folders in it are searched, of `<N>_ckpt` the one with the highest N.
        named: File or folder by part.
        choice: Where a folder holds two networks.

    Raises:
        UnreadableFile: Nothing there, damaged, or a pickle that asks to run something.
        WeightMismatch: Weights of something else, or two of the same part.
    """
    found: dict[str, Source] = {}
    for source in _sources(path, choice) if path is not None else ():
        if source.part in found and source.part not in named:
            raise WeightMismatch(
                f"{found[source.part].checkpoint.path} and {source.checkpoint.path} both hold {TITLES[source.part]}.",
                f"Say which is meant with --{source.part}.",
            )
        found[source.part] = source
    for part, place in named.items():
        sources = {source.part: source for source in _sources(place, choice)}
        if part not in sources:
            there = " and ".join(TITLES[name] for name in sources)
            raise WeightMismatch(f"{place} holds {there}, not {TITLES[part]}.", f"Give it as --{next(iter(sources))}.")
        found[part] = sources[part]
    return found


def _sources(path: Path, choice: Choice) -> list[Source]:
    files = _files(path, choice, _DEPTH) if path.is_dir() else [(path, ())]
    if not files:
        raise UnreadableFile(
            f"{path} holds no weights.",
            "Give a file of weights, a folder <N>_ckpt, or the folder that holds the folders of all parts.",
        )
    return [_source(file, notes) for file, notes in files]


def _files(folder: Path, choice: Choice, depth: int) -> list[tuple[Path, tuple[str, ...]]]:
    """Files of weights in a folder, each with what was chosen."""
    networks = {
        kind: [folder / name for name in names if (folder / name).is_file()] for kind, names in _NETWORKS.items()
    }
    if networks["ema"] and networks["last"]:
        other = "last" if choice == "ema" else "ema"
        taken, left = networks[choice][0], networks[other][0].name
        what = "the moving average" if choice == "ema" else "the last step"
        return [(taken, (f"{taken.name} was taken, {what}; not used: {left}",))]
    alike = networks["ema"] or networks["last"]
    if alike:
        return [(alike[0], ())]
    there = [file for file in sorted(folder.iterdir()) if file.is_file() and file.suffix.lower() in SUFFIXES]
    there = [file for file in there if not _NO_NETWORKS.fullmatch(file.name)]
    if there or depth == 0:
        return [(file, ()) for file in there]
    inside = [place for place in sorted(folder.iterdir()) if place.is_dir() and not place.name.startswith(".")]
    numbered = {int(match[1]): place for place in inside if (match := _CHECKPOINT.fullmatch(place.name))}
    if numbered:
        latest = numbered[max(numbered)]
        note = (f"{latest.name} was taken, the latest of {len(numbered)}",) if len(numbered) > 1 else ()
        return [(file, (*note, *notes)) for file, notes in _files(latest, choice, depth - 1)]
    return [found for place in inside for found in _files(place, choice, depth - 1)]


def _source(file: Path, notes: tuple[str, ...]) -> Source:
    checkpoint = read_checkpoint(file)
    for part, layout in LAYOUTS.items():
        if layout.prefix_in(checkpoint.tensors) is not None:
            return Source(part, layout, checkpoint, (*checkpoint.notes, *notes))
    first = ", ".join(sorted(checkpoint.tensors)[:3])
    raise WeightMismatch(
        f"{file} holds no network that MedSyn has. Its first keys are {first}.",
        "Give MedSyn's low-resolution network, its super-resolution network, or its text encoder.",
    )
