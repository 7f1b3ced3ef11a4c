"""From what was asked and the masks that were found to a plan: labels, groups, and what should be minded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ctstudio.catalog.batch import BatchMask, BatchPlan, BatchSample, BatchSettings, check_size
from ctstudio.catalog.model_card import ModelInfo
from ctstudio.core.errors import InputError, MaskError
from ctstudio.core.labels import standard_table
from ctstudio.io.batch_masks import FoundMasks
from ctstudio.io.dataset_label_names import standard_value

_NNUNET_BYTES = 3
"""Of a voxel at most: image int16, labels uint8."""
_RUN_BYTES = 8
"""CT int16, noise map float32, mask and labels uint8."""
_RECORD_BYTES = 1 << 16
"""Headers, provenance and previews of a case."""
_LEAST_SLICES = 3
_MOST_NAMED = 4


def plan_of(settings: BatchSettings, found: FoundMasks, info: ModelInfo) -> tuple[BatchPlan, tuple[str, ...]]:
    """The plan of a batch, and what its user should mind, a line each.

    Raises:
        ParameterError: Settings that cannot be used.
        InputError: Files that cannot be used, when they are not to be left out, or no mask at all.
        MaskError: A label that the model does not know, or that no mask has.
    """
    settings.check()
    if found.unusable and not settings.leave_out:
        raise _unusable(found)
    if not found.masks:
        raise InputError(f"No mask in {found.folder} can be used.", found.unusable[0].remedy, _listed(found))
    masks = _grouped(found.masks, settings.patient_pattern)
    labels = _labels(settings, masks, info)
    plan = BatchPlan(
        settings=settings,
        masks=masks,
        labels=labels,
        parts=_parts_of(labels, info) if settings.label_source == "completed" else {},
        model_files=info.files,
        left_out=tuple(str(one) for one in found.unusable),
    )
    check_size(plan)
    return plan, (*found.notes, *_to_mind(plan, info))


def most_bytes(plan: BatchPlan, samples: Iterable[BatchSample]) -> int:
    """Room that samples take on disk at most, uncompressed."""
    total = 0
    for sample in samples:
        rows, columns = sample.mask.shape[1:]
        if plan.settings.layout == "nnunet":
            total += sample.mask.slices * rows * columns * _NNUNET_BYTES
        else:
            total += sample.mask.shape[0] * rows * columns * _RUN_BYTES
        total += len(plan.cases_of(sample)) * _RECORD_BYTES
    return total


def _unusable(found: FoundMasks) -> InputError:
    first, more = found.unusable[0], len(found.unusable) - 1
    others = f" So can {more} others not." if more > 1 else " So can one other not." if more else ""
    return InputError(
        f"{first.file} in {found.folder} cannot be used: {first.why}{others}",
        f"{first.remedy} Or have such files left out (--leave-out).",
        _listed(found),
    )


def _listed(found: FoundMasks) -> str:
    return "\n".join(str(one) for one in found.unusable)


def _grouped(masks: Sequence[BatchMask], pattern: str) -> tuple[BatchMask, ...]:
    """Masks of one patient, or with the same voxels, in one group: parted, they would leak."""
    group = {mask.name: _patient(mask, pattern) for mask in masks}
    first: dict[str, str] = {}
    for mask in masks:
        mine, theirs = group[mask.name], first.setdefault(mask.digest, group[mask.name])
        if mine != theirs:
            group = {name: theirs if key == mine else key for name, key in group.items()}
            first = {seen: theirs if key == mine else key for seen, key in first.items()}
    return tuple(mask.model_copy(update={"group": group[mask.name]}) for mask in masks)


def _patient(mask: BatchMask, pattern: str) -> str:
    if not pattern:
        return mask.name
    found = re.search(pattern, mask.file)
    if found is None:
        raise InputError(
            f"The patient pattern {pattern!r} finds nothing in {mask.file}.",
            "Give a pattern that fits every mask, or none.",
        )
    return str(found.group(1) if found.groups() else found.group(0)) or mask.name


def _labels(settings: BatchSettings, masks: Sequence[BatchMask], info: ModelInfo) -> tuple[str, ...]:
    held = {name for mask in masks for name in mask.labels}
    if not settings.labels:
        return tuple(label.name for label in standard_table() if label.name in held)
    names = tuple(_known(name, info) for name in settings.labels)
    absent = [name for name in names if name not in held]
    if absent and settings.label_source == "given":
        raise MaskError(f"No mask holds {absent[0]}.", f"The masks hold: {', '.join(sorted(held))}.")
    return names


def _parts_of(labels: Sequence[str], info: ModelInfo) -> dict[str, str]:
    """Labels that the model cannot tell from one of `labels` when it completes, and which.

    Raises:
        MaskError: A label that it draws under another name, such as one kidney of the two.
    """
    groups = info.config.get("label_groups", {})
    parts: dict[str, str] = {}
    for name in labels:
        group = next((members for members in groups.values() if name in members), [name])
        if group[0] != name:
            raise MaskError(
                f"Where the model completes, it draws {group[0]}, not {name}: {name} would be incomplete.",
                f"Name {group[0]}, which then holds {', '.join(group[1:])} too; or take the labels as given.",
            )
        parts |= dict.fromkeys(group[1:], name)
    return parts


def _known(name: str, info: ModelInfo) -> str:
    value = standard_value(name)
    label = standard_table().by_value(value).name if value else name
    if label not in info.ranges.labels:
        raise MaskError(
            f"The model {info.name} does not know a label {name!r}: its images would not show it.",
            f"It knows: {', '.join(info.ranges.labels)}.",
        )
    return label


def _to_mind(plan: BatchPlan, info: ModelInfo) -> list[str]:
    lines = []
    trained = info.ranges.dose
    doses = [dose for dose in plan.settings.sweeps.get("dose", ()) if trained and not trained.holds(dose, 1e-6)]
    if doses:
        lines.append(f"The model was trained on doses of {trained}; {doses[0]:g} lies outside.")
    if plan.settings.label_source == "given":
        lines += _gaps(plan)
    thin = sum(1 for mask in plan.masks for _, count in mask.slabs if count < _LEAST_SLICES)
    if plan.settings.layout == "nnunet" and thin:
        lines.append(f"{_parts(thin)} of fewer than {_LEAST_SLICES} slices: train nnU-Net's configuration 2d.")
    groups = len({mask.group for mask in plan.masks})
    if groups < len(plan.masks) and not plan.settings.patient_pattern:
        lines.append("Some masks have the same voxels; they stay together in every split.")
    if groups == 1 and plan.settings.layout == "nnunet":
        lines.append("All cases come from one mask or patient: no split without leakage; train nnU-Net's fold all.")
    return lines


def _parts(count: int) -> str:
    return "There is 1 part of a mask" if count == 1 else f"There are {count} parts of masks"


def _gaps(plan: BatchPlan) -> list[str]:
    """Labels that some masks lack: the model may draw the organ there, and it would count as background."""
    lacking = [
        f"{name} in {sum(name not in mask.labels for mask in plan.masks)}"
        for name in plan.labels
        if any(name not in mask.labels for mask in plan.masks)
    ]
    if not lacking:
        return []
    named = ", ".join(lacking[:_MOST_NAMED]) + (", …" if len(lacking) > _MOST_NAMED else "")
    return [
        f"Some of the {len(plan.masks)} masks lack a label ({named}). Where the image shows it all the same, it counts "
        "as background: name fewer labels, or take them from the completed anatomy."
    ]
