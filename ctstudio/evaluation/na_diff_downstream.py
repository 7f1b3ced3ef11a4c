"""The paper's table 6 on phantoms: does a model's slices of new masks help a segmenter that has few real ones?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctstudio.core.errors import ParameterError
from ctstudio.evaluation.downstream import Labelled, Task, Training, compare
from ctstudio.evaluation.held_out import FIRST_SEED, HeldOut, held_out_slices, with_noise
from ctstudio.evaluation.kept import kept
from ctstudio.evaluation.na_diff import DOSES, generate_slices
from ctstudio.evaluation.na_diff_paper import Told
from ctstudio.systems.na_diff.pipeline import SLICES_AT_ONCE
from ctstudio.systems.na_diff.weights import NaDiffModel

REAL_SEEDS = FIRST_SEED + 90_000
TEST_SEEDS = FIRST_SEED + 110_000
"""First phantoms of the real slices and of the test slices."""

MASK_SEEDS = 40_000
"""First phantom of the masks that synthetic slices are made of: learnt from, not judged on, and seen by no model."""


@dataclass(frozen=True)
class DownstreamSettings:
    """How many slices, and how the segmenters are trained.

    Attributes:
        real: Real slices that every segmenter learns from.
        synthetic: Slices that the model makes.
        test: Real slices that the segmenters are judged on.
        training: Of each segmenter.
    """

    real: int = 30
    synthetic: int = 200
    test: int = 80
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if min(self.real, self.synthetic, self.test) < 1:
            raise ParameterError(
                "The downstream task needs real, synthetic and test slices.", "Choose at least one of each."
            )


def downstream_figures(model: NaDiffModel, settings: DownstreamSettings, folder: Path, told: Told) -> dict[str, Any]:
    """The paper's table 6 on phantoms: real slices alone, and with slices that the model made of other masks.

    Args:
        model: That generates.
        settings: How many.
        folder: Where everything is kept.
        told: Called with how far it is, out of what, and words.

    Returns:
        What `compare` gives for plain training, as the paper's seems to be, and for training with augmentation, which
        few real slices gain from as well; with the model's name and the counts.
    """
    task = Task(model.config)
    real, test, scanned = (
        _at_mixed_doses(name, count, seed, model, folder, told)
        for name, count, seed in (
            ("real", settings.real, REAL_SEEDS),
            ("test", settings.test, TEST_SEEDS),
            ("masks", settings.synthetic, MASK_SEEDS),
        )
    )
    made = Labelled(_generated(model, scanned.labels, folder / "synthetic", told), scanned.labels)
    arms = {
        "real": real,
        "real_and_synthetic": real.and_also(made),
        "real_and_as_many_more_real": real.and_also(scanned),
    }
    found = {}
    for name, augment in (("plain", False), ("augmented", True)):
        training = replace(settings.training, augment=augment)
        found[name] = compare(arms, test, task, training, folder / f"scores_{name}", told)
    return {"model": model.info.name, "real": settings.real, "synthetic": settings.synthetic, **found}


def _at_mixed_doses(name: str, count: int, first_seed: int, model: NaDiffModel, folder: Path, told: Told) -> Labelled:
    """Phantom slices, each at one of the six doses."""

    @cache
    def rendered() -> HeldOut:
        told(0, 1, f"Rendering {count} phantoms")
        return held_out_slices(count, model.config, first_seed)

    def noisy() -> NDArray[np.float32]:
        images, doses = np.zeros(rendered().ct_hu.shape, np.float32), _doses(count, first_seed)
        for dose in np.unique(doses):
            rows = np.flatnonzero(doses == dose)
            images[rows] = with_noise(rendered().at(rows), float(dose), model.config)
        return images

    images = kept(folder / name / "images.npy", noisy)
    return Labelled(images, kept(folder / name / "labels.npy", lambda: rendered().labels))


def _generated(model: NaDiffModel, labels: NDArray[np.uint8], folder: Path, told: Told) -> NDArray[np.float32]:
    """A slice made of each mask (N, y, x) at its own dose, (N, y, x) HU; kept batch by batch."""
    made, done, doses = np.zeros(labels.shape, np.float32), 0, _doses(len(labels), MASK_SEEDS)
    for dose in np.unique(doses):
        rows = np.flatnonzero(doses == dose)
        for begin in range(0, len(rows), SLICES_AT_ONCE):
            part = rows[begin : begin + SLICES_AT_ONCE]
            told(done, len(doses), f"{model.info.name} makes slices to learn from")

            def make(part: NDArray[np.intp] = part, dose: float = float(dose), seed: int = 1 + begin) -> Any:
                return generate_slices(model, labels[part], None, dose, seed)

            made[part] = kept(folder / f"dose_{dose:.2f}_{begin:04d}.npy", make)
            done += len(part)
    return made


def _doses(count: int, first_seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(first_seed).choice(DOSES, count)
