"""Released weights become a model folder: what was found is fitted, told and tried first, then written in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import ParameterError
from ctstudio.core.labels import LUNG_LOBES
from ctstudio.core.volume import Volume
from ctstudio.nets.imported_model import Watch, Writing, bytes_of, write_imported
from ctstudio.nets.tensor_file import save_tensors
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.systems.medsyn.config import FIELD_OF_VIEW_MM, PAPER, MedsynConfig
from ctstudio.systems.medsyn.import_files import Choice, find_sources
from ctstudio.systems.medsyn.import_parts import FittedPart, coverage_facts, fitted, fitted_text
from ctstudio.systems.medsyn.import_text import TextWeights, write_tokenizer
from ctstudio.systems.medsyn.self_test import SelfTest, check_denoises, in_order, phantom_example, scan_example
from ctstudio.systems.medsyn.tokenizer import VOCABULARY
from ctstudio.systems.medsyn.weights import BASE, TEXT, UPSCALER

_LICENCE = "not stated in the file; MedSyn's code is CC BY-NC 4.0: not for commercial use"


@dataclass(frozen=True)
class Import:
    """Parts that were read and fit, not yet written.

    Attributes:
        parts: By name.
        config: Sizes of the networks, and the order of their way up.
        tests: What the self-test found, by part; empty before it, or where it was left out.
    """

    parts: dict[str, FittedPart]
    config: MedsynConfig
    tests: dict[str, SelfTest] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What the model will take on the disk."""
        return bytes_of(self.parts)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Parts that no file gave."""
        absent = [name for name in (BASE, UPSCALER, TEXT) if name not in self.parts]
        if self.text is not None and not self.text.vocabulary:
            absent.append(f"{VOCABULARY} of the text encoder")
        return tuple(absent)

    @property
    def text(self) -> TextWeights | None:
        """The text encoder with its sizes and its vocabulary, if it was given."""
        return self.parts[TEXT].text if TEXT in self.parts else None


def examine(
    path: Path | None,
    named: Mapping[str, Path],
    choice: Choice = "ema",
    order: str = "last",
    config: MedsynConfig = PAPER,
) -> Import:
    """Read released weights and fit them to the networks; nothing is written.

    Args:
        path: A file, or a folder.
        named: File or folder of single parts: "base", "upscaler", "text".
        choice: Where a folder holds two networks: the moving average, or the last step.
        order: Of the way up: "last", or "early" as the published training code has it.
        config: Sizes that the weights must have.

    Raises:
        UnreadableFile: Not there, damaged, or no weights.
        WeightMismatch: Keys or sizes do not fit; names them.
        ParameterError: Nothing was given.
    """
    config = in_order(config, order)
    sources = find_sources(path, named, choice)
    if not sources:
        raise ParameterError("No weights were given.", "Give a file or folder of weights.")
    parts = {
        name: (fitted_text if name == TEXT else fitted)(sources[name], config)
        for name in (BASE, UPSCALER, TEXT)
        if name in sources
    }
    text = parts[TEXT].text if TEXT in parts else None
    return Import(parts, config if text is None else config.model_copy(update={"text": text.config}))


def tried(found: Import, scan: Volume | None, watch: Callable[[str], None]) -> Import:
    """Let every network take a little noise from a chest, and refuse those that do not.

    Args:
        found: From `examine`.
        scan: A chest CT; None for a procedural chest.
        watch: Told what is done now.

    Raises:
        WeightMismatch: A network does not denoise; says how far it is off, and what may be wrong.
    """
    watch("Making a chest to try the networks on")
    example = phantom_example(found.config) if scan is None else scan_example(scan, found.config)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tests = {}
    for name in (BASE, UPSCALER):
        if name in found.parts:
            watch(f"Trying the {name}")
            tests[name] = check_denoises(found.parts[name], found.config, example, device)
    return Import(found.parts, found.config, tests)


def write(found: Import, name: str, shelf: Path, licence: str, replace: bool, watch: Watch) -> Path:
    """Write the model folder; it is there whole or not at all.

    Args:
        found: From `examine` or `tried`.
        name: Of the model, and its folder's.
        shelf: Folder of models.
        licence: Of the weights, when the user knows it; else empty.
        replace: Take the place of a model of that name.
        watch: Told how far the work is.

    Returns:
        The model's folder.

    Raises:
        ParameterError: The name is taken or cannot be one.
        StorageError: The place cannot be written.
    """
    return write_imported(
        found.parts,
        name,
        shelf,
        replace,
        watch,
        Writing(
            _write_part,
            lambda _, part_name: _origin(found, part_name, licence),
            coverage_facts,
            lambda origins, folder: _card(found, name, licence, origins, folder),
        ),
    )


def _write_part(part: FittedPart, name: str, folder: Path) -> None:
    (folder / name).mkdir()
    save_tensors(part.tensors, folder / name / WEIGHTS)
    if part.text is not None:
        write_tokenizer(part.text, folder / name)


def licence_of(stated: str) -> str:
    """The licence of the weights: what the user states, else what is known."""
    return stated or _LICENCE


def _origin(found: Import, name: str, licence: str) -> dict[str, Any]:
    """Where a part came from, for `model.json`."""
    part, test = found.parts[name], found.tests.get(name)
    checkpoint = part.source.checkpoint
    return {
        "file": checkpoint.path.name,
        "sha256": file_digest(checkpoint.path),
        "form": checkpoint.form,
        "layout": part.source.layout.name,
        "network": part.title,
        "licence": licence_of(licence),
        "filled": len(part.tensors),
        "of": len(part.tensors),
        "not_used": len(part.made.unused),
        "notes": list(part.notes),
        "self_test": test.in_words if test else "left out",
    }


def _card(found: Import, name: str, licence: str, origins: dict[str, Any], folder: Path) -> ModelInfo:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    config = found.config
    spacing = [field_mm / side for field_mm in FIELD_OF_VIEW_MM for side in (config.upscaler.side, config.base.side)]
    return ModelInfo(
        name=name,
        title=f"{'Parts only: ' if found.lacks else ''}{name} (MedSyn, imported)",
        system="medsyn",
        size="paper",
        config=config.model_dump(mode="json"),
        trained_on="Imported; the files do not say what they were trained on (MedSyn: chest CTs and their reports).",
        ranges=Ranges(
            region="chest",
            fov_mm=Range(low=min(FIELD_OF_VIEW_MM), high=max(FIELD_OF_VIEW_MM)),
            spacing_mm=Range(low=round(min(spacing), 3), high=round(max(spacing), 3)),
            labels=[*LUNG_LOBES, "bronchi", "lung_vessels"],
        ),
        licence=licence_of(licence),
        files={path.relative_to(folder).as_posix(): file_digest(path) for path in files},
        lacks=found.lacks,
        origins=origins,
    )
