"""`ctstudio evaluate`: the papers' metrics, for two folders or for the models on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.cli.progress import late_bar
from ctstudio.core.errors import InputError, ParameterError

if TYPE_CHECKING:
    from ctstudio.evaluation.comparison import Side
    from ctstudio.evaluation.metrics import Figure, Metric
    from ctstudio.evaluation.report import Report

SUFFIXES = (".json", ".csv", ".md")
PAPERS = ("na-diff", "medsyn", "meddiff-fm")


def evaluate(
    real: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with real images.", show_default=False)
    ] = None,
    synthetic: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with synthetic images.", show_default=False)
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Names with commas between, or all: clean-fid, kid, cmmd, lpips, ssim, psnr, mae, iqa, dice, iou, hd, "
            "hd95, recall, precision. With --paper medsyn: effusion, cardiomegaly, bullae, consolidation, reports, "
            "segmentation, classifier; with meddiff-fm: synthesis, denoising, detection, lesions, inpainting, removal.",
        ),
    ] = "all",
    out: Annotated[
        Path | None, typer.Option(help="File to write: .json, .csv or .md; with --paper a folder.", show_default=False)
    ] = None,
    paper: Annotated[str, typer.Option(metavar="na-diff|medsyn|meddiff-fm", help="Write this paper's tables.")] = "",
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="With --paper: a model's name or folder; again for more (meddiff-fm: a second one without position "
            "embedding, for the ablation). Default: all.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str,
        typer.Option(
            help="Model whose encoder and segmenter measure. Default: na-diff-demo; else the model itself.",
            show_default=False,
        ),
    ] = "",
    data: Annotated[
        Path | None, typer.Option(metavar="DATASET", help="With --paper: test on a prepared data set, not phantoms.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder with published networks: Inception, CLIP, LPIPS, LDCT-IQA; for volumes MedicalNet.",
        ),
    ] = None,
    slices: Annotated[
        int, typer.Option(min=1, help="With --paper: held-out slices, each at six doses. Else: most of one case.")
    ] = 20,
    mask: Annotated[str, typer.Option(metavar="all|liver", help="With --paper: what the masks tell.")] = "all",
    downstream: Annotated[bool, typer.Option(help="With --paper na-diff: train the downstream segmenters too.")] = True,
    volumes: Annotated[
        int, typer.Option(min=2, help="With --paper medsyn: of each prompt; meddiff-fm: patients of each region.")
    ] = 32,
    changed: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="With --paper medsyn and meddiff-fm: how volumes are sampled (denoise.steps=5); again for more.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare synthetic images with real ones, or write a paper's tables for the models on this machine.

    Folders: what 'ctstudio run' writes, prepared data sets, nnU-Net's layout, volumes, DICOM, or 8-bit PNG pictures.
    Nothing is downloaded: without --weights, a phantom-trained encoder judges, and the tables say so.
    With --paper, slices that were made are kept in the folder, and a stopped evaluation goes on.
    """
    from ctstudio.evaluation.metrics import metrics_from

    if paper:
        from ctstudio.cli.evaluate_paper import evaluate_paper

        _check_paper(paper, real, synthetic)
        folder = _given(out, "a folder: --out DIR")
        if paper == "medsyn":
            from ctstudio.cli.evaluate_medsyn import evaluate_medsyn_paper

            _check_phantoms(paper, data)
            evaluate_medsyn_paper(folder, model or [], judge, weights, volumes, metrics, changed or [], as_json)
            return
        if paper == "meddiff-fm":
            from ctstudio.cli.evaluate_meddiff import evaluate_meddiff_paper

            _check_phantoms(paper, data)
            evaluate_meddiff_paper(folder, model or [], judge, weights, volumes, metrics, changed or [], as_json)
            return
        evaluate_paper(folder, model or [], judge, data, weights, slices, mask, downstream, as_json)
        return
    if real is None or synthetic is None:
        raise ParameterError(
            "There is nothing to compare.",
            "Give --real DIR and --synthetic DIR, or --paper na-diff; see ctstudio evaluate --help.",
        )
    if model:
        raise ParameterError("--model is for --paper.", "Name the model that measures with --judge.")
    file = _given(out, "a file: --out FILE")
    if file.suffix.lower() not in SUFFIXES:
        raise ParameterError(f"{file.name} cannot be written.", f"End the name in one of {', '.join(SUFFIXES)}.")
    report = _compared(real, synthetic, metrics_from(metrics), judge, weights, slices)
    _write(report, file)
    lines = [_shown(one) for one in report.figures]
    answer(as_json, {"out": str(file), **report.facts()}, [*lines, *report.notes, f"Everything is in {file}."])


def _compared(
    real: Path, synthetic: Path, chosen: Sequence[Metric], judge_name: str, weights: Path | None, slices: int
) -> Report:
    from ctstudio.cli.evaluation_models import judge_with, judging_model
    from ctstudio.evaluation.comparison import compared

    judge = judge_with(judging_model(judge_name), weights)
    overlaps = any(metric.group == "overlap" for metric in chosen)
    with late_bar("Reading") as bar:
        view = judge.reader.model.info.field_of_view if overlaps else None
        bar.at(0, 3, "Reading real images")
        first = _side(real, view, slices)
        bar.at(1, 3, "Reading synthetic images")
        second = _side(synthetic, view, slices)
        bar.at(2, 3, "Measuring")
        report = compared(first, second, chosen, judge.instruments, judge.reader)
    settings: dict[str, Any] = {"real": str(real), "synthetic": str(synthetic), "most_slices_a_case": slices}
    return replace(report, settings=settings)


def _side(folder: Path, view: Any, slices: int) -> Side:
    from ctstudio.cli.evaluated_folders import cases_in, pictures_in
    from ctstudio.evaluation.comparison import pictures_side, side_of

    side = side_of(cases_in(folder), view, slices)
    if not side.slices:
        side = pictures_side(pictures_in(folder))
    if not side.slices:
        raise InputError(
            f"There is no image in {folder}.",
            "Give what 'ctstudio run' writes, a prepared data set, volumes with CT in HU, or PNG pictures.",
        )
    return side


def _write(report: Report, file: Path) -> None:
    from ctstudio.io.storage import write_text

    write_text(report.text(file.suffix.lower()), file)


def _shown(figure: Figure) -> str:
    from ctstudio.evaluation.report import shown

    note = f" ({figure.note})" if figure.note else ""
    return f"{figure.heading}: {shown(figure)} {figure.unit}".rstrip() + note


def _given(out: Path | None, what: str) -> Path:
    if out is None:
        raise ParameterError(f"The evaluation needs {what}.", "Name where the figures shall go.")
    return out


def _check_paper(paper: str, real: Path | None, synthetic: Path | None) -> None:
    if paper not in PAPERS:
        raise ParameterError(f"There are no tables of a paper {paper!r}.", f"Known are: {', '.join(PAPERS)}.")
    if real is not None or synthetic is not None:
        raise ParameterError(
            "--paper makes its own images.", "Leave out --real and --synthetic, or compare them without --paper."
        )


def _check_phantoms(paper: str, data: Path | None) -> None:
    if data is not None:
        raise ParameterError(
            f"--paper {paper} measures on phantoms: a prepared data set has no reports, and no healthy twins.",
            "Leave out --data.",
        )
