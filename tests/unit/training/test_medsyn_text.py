"""MedSyn's text encoder in training: what a step asks, and a run from reports to an encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ctstudio.catalog.medsyn_text_settings import TextSettings
from ctstudio.catalog.recipe_parts import CommonRecipe, RunSettings
from ctstudio.core.errors import ParameterError
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text import load_text, save_text
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.text_objective import NOT_ASKED, hide_tokens, pretraining_loss
from ctstudio.systems.medsyn.tokenizer import load_tokenizer, save_vocabulary, train_vocabulary
from ctstudio.training.medsyn_text import (
    make_reports,
    reading_figures,
    text_figures,
    train_text,
    trained_text,
    vocabulary_of,
)
from ctstudio.training.reports import ReportOfPhantom, draw_report, draw_reports, read_reports, write_reports
from ctstudio.training.run import Run, Silent, new_accelerator
from ctstudio.training.stages.medsyn_text import TextStage

TINY = TextConfig(width=32, layers=1, heads=2, intermediate=32, vocabulary=600, positions=64, projection=8, tokens=48)
SETTINGS = TextSettings(steps=12, batch=8, learning_rate=3e-3, warm_up=5, patients=12, wordings=3)


@pytest.fixture(scope="module")
def reports() -> list[ReportOfPhantom]:
    return draw_reports(range(24), 3)


@pytest.fixture(scope="module")
def stage(reports: list[ReportOfPhantom], tmp_path_factory: pytest.TempPathFactory) -> TextStage:
    folder = tmp_path_factory.mktemp("vocabulary")
    save_vocabulary(train_vocabulary((report.text for report in reports), TINY.vocabulary), folder)
    torch.manual_seed(0)
    return TextStage(build_text_encoder(TINY, 0.0), load_tokenizer(folder), reports, SETTINGS)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


def test_of_the_hidden_tokens_most_are_masked_some_replaced_some_left() -> None:
    ids = torch.full((200, 100), 7)
    special = torch.zeros_like(ids, dtype=torch.bool)
    special[:, 0] = True
    shown, targets = hide_tokens(ids, special, mask_id=4, vocabulary=1000, share=0.15, generator=_generator())
    asked = targets != NOT_ASKED
    assert not asked[:, 0].any()
    assert asked[:, 1:].float().mean() == pytest.approx(0.15, abs=0.01)
    assert (targets[asked] == 7).all()
    assert (shown[~asked] == 7).all()
    assert (shown[asked] == 4).float().mean() == pytest.approx(0.8, abs=0.02)
    assert (shown[asked] == 7).float().mean() == pytest.approx(0.1, abs=0.02)


def test_drawing_a_report_renders_nothing_and_repeats_itself() -> None:
    first, again, other = draw_report(5, 0), draw_report(5, 0), draw_report(5, 1)
    assert first == again
    assert first.text != other.text
    assert first.facts == other.facts


def test_reports_come_back_from_the_disk(reports: list[ReportOfPhantom], tmp_path: Path) -> None:
    write_reports(reports, tmp_path / "cache" / "train.jsonl")
    assert read_reports(tmp_path / "cache" / "train.jsonl") == reports


def test_a_batch_shows_reports_with_own_or_other_impressions(stage: TextStage, reports: list[ReportOfPhantom]) -> None:
    tokenizer, own, other = stage.tokenizer, 0, 0
    texts = {joined_text(tokenizer, report.findings, report.impression) for report in reports}
    for step in range(12):
        batch = stage.draw(step, _generator(step))
        whole = torch.where(batch["targets"] == NOT_ASKED, batch["shown"], batch["targets"])
        assert (whole[:, 0] == tokenizer.cls_token_id).all()
        for row, attended, paired in zip(whole, batch["attended"], batch["paired"].tolist(), strict=True):
            shown = tuple(row[attended.bool()].tolist())
            if paired == 1:
                own += shown in texts
                assert shown in texts
            elif paired == 0:
                other += 1
                assert shown not in texts
            else:
                assert tokenizer.sep_token_id not in shown[:-1]
    assert own > 0
    assert other > 0


def joined_text(tokenizer: object, findings: str, impression: str) -> tuple[int, ...]:
    return tuple(tokenizer(f"{findings} [SEP] {impression}")["input_ids"])  # type: ignore[operator]


def test_the_loss_of_pairs_leaves_out_what_has_one_section(stage: TextStage) -> None:
    batch = stage.draw(0, _generator())
    alone = torch.full_like(batch["paired"], NOT_ASKED)
    parts = batch["shown"], batch["attended"], batch["targets"]
    network = stage.module.eval()
    without = pretraining_loss(network, *parts, alone, pair_weight=1.0)
    assert torch.equal(without, pretraining_loss(network, *parts, batch["paired"], pair_weight=0.0))
    assert float(without.detach()) > 3.0
    nothing = torch.full_like(batch["targets"], NOT_ASKED)
    assert float(pretraining_loss(network, batch["shown"], batch["attended"], nothing, alone, 1.0).detach()) == 0.0


def test_a_run_goes_from_reports_to_an_encoder_on_disk(tmp_path: Path) -> None:
    settings = RunSettings(precision="fp32")
    recipe = CommonRecipe(name="t", title="T", about="", system="medsyn", model_name="t", run=settings)
    run = Run(recipe, tmp_path, new_accelerator("fp32", "cpu"), Silent())  # type: ignore[arg-type]
    make_reports(run, SETTINGS, TINY)
    words = (vocabulary_of(run) / "vocab.txt").read_bytes()
    make_reports(run, SETTINGS, TINY)
    assert (vocabulary_of(run) / "vocab.txt").read_bytes() == words
    train_text(run, SETTINGS, TINY)
    encoder = trained_text(run, TINY)
    kept = load_file(run.store("text").all()[-1] / "average.safetensors")
    table = encoder.network.bert.embeddings.word_embeddings.weight
    assert torch.equal(table, kept["bert.embeddings.word_embeddings.weight"])
    assert encoder.network.cls.predictions.decoder.weight is table
    save_text(encoder, vocabulary_of(run), tmp_path / "text")
    loaded = load_text(tmp_path / "text", TINY)
    report = draw_report(10_000, 1)
    features = encoder.encode([(report.findings, report.impression)])
    torch.testing.assert_close(features, loaded.encode([(report.findings, report.impression)]), rtol=0, atol=0.05)
    assert loaded.unknown_share("pleural effusion") == 0.0
    figures = text_figures(loaded, SETTINGS, seeds=range(10_000, 10_016))
    assert set(figures) == {"token_accuracy", "pair_accuracy"}
    assert 0.0 <= figures["token_accuracy"] <= 1.0
    readings = reading_figures(loaded, learn=range(20_000, 20_016), judge=range(10_000, 10_008))
    assert set(readings) == {"held-out patients", "held-out phrases"}
    assert 0.0 <= readings["held-out phrases"]["effusion"] <= 1.0


def test_reports_that_all_say_the_same_are_refused(stage: TextStage, reports: list[ReportOfPhantom]) -> None:
    """Nobody's impression could be swapped."""
    alike = [report for report in reports if report.facts == reports[0].facts]
    with pytest.raises(ParameterError, match="one kind of patient"):
        TextStage(stage.module, stage.tokenizer, alike, SETTINGS)


def test_guessing_gets_better(stage: TextStage) -> None:
    """By words alone: the commonest words are learned within a few steps."""
    network = stage.module.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    losses = []
    for step in range(25):
        optimiser.zero_grad()
        loss = stage.loss(stage.draw(step, _generator(step)))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
