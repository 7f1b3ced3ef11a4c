"""Whether a report, anatomy or scan lies within what a model of MedSyn can make something of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ctstudio.catalog.fit import Fit, listed, readiness
from ctstudio.catalog.known_words import FILE_NAME, read_words, unknown_words, words_of
from ctstudio.catalog.lobe_places import lobe_places
from ctstudio.catalog.medsyn import ANATOMY
from ctstudio.catalog.medsyn_memory import needed_bytes
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.report_claims import contradictions
from ctstudio.catalog.shelf import Model
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap
from ctstudio.core.spoken import amount
from ctstudio.core.volume import Volume

FIELD_MM = (316.0, 316.0, 292.0)
"""Field of view of a volume along (x, y, z)."""
_COARSE_MM = 4.0
"""Voxels larger than this hold no airway beyond the main bronchi. Source: ours."""
_SMALL_FIELD = 0.6
_FOREIGN_SHARE = 0.5
_LEAST_WORDS = 4
_ENGLISH = frozenset(
    {"the", "is", "are", "of", "in", "and", "no", "with", "without", "there", "normal", "left", "right"}
)
"""Words that hardly an English report does without."""


def assess(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Volume | LabelMap], free_bytes: int | None = None
) -> list[Fit]:
    """Compare a request with what the model has seen.

    Args:
        model: Its training texts' words are read from its folder.
        parameters: As validated by the task's card.
        inputs: Anatomy, or a scan.
        free_bytes: Memory of the device that is free, where it is known.

    Returns:
        One finding for each thing that was looked at, in the order they are shown.
    """
    text = " [SEP] ".join(part for part in (parameters.get("text", ""), parameters.get("impression", "")) if part)
    found = [*readiness(model.info), *_text(model, text)]
    for name in ANATOMY:
        labels = inputs.get(name)
        if isinstance(labels, LabelMap):
            found += _anatomy(name, labels)
    scan = inputs.get("scan")
    if isinstance(scan, Volume):
        found += _scan(scan)
    return [*found, *_memory(model.info, parameters, free_bytes)]


def _text(model: Model, text: str) -> list[Fit]:
    words = words_of(text)
    if not words:
        return []
    found = [_language(text, words, _known(model)), *_length(model.info, len(words))]
    for first, second in contradictions(text)[:2]:
        found.append(Fit("amber", "Contradiction", f"“{first}” and “{second}” cannot both be; either may be drawn."))
    return found


def _known(model: Model) -> frozenset[str] | None:
    path = Path(model.folder) / "text" / FILE_NAME
    return read_words(path) if path.is_file() else None


def _language(text: str, words: list[str], known: frozenset[str] | None) -> Fit:
    if known is None:
        strange = len(words) >= _LEAST_WORDS and not _ENGLISH & set(words)
        reason = "This does not look like an English report; the model has read no others."
        return Fit("red", "Language", reason) if strange else Fit("green", "Text", f"{len(words)} words.")
    unknown = list(dict.fromkeys(unknown_words(text, known)))
    if not unknown:
        return Fit("green", "Text", "Every word was in the model's training reports.")
    share = sum(word not in known for word in words) / len(words)
    if share > _FOREIGN_SHARE:
        return Fit("red", "Language", f"{share:.0%} of the words are in none of the English reports it has read.")
    return Fit("amber", "Words", f"Not in the model's training reports, and perhaps not heard: {listed(unknown)}.")


def _length(info: ModelInfo, words: int) -> list[Fit]:
    told = info.config.get("text", {})
    heard, read = int(told.get("tokens", 192)), int(told.get("positions", 2048))
    if words + 2 > read:
        return [Fit("amber", "Length", f"{words} words; the model reads {read} tokens at most. The rest is cut.")]
    if words + 2 > heard:
        return [Fit("amber", "Length", f"{words} words; what comes after about {heard} of them is hardly heard.")]
    return []


def _anatomy(name: str, labels: LabelMap) -> list[Fit]:
    if not labels.array.any():
        return [Fit("red", name.capitalize(), "The label map is empty.")]
    found = []
    if max(labels.grid.spacing_mm) > _COARSE_MM:
        size = " × ".join(f"{mm:.3g}" for mm in labels.grid.spacing_mm)
        found.append(Fit("amber", name.capitalize(), f"Voxels of {size} mm are coarse; branches will be missing."))
    if name == "lobes":
        found += lobe_places(labels)
        found += _size(labels)
    return found or [Fit("green", name.capitalize(), "Given; the chest will follow it.")]


def _size(labels: LabelMap) -> list[Fit]:
    where = np.argwhere(labels.array > 0)
    extent_mm = (np.ptp(where, axis=0)[::-1] + 1) * np.asarray(labels.grid.spacing_mm)
    if all(extent_mm <= FIELD_MM):
        return []
    size = " × ".join(f"{mm:.0f}" for mm in extent_mm)
    return [Fit("amber", "Lobes", f"They take {size} mm; the model sees 316 × 316 × 292 mm, so the ends are cut.")]


def _scan(scan: Volume) -> list[Fit]:
    if not scan.is_hu:
        return [Fit("red", "Scan", f"The scan holds {scan.unit} values, not Hounsfield units.")]
    return [_scan_field(scan.grid)]


def _scan_field(grid: Grid) -> Fit:
    extent = grid.extent_mm
    size = " × ".join(f"{mm:.0f}" for mm in extent)
    if any(mm < _SMALL_FIELD * field for mm, field in zip(extent, FIELD_MM, strict=True)):
        return Fit("amber", "Scan", f"It shows {size} mm; the model has seen whole chests of 316 × 316 × 292 mm.")
    return Fit("green", "Scan", f"{size} mm; the lungs are looked for in it.")


def _memory(info: ModelInfo, parameters: Mapping[str, Any], free_bytes: int | None) -> list[Fit]:
    if "base" not in info.config or "upscaler" not in info.config:
        return []
    needed = needed_bytes(info.config, bool(parameters.get("upscale_steps", 1)))
    if free_bytes is None or needed <= free_bytes:
        return [Fit("green", "Memory", f"About {amount(needed)}.")]
    coarse = amount(needed_bytes(info.config, upscale=False))
    reason = f"About {amount(needed)} are needed and {amount(free_bytes)} are free; the coarse volume takes {coarse}."
    return [Fit("red", "Memory", reason)]
