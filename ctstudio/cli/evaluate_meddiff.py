"""`ctstudio evaluate --paper meddiff-fm`: that paper's tables as JSON, CSV, Markdown and pictures."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctstudio.cli.answer import answer
from ctstudio.cli.progress import late_bar
from ctstudio.core.errors import ModelNotFound, ParameterError

if TYPE_CHECKING:
    from ctstudio.catalog.shelf import Model
    from ctstudio.evaluation.meddiff_reading import RegionReader
    from ctstudio.evaluation.perceptual import Perceptual
    from ctstudio.evaluation.volume_encoders import VolumeEncoder

JSON, CSV, TABLES, ROC, DICE = (
    "meddiff-fm.json",
    "meddiff-fm.csv",
    "meddiff-fm.md",
    "meddiff-roc.png",
    "meddiff-dice.png",
)
DECIDED = ("region", "seed", "count", "organ", "kind", "labels_mean")
"""Parameters that the evaluation sets itself."""


def evaluate_meddiff_paper(
    out: Path,
    names: Sequence[str],
    judge_name: str,
    weights: Path | None,
    patients: int,
    parts: str,
    changed: Sequence[str],
    as_json: bool,
) -> None:
    """Evaluate a model as the MedDiff-FM paper does, and write its tables into a folder.

    Args:
        out: The folder; volumes that were made are kept in it, so that a stopped evaluation goes on.
        names: One model by name or folder, and for the ablation one without position embedding; none for the first of
            MedDiff-FM on the shelf.
        judge_name: Model whose reader reads all volumes; the evaluated one's own when empty.
        weights: Folder with MedicalNet, LPIPS or both, or None.
        patients: Of each region or kind of lesion.
        parts: What is evaluated, names with commas between, or "all".
        changed: Parameters of tasks as "key=value" or "task.key=value".
        as_json: Print one line for programs.
    """
    from ctstudio.cli.evaluation_engine import engine_here
    from ctstudio.evaluation.meddiff_evaluation import evaluate_meddiff
    from ctstudio.evaluation.meddiff_paper import PARTS, MeddiffSettings
    from ctstudio.io.storage import check_place

    chosen = PARTS if parts == "all" else tuple(name.strip().lower() for name in parts.split(",") if name.strip())
    validation = max(2, patients // 5)
    settings = MeddiffSettings(patients, chosen, validation, parameters=task_parameters(changed))
    check_place(out)
    models = _models_named(names)
    reader = _reader(judge_name, models)
    with late_bar("Evaluating MedDiff-FM") as bar:
        facts = evaluate_meddiff(
            models, reader, _encoders(weights, reader), _perceptual(weights), engine_here(), settings, out, bar.at
        )
    wrote = _write(facts, out)
    answer(as_json, {"out": str(out), "files": wrote, **facts}, [*_lines(facts), f"The tables are in {out / TABLES}."])


def task_parameters(changed: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Parameters by task from "key=value", for every task that knows the key, or "task.key=value".

    Raises:
        ParameterError: Not of that form, unknown, out of range, or one that the evaluation sets itself.
    """
    from ctstudio.catalog.meddiff_fm import CARDS

    found: dict[str, dict[str, Any]] = {}
    for text in changed:
        name, separator, value = text.partition("=")
        task, _, key = name.rpartition(".")
        meant = [c for c in CARDS if key in c.parameters.model_fields and task in ("", c.task)]
        if not separator or key in DECIDED or not meant:
            raise ParameterError(f"{text!r} sets nothing here.", "Give for example --set denoise.steps=5.")
        for card in meant:
            found.setdefault(card.task, {})[key] = _value(value)
    return {card.task: _checked(card, found[card.task]) for card in CARDS if card.task in found}


def _checked(card: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    whole = card.validated(told)
    return {key: whole[key] for key in told}


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _models_named(names: Sequence[str]) -> list[Model]:
    from ctstudio.catalog.shelf import find_model
    from ctstudio.cli.running import default_model

    models = [find_model(name) for name in (names or [default_model("meddiff_fm")])]
    for model in models:
        if model.info.system != "meddiff_fm":
            raise ParameterError(f"{model.info.name} is no model of MedDiff-FM.", "See 'ctstudio models list'.")
    return models


def _reader(name: str, models: Sequence[Model]) -> RegionReader | None:
    """The reader of the model named, of an evaluated one, or of any other of MedDiff-FM; None where none has one."""
    from ctstudio.catalog.shelf import find_model, look
    from ctstudio.systems.meddiff_fm.reading import has_reader, load_reader

    others = (model for model in look().models if model.info.system == "meddiff_fm")
    wanted = [find_model(name)] if name else [*models, *others]
    found = next((each for each in wanted if has_reader(each)), None)
    if found is None and name:
        raise ModelNotFound(f"{name} comes with no reader of CTs.", "Name a model that has one with --judge.")
    return load_reader(found) if found else None


def _encoders(weights: Path | None, reader: RegionReader | None) -> dict[str, VolumeEncoder]:
    """MedicalNet for all regions where its file is there, else the reader's own features."""
    from ctstudio.catalog.meddiff_regions import REGIONS
    from ctstudio.evaluation.meddiff_evaluation import reader_encoders
    from ctstudio.evaluation.volume_encoders import MEDICALNET_FILES, medicalnet_encoder

    files = [weights / name for name in MEDICALNET_FILES if (weights / name).is_file()] if weights else []
    if files:
        return dict.fromkeys(REGIONS, medicalnet_encoder(files[0]))
    return reader_encoders(reader) if reader else {}


def _perceptual(weights: Path | None) -> Perceptual | None:
    """LPIPS where its files are there, else the encoder of a phantom model of NA-Diff, else none.

    Raises:
        InputError: The folder with weights is not there.
    """
    from ctstudio.cli.evaluation_models import judging_model
    from ctstudio.core.errors import InputError
    from ctstudio.evaluation.perceptual import BACKBONES, lpips, phantom_perceptual

    if weights is not None and not weights.is_dir():
        raise InputError(f"There is no folder {weights}.", "Give the folder with published networks.")
    for backbone, (network, heads, _) in BACKBONES.items():
        if weights and (weights / network).is_file() and (weights / heads).is_file():
            return lpips(weights, backbone)
    try:
        model = judging_model("")
    except ModelNotFound:
        return None
    from ctstudio.cli.evaluation_models import loaded

    return phantom_perceptual(loaded(model).loaded)


def _write(facts: dict[str, Any], out: Path) -> list[str]:
    from ctstudio.evaluation.meddiff_charts import dice_picture, roc_picture
    from ctstudio.evaluation.meddiff_tables import as_csv, as_markdown
    from ctstudio.evaluation.report import as_json
    from ctstudio.io.pictures import write_png
    from ctstudio.io.storage import write_text

    for name, text in ((JSON, as_json(facts)), (CSV, as_csv(facts)), (TABLES, as_markdown(facts))):
        write_text(text, out / name)
    wrote = [JSON, CSV, TABLES]
    for name, picture in ((ROC, roc_picture(facts)), (DICE, dice_picture(facts))):
        if picture is not None:
            write_png(picture, out / name)
            wrote.append(name)
    return [str(out / name) for name in wrote]


def _lines(facts: dict[str, Any]) -> list[str]:
    """The most telling figures, a line each."""
    from ctstudio.evaluation.meddiff_tables import rows_of, with_interval

    told = ("Dice of organs", "PSNR, gain over noisy", "AUC", "Dice of lesions", "no lesion found any more")
    found = [row for row in rows_of(facts) if row.title in told]
    return [f"{row.part}, {row.region}: {row.title} {with_interval(row)}" for row in found]
