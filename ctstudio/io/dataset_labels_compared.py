"""Label maps compared among themselves and with the standard table: 3 labels where 118 were meant are found here."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from ctstudio.core.labels import standard_table

_MANY = 8
_FEW_SHARE = 0.25
_HANDFUL = 4


def poor_cases(labels: Mapping[str, int]) -> dict[str, str]:
    """Cases whose label map holds under a quarter of what half of all hold, and why they are refused.

    A model that is told that a scan has no liver, where nobody drew it, learns to leave livers out. Source: ours.

    Args:
        labels: Case name to how many labels its map holds.
    """
    usual = median(labels.values()) if labels else 0
    if usual < _MANY:
        return {}
    return {
        name: f"It holds {count} label(s), where half of the label maps hold {usual:.0f} or more."
        for name, count in labels.items()
        if count < usual * _FEW_SHARE
    }


def doubts(voxels: Mapping[str, Mapping[str, int]], named: bool) -> list[str]:
    """What should be said of all label maps together.

    Args:
        voxels: Case name to label name to voxels, of the cases with labels.
        named: Whether something said what the values mean in every case.
    """
    held = {name for one in voxels.values() for name in one}
    if not held:
        return []
    table = standard_table()
    order = [label for label in table if label.name in held]
    some = ", ".join(f"{label.value} = {label.title}" for label in order[:_HANDFUL])
    said = []
    if len(held) < _HANDFUL:
        said.append(f"All label maps together hold {len(held)} of the standard table's {len(table)} labels: {some}.")
    if not named and len(held) < _MANY:
        said.append(
            f"No file says what its label values mean, so they were taken as TotalSegmentator's ({some}). If they mean "
            'something else, put a dataset.json with {"labels": {"liver": 1}} into the source folder.'
        )
    return said
