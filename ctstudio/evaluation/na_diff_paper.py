"""What the NA-Diff paper measures, on held-out slices: what a model makes of them at six doses, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctstudio.catalog.shelf import Model
from ctstudio.core.errors import ParameterError
from ctstudio.evaluation.distributions import distribution_figures
from ctstudio.evaluation.held_out import FIRST_SEED, HeldOut, held_out_slices, with_noise
from ctstudio.evaluation.images import EvaluatedSlice, grey
from ctstudio.evaluation.instruments import Instruments
from ctstudio.evaluation.kept import kept
from ctstudio.evaluation.metrics import METRICS, Figure
from ctstudio.evaluation.na_diff import DOSES, generate_slices, slope_of
from ctstudio.evaluation.pairs import pair_figures
from ctstudio.evaluation.segmentation import OVERLAP, Reader, overlap_figures
from ctstudio.measure.noise import noise_sd_hu
from ctstudio.measure.noise_region import LIVER
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.pipeline import SLICES_AT_ONCE
from ctstudio.systems.na_diff.weights import NaDiffModel

TABLE_SEEDS = FIRST_SEED + 80_000
"""First phantom of the tables."""

REFERENCE = "same patients scanned again"
"""The column beside the models: the same slices with other photon noise. No model can do better."""

LEAST_LIVER_MM2 = 900.0
"""Of a liver that a segmenter reads, for its noise to be measured."""

Painted = Literal["all", "liver"]
SlicesByDose = dict[float, NDArray[np.float32]]
"""(N, y, x) HU at each of `DOSES`."""

Told = Callable[[float, float, str], None]
"""Called with how far the work is, out of what, and words."""


@dataclass(frozen=True)
class PaperSettings:
    """What is generated.

    Attributes:
        slices: Held-out slices, each generated at all six doses.
        painted: What the masks tell: all labels, or the liver alone as in the paper.
    """

    slices: int = 20
    painted: Painted = "all"

    def __post_init__(self) -> None:
        if self.slices < 2:
            raise ParameterError(f"{self.slices} slices are too few for a table.", "Choose at least 2 with --slices.")
        if self.painted not in ("all", "liver"):
            raise ParameterError(f"Nothing is known of a mask {self.painted!r}.", "Choose --mask all or liver.")

    @property
    def keep(self) -> tuple[str, ...] | None:
        """Names of the labels that a mask keeps, None for all."""
        return LIVER if self.painted == "liver" else None


@dataclass(frozen=True)
class Judge:
    """Who measures all models alike."""

    instruments: Instruments
    reader: Reader

    def liver(self, images_hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.bool_]:
        """(N, y, x) where the liver is read in slices (N, y, x) HU."""
        return self.reader.read(images_hu, pixel_mm) == self.reader.model.groups.index("liver") + 1


def model_figures(
    real: SlicesByDose,
    made: SlicesByDose,
    slices: HeldOut,
    judge: Judge,
    config: NaDiffConfig,
    in_place: bool = True,
) -> dict[str, Any]:
    """Every figure of one column: a model's slices beside the real ones at the same doses.

    Args:
        real: Real slices.
        made: The model's.
        slices: What both were made of.
        judge: That measures.
        config: Of the model: size of the slices.
        in_place: Whether the livers may be looked for where the masks have them; else where they are read.

    Returns:
        `figures`: those over all doses, the liver's for overlap; `organs`: overlap by organ; and `dose_curves`.
    """
    pools = [_pooled(each) for each in (real, made)]
    greys = [[grey(one) for one in pool] for pool in pools]
    of = {group: [m for m in METRICS.values() if m.group == group] for group in ("distribution", "paired")}
    tools, pixel_mm = judge.instruments, config.pixel_mm
    figures = distribution_figures(greys[0], greys[1], of["distribution"], tools)
    figures += pair_figures(list(zip(*pools, strict=True)), of["paired"], tools)
    figures += _quality_figures(_scores(real, tools), _scores(made, tools), tools)
    every = np.concatenate([made[dose] for dose in DOSES])
    organs = overlap_figures(judge.reader, every, np.concatenate([slices.labels] * len(DOSES)), OVERLAP, pixel_mm)
    livers = {dose: slices.liver() if in_place else judge.liver(made[dose], pixel_mm) for dose in DOSES}
    figures += organs.get("liver", [])
    return {
        "figures": [asdict(figure) for figure in figures],
        "organs": {organ: [asdict(figure) for figure in each] for organ, each in organs.items()},
        **dose_curves(made, livers, tools, pixel_mm),
    }


def dose_curves(
    images: SlicesByDose, livers: dict[float, NDArray[np.bool_]], instruments: Instruments, pixel_mm: float
) -> dict[str, Any]:
    """How quality and noise go with the dose.

    Args:
        images: Slices.
        livers: (N, y, x) where the noise is measured, at each dose; a slice with less than 9 cm2 is left out.
        instruments: That measure.
        pixel_mm: Side of a pixel.

    Returns:
        `quality_by_dose`: means; `noise_sd_hu_by_dose`: medians of the noise SD in the liver; `dose_slope`: of log
        noise over log dose, median over the slices that show the liver at every dose; NaN where there is none.
    """
    noise = np.full((len(images[DOSES[0]]), len(DOSES)), np.nan)
    for column, dose in enumerate(DOSES):
        for row, (image, where) in enumerate(zip(images[dose], livers[dose], strict=True)):
            if where.sum() * pixel_mm**2 >= LEAST_LIVER_MM2:
                noise[row, column] = noise_sd_hu(image, where)
    noise = noise[np.isfinite(noise).all(axis=1)]
    return {
        "quality_by_dose": _by_dose(_scores(images, instruments).mean(axis=0)),
        "noise_sd_hu_by_dose": _by_dose(np.median(noise, axis=0) if len(noise) else np.full(len(DOSES), np.nan)),
        "dose_slope": round(slope_of(noise), 4) if len(noise) else float("nan"),
        "noise_measured_in": len(noise),
    }


def real_slices(slices: HeldOut, config: NaDiffConfig, folder: Path, realisation: int = 0) -> SlicesByDose:
    """The slices at each dose, clipped to the window as what a model draws is; other realisations, other noise."""

    def make(dose: float) -> NDArray[np.float32]:
        return config.window.from_unit(config.window.to_unit(with_noise(slices, dose, config, realisation)))

    return {d: kept(folder / f"dose_{d:.2f}_{realisation}.npy", lambda d=d: make(d)) for d in DOSES}  # type: ignore[misc]


def generated_slices(
    model: NaDiffModel, slices: HeldOut, settings: PaperSettings, folder: Path, told: Told
) -> SlicesByDose:
    """What a model makes of the slices' masks at each dose, (N, y, x) HU; kept batch by batch."""
    count = len(slices.labels)
    made = {}
    for number, dose in enumerate(DOSES):
        parts = []
        for begin in range(0, count, SLICES_AT_ONCE):
            told(number * count + begin, len(DOSES) * count, f"{model.info.name} at {dose:.0%} dose")
            rows = slice(begin, begin + SLICES_AT_ONCE)

            def make(rows: slice = rows, dose: float = dose) -> NDArray[np.float32]:
                return generate_slices(model, slices.labels[rows], settings.keep, dose, seed=1 + rows.start)

            parts.append(kept(folder / f"dose_{dose:.2f}_{begin:04d}.npy", make))
        made[dose] = np.concatenate(parts)
    return made


def phantom_slices(count: int, first_seed: int, config: NaDiffConfig, folder: Path) -> HeldOut:
    """Held-out slices, rendered once."""

    @cache
    def render() -> HeldOut:
        return held_out_slices(count, config, first_seed)

    return HeldOut(
        kept(folder / "ct_hu.npy", lambda: render().ct_hu),
        kept(folder / "labels.npy", lambda: render().labels),
        kept(folder / "seeds.npy", lambda: render().seeds),
    )


def _pooled(images: SlicesByDose) -> list[EvaluatedSlice]:
    return [EvaluatedSlice(f"{dose:.2f}/{n:04d}", one) for dose in DOSES for n, one in enumerate(images[dose])]


def _scores(images: SlicesByDose, instruments: Instruments) -> NDArray[np.float64]:
    """(N, doses) scores of image quality."""
    return np.array([[instruments.quality.score(one) for one in images[dose]] for dose in DOSES]).T


def _quality_figures(real: NDArray[np.float64], made: NDArray[np.float64], instruments: Instruments) -> list[Figure]:
    """The mean of the made slices, and how far it lies from that of the real ones."""
    quality, metric = instruments.quality, METRICS["iqa"]
    more: dict[str, Any] = {
        "unit": quality.unit, "measured_by": quality.name, "published": quality.published, "count": made.size
    }  # fmt: skip
    gap, by_dose = abs(float(made.mean() - real.mean())), np.abs(made.mean(axis=0) - real.mean(axis=0))
    note = f"real {real.mean():.2f}; mean of the gaps at each dose {by_dose.mean():.2f}"
    return [
        Figure.of(metric, float(made.mean()), sd=float(made.std()), **more),
        Figure("iqa-gap", "IQA gap to real", gap, better="lower", note=note, **more),
    ]


def _by_dose(values: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    return {f"{dose:.2f}": round(float(value), 3) for dose, value in zip(DOSES, values, strict=True)}


def digests_of(models: Sequence[Model]) -> dict[str, str]:
    """A short digest of what each model is, so that kept slices are not taken for another model's."""
    import hashlib

    told = {model.info.name: model.info.model_dump_json(exclude={"figures", "training"}) for model in models}
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in told.items()}
