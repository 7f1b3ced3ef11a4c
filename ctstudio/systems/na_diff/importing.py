"""Public weights become a model folder: what was found is fitted and told first, then written in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import file_digest
from ctstudio.core.errors import ParameterError
from ctstudio.nets.imported_model import Watch, Writing, bytes_of, write_imported
from ctstudio.nets.tensor_file import give_usual_rights, save_tensors
from ctstudio.nets.vae_keys import build_vae
from ctstudio.nets.weight_files import CONFIG, WEIGHTS
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.import_files import find_sources
from ctstudio.systems.na_diff.import_parts import (
    FIELD_OF_VIEW_MM,
    LABEL_GROUPS,
    FittedPart,
    fitted_clip,
    fitted_denoiser,
    fitted_vae,
)
from ctstudio.systems.na_diff.import_report import coverage_facts, licence_of, origin_facts, untrained_in_words
from ctstudio.systems.na_diff.weights import CLIP_FOLDER, DENOISER

PARTS = ("vae", CLIP_FOLDER, DENOISER)


@dataclass(frozen=True)
class Import:
    """Parts that were read and fit together, not yet written.

    Attributes:
        parts: By name.
        config: The configuration that they make.
    """

    parts: dict[str, FittedPart]
    config: NaDiffConfig

    @property
    def bytes(self) -> int:
        """What the model will take on the disk."""
        return bytes_of(self.parts)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Parts that no file gave."""
        return tuple(name for name in PARTS if name not in self.parts)


def examine(
    path: Path | None, named: Mapping[str, Path], heads: int | None = None, clip_activation: str | None = None
) -> Import:
    """Read public weights and fit them to the networks; nothing is written.

    Args:
        path: A file, or a folder.
        named: File or folder of single parts: "denoiser", "vae", "clip".
        heads: Attention heads of the DiT, where its size is not a published one.
        clip_activation: "quickgelu" or "gelu", where the CLIP tower's files do not say.

    Raises:
        UnreadableFile: Not there, damaged, or no weights.
        WeightMismatch: Keys or sizes do not fit; names them.
        ParameterError: Something is missing that no file says.
    """
    sources = find_sources(path, named)
    parts: dict[str, FittedPart] = {}
    if "vae" in sources:
        parts["vae"] = fitted_vae(sources["vae"])
    if CLIP_FOLDER in sources:
        parts[CLIP_FOLDER] = fitted_clip(sources[CLIP_FOLDER], clip_activation)
    decided: dict[str, Any] = {key: value for part in parts.values() for key, value in part.decides.items()}
    if DENOISER in sources:
        parts[DENOISER] = fitted_denoiser(sources[DENOISER], heads, decided)
    if not parts:
        raise ParameterError("No weights were given.", "Give a file or folder of weights.")
    decided = {"label_groups": LABEL_GROUPS, "told_groups": ("liver",), **decided}
    return Import(parts, NaDiffConfig.model_validate({**decided, **_of_denoiser(parts)}))


def write(found: Import, name: str, shelf: Path, licence: str, replace: bool, watch: Watch) -> Path:
    """Write the model folder; it is there whole or not at all.

    Args:
        found: From `examine`.
        name: Of the model, and its folder's.
        shelf: Folder of models.
        licence: Of the weights, when the user knows better than what is said of public ones; else empty.
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
            lambda part, part_name, folder: _write_part(part, part_name, folder / part_name),
            lambda part, _: origin_facts(part, file_digest(part.source.checkpoint.path), licence),
            coverage_facts,
            lambda origins, folder: _card(found, name, licence, origins, folder),
        ),
    )


def _of_denoiser(parts: Mapping[str, FittedPart]) -> dict[str, Any]:
    return parts[DENOISER].decides if DENOISER in parts else {}


def _write_part(part: FittedPart, name: str, folder: Path) -> None:
    """Weights as precise as the file has them, and the configuration beside them."""
    folder.mkdir()
    tensors = _apart({key: _storable(tensor) for key, tensor in part.tensors.items()})
    if name == "vae" and part.config is not None:
        with torch.device("meta"):
            vae = build_vae(part.config)
        vae.load_state_dict(tensors, strict=True, assign=True)
        vae.save_pretrained(folder)
        for file in folder.glob("*.safetensors"):
            give_usual_rights(file)
        return
    save_tensors(tensors, folder / WEIGHTS)
    if part.config is not None:
        (folder / CONFIG).write_text(json.dumps(part.config, indent=2) + "\n", encoding="utf-8")


def _storable(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float64 else tensor.contiguous()


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same with a memory of its own for each tensor, which safetensors wants."""
    seen: set[int] = set()
    apart = {}
    for key, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        apart[key] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return apart


def _card(found: Import, name: str, licence: str, origins: dict[str, Any], folder: Path) -> ModelInfo:
    untrained = untrained_in_words(found.parts)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    said = "Imported; the files do not say what they were trained on, and NA-Diff was not trained with them here."
    if untrained:
        said += f" Not trained: {'; '.join(untrained)}. A starting point for training, not for generating."
    return ModelInfo(
        name=name,
        title=f"{_state(found, untrained)}{name} (NA-Diff, imported)",
        system="na_diff",
        size="paper",
        config=found.config.model_dump(mode="json"),
        trained_on=said,
        ranges=_ranges(found.config),
        licence="; ".join(f"{part_name}: {licence_of(part, licence)}" for part_name, part in found.parts.items()),
        files={p.relative_to(folder).as_posix(): file_digest(p) for p in files},
        not_trained=untrained,
        lacks=found.lacks,
        origins=origins,
    )


def _state(found: Import, untrained: tuple[str, ...]) -> str:
    """What a title must say first, because lists cut titles at their end."""
    if found.lacks:
        return "Parts only: "
    return "Not trained: " if untrained else ""


def _ranges(config: NaDiffConfig) -> Ranges:
    """What the networks can take; what they have seen, nobody says."""
    return Ranges(
        region="not stated",
        fov_mm=Range(low=0.6 * FIELD_OF_VIEW_MM, high=1.3 * FIELD_OF_VIEW_MM),
        spacing_mm=Range(low=0.5, high=3.0),
        dose=Range(low=0.05, high=1.0),
        labels=sorted({label for labels in config.label_groups.values() for label in labels}),
    )
