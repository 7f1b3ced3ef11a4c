"""The metrics by name, and the figures that come of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

from ctstudio.core.errors import ParameterError

Group = Literal["distribution", "paired", "quality", "overlap"]


@dataclass(frozen=True)
class Metric:
    """A metric: what tables call it, what it needs, which way is better, and its unit."""

    name: str
    title: str
    group: Group
    better: Literal["lower", "higher"]
    unit: str = ""


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("clean-fid", "Clean-FID", "distribution", "lower"),
        Metric("kid", "KID x 1e3", "distribution", "lower"),
        Metric("cmmd", "CMMD", "distribution", "lower"),
        Metric("lpips", "LPIPS", "paired", "lower"),
        Metric("ssim", "SSIM", "paired", "higher"),
        Metric("psnr", "PSNR", "paired", "higher", "dB"),
        Metric("mae", "MAE", "paired", "lower", "HU"),
        Metric("iqa", "IQA", "quality", "higher"),
        Metric("dice", "Dice", "overlap", "higher"),
        Metric("iou", "IoU", "overlap", "higher"),
        Metric("hd", "HD", "overlap", "lower", "mm"),
        Metric("hd95", "HD95", "overlap", "lower", "mm"),
        Metric("recall", "Recall", "overlap", "higher"),
        Metric("precision", "Precision", "overlap", "higher"),
    )
}
STAND_INS: dict[str, str] = {
    "clean-fid": "Fréchet distance (for Clean-FID)",
    "kid": "Kernel distance x 1e3 (for KID)",
    "cmmd": "Mean discrepancy (for CMMD)",
    "lpips": "VAE feature distance (for LPIPS)",
    "iqa": "Edge-to-noise index (for IQA)",
    "iqa-gap": "Edge-to-noise gap (for IQA gap)",
}
"""What a metric is called when something else than the published network measured it."""

OTHER_NAMES = {"fid": "clean-fid", "cfid": "clean-fid", "sensitivity": "recall"}


@dataclass(frozen=True)
class Figure:
    """One number of a table.

    Attributes:
        metric: Name of the metric, a key of `METRICS`.
        title: As tables print it.
        value: None when it could not be measured; `note` says why.
        sd: Standard deviation over images, pairs or subsets; None when there is none.
        count: Images or pairs it stands on.
        unit: Of value and sd.
        better: "lower" or "higher".
        measured_by: The network or rule that measured it.
        published: Whether it may be compared with published figures.
        note: What a reader should know.
    """

    metric: str
    title: str
    value: float | None
    sd: float | None = None
    count: int = 0
    unit: str = ""
    better: str = "lower"
    measured_by: str = ""
    published: bool = True
    note: str = ""

    @classmethod
    def of(cls, metric: Metric, value: float | None, **more: Any) -> Figure:
        """A figure of a metric, with its words."""
        words = {"title": metric.title, "unit": metric.unit, "better": metric.better, **more}
        return cls(metric=metric.name, value=value, **words)

    @property
    def name(self) -> str:
        """The title; for a stand-in, what it is."""
        return self.title if self.published else STAND_INS[self.metric]

    @property
    def heading(self) -> str:
        """The name; for a stand-in, also who measured it, and that it is not what papers print."""
        return (
            self.name if self.published else f"{self.name}, {self.measured_by}; not comparable with published figures"
        )


def metrics_from(text: str) -> tuple[Metric, ...]:
    """Metrics from a list of names with commas between; "all" means all.

    Raises:
        ParameterError: An unknown name, or none.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return tuple(METRICS.values())
    known = f"Known are: {', '.join(METRICS)}, or all."
    if not names:
        raise ParameterError("No metric is named.", known)
    chosen = {}
    for name in names:
        name = OTHER_NAMES.get(name, name)
        if name not in METRICS:
            close = difflib.get_close_matches(name, METRICS, 1)
            raise ParameterError(
                f"There is no metric {name!r}.", (f"Did you mean {close[0]}? " if close else "") + known
            )
        chosen[name] = METRICS[name]
    return tuple(chosen.values())
