"""The text encoder of a MedSyn run: its reports, its vocabulary, its training, and what it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctstudio.catalog.known_words import FILE_NAME, read_words, write_words
from ctstudio.catalog.medsyn_text_settings import TextSettings
from ctstudio.evaluation.text_facts import told_texts
from ctstudio.evaluation.text_probe import learn_to_read
from ctstudio.phantom.chest_report import Wording
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text import TextEncoder
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.tokenizer import load_tokenizer, save_vocabulary, train_vocabulary
from ctstudio.training.reports import draw_reports, read_reports, write_reports
from ctstudio.training.run import Run, restored
from ctstudio.training.stages.medsyn_text import TextLooker, TextStage, accuracies

STAGE = "text"
VALIDATION_SEEDS = range(9_500, 9_564)
"""Phantoms whose reports a run is validated on."""
HELD_OUT_SEEDS = range(10_000, 10_400)
"""Phantoms whose reports the finished encoder is judged on."""
READING_SEEDS = range(20_000, 21_500)
"""Phantoms whose reports readers learn from that judge its features."""


def vocabulary_of(run: Run) -> Path:
    """Where the vocabulary of a run lies, and the words of its reports."""
    return run.folder / "checkpoints" / "vocabulary"


def make_reports(run: Run, settings: TextSettings, config: TextConfig) -> None:
    """Draw the reports of a run, once, and make the vocabulary of those for training."""
    for name, seeds in (("train", range(settings.patients)), ("validation", VALIDATION_SEEDS)):
        path = _reports(run, name)
        if not path.exists():
            write_reports(draw_reports(seeds, settings.wordings, run.watcher.progress), path)
    folder = vocabulary_of(run)
    if not (folder / FILE_NAME).exists():
        texts = [report.text for report in read_reports(_reports(run, "train"))]
        save_vocabulary(train_vocabulary(texts, config.vocabulary), folder)
        write_words(texts, folder / FILE_NAME)


def train_text(run: Run, settings: TextSettings, config: TextConfig) -> None:
    """Train the encoder of a run, or go on with it; `make_reports` comes first."""
    network, tokenizer = build_text_encoder(config, settings.dropout), load_tokenizer(vocabulary_of(run))
    stage, held = (
        TextStage(network, tokenizer, read_reports(_reports(run, name)), settings) for name in ("train", "validation")
    )
    run.train(STAGE, stage, settings, TextLooker(held))


def trained_text(run: Run, config: TextConfig) -> TextEncoder:
    """The encoder of a run, frozen, on the CPU."""
    folder = vocabulary_of(run)
    network = build_text_encoder(config)
    restored(run, STAGE, network)
    return TextEncoder(network, load_tokenizer(folder), config, read_words(folder / FILE_NAME))


def text_figures(
    encoder: TextEncoder, settings: TextSettings, seeds: Sequence[int] = HELD_OUT_SEEDS
) -> dict[str, float]:
    """What an encoder reaches on phantoms it never read of.

    Returns:
        `token_accuracy` of hidden tokens and `pair_accuracy` of sections, 0 to 1.
    """
    reports = draw_reports(seeds, 1)
    stage = TextStage(encoder.network, encoder.tokenizer, reports, settings)
    return accuracies(stage, batches=max(1, 2 * len(reports) // settings.batch))


def reading_figures(
    encoder: TextEncoder, learn: Sequence[int] = READING_SEEDS, judge: Sequence[int] = HELD_OUT_SEEDS
) -> dict[str, dict[str, float]]:
    """What linear readers find in the features of reports on phantoms that neither they nor the encoder read of.

    Args:
        encoder: Whose features.
        learn: Phantoms whose reports the readers learn from.
        judge: Phantoms whose reports they are judged on.

    Returns:
        For "held-out patients" (phrases of the training) and "held-out phrases" the part of right answers to each
        question of `evaluation.text_facts`, 0 to 1.
    """
    readers = learn_to_read(encoder, told_texts(learn, "train"))
    parts: dict[str, Wording] = {"held-out patients": "train", "held-out phrases": "held_out"}
    return {name: readers.judged(told_texts(judge, wording))["tokens"] for name, wording in parts.items()}


def _reports(run: Run, name: str) -> Path:
    return run.cache / "reports" / f"{name}.jsonl"
