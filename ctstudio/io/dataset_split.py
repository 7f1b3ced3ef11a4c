"""Patients dealt to training, validation and test: the same seed, the same deal, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable

from ctstudio.catalog.dataset import PARTS, Part
from ctstudio.core.seeds import derived


def split_patients(patients: Iterable[str], shares: tuple[float, float, float], seed: int) -> dict[str, Part]:
    """Part of each patient.

    Every part with a share gets at least one patient as long as training keeps one. One patient alone goes to training.

    Args:
        patients: Keys; doubles do not matter.
        shares: Of training, validation and test, sum 1.
        seed: Decides the deal together with the keys.
    """
    order = sorted(set(patients), key=lambda patient: (derived(seed, "split", patient), patient))
    counts = _counts(len(order), shares)
    dealt = [part for part, count in zip(PARTS, counts, strict=True) for _ in range(count)]
    return dict(zip(order, dealt, strict=True))


def _counts(total: int, shares: tuple[float, float, float]) -> tuple[int, int, int]:
    """Patients in training, validation and test; training takes what rounding leaves."""
    left = max(total - 1, 0)
    validation = min(left, max(round(total * shares[1]), 1)) if shares[1] else 0
    left -= validation
    test = min(left, max(round(total * shares[2]), 1)) if shares[2] else 0
    return total - validation - test, validation, test
