"""The MedSyn paper's tables as Markdown: what was measured here, beside what the paper prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctstudio.evaluation.medsyn_prompts import REPORTS
from ctstudio.evaluation.report import rounded, table

PAPER = "the paper's"
PUBLISHED_DISTANCES = {"fid": 0.009, "mmd": 0.019}
PUBLISHED_AIRWAY_ML = (33.4, 11.9)
PUBLISHED_REAL_AIRWAY_ML = (45.8, 14.5)
"""Tables I; 3.34 and 4.58 x 10^4 mm3."""

PUBLISHED: dict[str, tuple[str, str]] = {
    "effusion none": ("effusion_ml", "0 ± 0"),
    "effusion large": ("effusion_ml", "1730 ± 220"),
    "cardiomegaly none": ("cardiothoracic_ratio", "0.48 ± 0.06"),
    "cardiomegaly": ("cardiothoracic_ratio", "0.75 ± 0.24"),
    "bullae none": ("laa_950_percent", "0.019 ± 0.018"),
    "bullae": ("laa_950_percent", "1.4 ± 3.5"),
}
"""Tables II to IV: by prompt the figure, and mean and SD."""

PUBLISHED_DICE = {
    "without text": {"airway": "0.70 ± 0.14", "lobes": "0.69 ± 0.12"},
    "with text": {"airway": "0.75 ± 0.10", "lobes": "0.77 ± 0.12"},
}
"""Table V."""

PUBLISHED_CLASSIFIER = {
    "effusion accuracy": ("0.907 ± 0.032", "0.940 ± 0.002"),
    "effusion F1": ("0.79 ± 0.05", "0.84 ± 0.01"),
    "consolidation accuracy": ("0.610 ± 0.022", "0.620 ± 0.015"),
    "consolidation F1": ("0.72 ± 0.03", "0.75 ± 0.00"),
}
"""Table VI: real alone, and with 200 generated volumes; its lung opacity stands beside our consolidation."""

TITLES = {
    "effusion_ml": ("effusion, by place and HU", "ml"),
    "effusion_read_ml": ("effusion, as the reader marks it", "ml"),
    "cardiothoracic_ratio": ("cardiothoracic ratio", ""),
    "laa_950_percent": ("LAA-950", "%"),
    "consolidation_ml": ("consolidation, by place and HU", "ml"),
    "consolidation_read_ml": ("consolidation, as the reader marks it", "ml"),
    "airway_ml": ("airway", "ml"),
    "vessels_ml": ("vessels", "ml"),
    "lungs_ml": ("lungs", "ml"),
    "lobes_dice": ("Dice of lobes", ""),
    "airway_dice": ("Dice of airway", ""),
    "vessels_dice": ("Dice of vessels", ""),
}
Facts = Mapping[str, Any]


def as_markdown(facts: Facts) -> str:
    """All tables of an evaluation (`facts`: what the JSON file holds)."""
    parts = [
        f"# {facts['title']}: {facts['model']}",
        "\n".join(f"- {note}" for note in facts["notes"]),
        "## What texts ask for",
        "\n".join(_question_table(facts["questions"])),
        "## Figures by prompt (tables II to IV)",
        "\n".join(_prompt_table(facts["arms"], facts["phantoms"])),
    ]
    if facts.get("distances"):
        parts += ["## Whole reports (table I)", "\n".join(_report_table(facts))]
    if facts.get("segmentation"):
        parts += ["## Structures of scans (table V)", "\n".join(_segmentation_table(facts["segmentation"]))]
    if facts.get("classifier"):
        told = facts["classifier"]
        parts += [
            "## Classifiers with generated volumes (table VI)",
            f"{told['real']} real volumes, {told['synthetic']} synthetic, {told['test']} to judge by.",
            "\n".join(_classifier_table(told["scores"])),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _question_table(questions: Mapping[str, Sequence[Facts]]) -> list[str]:
    beside = {each["name"]: each["answer"] for each in questions["phantoms"]}
    rows = [
        [each["title"], f"{each['goal']:.0%}", _share(each["answer"]), _share(beside.get(each["name"]))]
        for each in questions["model"]
    ]
    return table(["question", "goal", "model: right [95 %]", "phantoms, read alike"], rows)


def _prompt_table(arms: Mapping[str, Facts], phantoms: Mapping[str, Facts]) -> list[str]:
    rows = []
    for arm, figures in arms.items():
        if arm == REPORTS:
            continue
        told, published = PUBLISHED.get(arm, ("", ""))
        for name in _interesting(arm):
            title, unit = TITLES[name]
            rows.append(
                [arm, title, unit, _spread(figures.get(name)), _spread(phantoms.get(arm, {}).get(name)),
                 _count(figures.get(name)), published if name == told else ""]
            )  # fmt: skip
    return table(["prompt", "figure", "unit", "model", "phantoms", "n", PAPER], rows)


def _interesting(arm: str) -> tuple[str, ...]:
    figures = {
        "effusion": ("effusion_ml", "effusion_read_ml"),
        "cardiomegaly": ("cardiothoracic_ratio",),
        "bullae": ("laa_950_percent",),
        "consolidation": ("consolidation_ml", "consolidation_read_ml"),
    }
    return next(names for word, names in figures.items() if arm.startswith(word))


def _report_table(facts: Facts) -> list[str]:
    made, real, far = facts["arms"][REPORTS], facts["phantoms"][REPORTS], facts["distances"]
    by = far["encoder"] if far["published"] else f"{far['encoder']}; not comparable with published figures"
    rows = []
    for name in ("fid", "mmd"):
        called = name.upper() if far["published"] else {"fid": "Fréchet distance", "mmd": "mean discrepancy"}[name]
        figures = [rounded(far["model"][name]), rounded(far["other patients"][name])]
        rows.append([f"{called}, {by} ↓", "", *figures, str(far["count"]), f"{PUBLISHED_DISTANCES[name]}"])
    for name in ("airway_ml", "vessels_ml", "lungs_ml", "lobes_dice", "airway_dice", "vessels_dice"):
        title, unit = TITLES[name]
        paper = "{} ± {} (real {} ± {})".format(*PUBLISHED_AIRWAY_ML, *PUBLISHED_REAL_AIRWAY_ML)
        figures = [_spread(made.get(name)), _spread(real.get(name))]
        rows.append([title, unit, *figures, _count(made.get(name)), paper if name == "airway_ml" else ""])
    return table(["figure", "unit", "model", "other patients; phantoms", "n", PAPER], rows)


def _segmentation_table(found: Mapping[str, Mapping[str, Facts]]) -> list[str]:
    rows = []
    for how, structures in found.items():
        for name, figure in structures.items():
            rows.append(
                [how, name, _spread(figure), _count(figure), PUBLISHED_DICE.get(how, {}).get(name, "")],
            )
    return table(["", "structure", "Dice", "n", PAPER], rows)


def _classifier_table(scores: Mapping[str, Mapping[str, Facts]]) -> list[str]:
    rows = []
    for figure, arms in scores.items():
        paper = PUBLISHED_CLASSIFIER.get(figure, ("", ""))
        rows.append([figure, *(_spread(arms[arm]) for arm in ("real", "real and synthetic")), *paper])
    return table(["", "real", "real and synthetic", f"{PAPER}, real", f"{PAPER}, both"], rows)


def _share(answer: Facts | None) -> str:
    if answer is None or not answer["count"]:
        return "-"
    return f"{answer['hits']}/{answer['count']} = {answer['value']:.1%} [{answer['low']:.1%}, {answer['high']:.1%}]"


def _spread(figure: Facts | None) -> str:
    return f"{rounded(figure['mean'])} ± {rounded(figure['sd'])}" if figure else "-"


def _count(figure: Facts | None) -> str:
    return str(figure["count"]) if figure else "0"
