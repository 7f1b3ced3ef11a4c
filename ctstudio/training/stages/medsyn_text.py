"""MedSyn's text encoder, pre-trained on the reports of phantoms, which it is told no facts of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from ctstudio.catalog.medsyn_text_settings import TextSettings
from ctstudio.core.errors import ParameterError
from ctstudio.core.volume import Volume
from ctstudio.systems.medsyn.text_network import ReportBert
from ctstudio.systems.medsyn.text_objective import NOT_ASKED, hide_tokens, pretraining_loss, pretraining_scores
from ctstudio.training.reports import ReportOfPhantom
from ctstudio.training.stage import Batch

LENGTHS = 4
"""Groups of reports by length; the reports of a batch are of one group."""

LOOKED_AT = 3 * LENGTHS
"""Batches of a validation."""


class TextStage:
    """Batches and loss.

    Args:
        network: What is trained.
        tokenizer: Its tokenizer.
        reports: Of at least two kinds of patients.
        settings: How.

    Raises:
        ParameterError: Every patient with an impression has the same findings.
    """

    def __init__(
        self,
        network: ReportBert,
        tokenizer: PreTrainedTokenizerBase,
        reports: Sequence[ReportOfPhantom],
        settings: TextSettings,
    ) -> None:
        self.module, self.tokenizer, self._settings = network, tokenizer, settings
        self._findings = _numbers(tokenizer, [report.findings for report in reports])
        self._impression = _numbers(tokenizer, [report.impression for report in reports])
        self._facts = [report.facts for report in reports]
        if len({str(facts) for facts, text in zip(self._facts, self._impression, strict=True) if text}) < 2:
            raise ParameterError("The reports tell of one kind of patient only.", "Set text.patients to 50 or more.")
        lengths = [len(f) + len(i) for f, i in zip(self._findings, self._impression, strict=True)]
        self._by_length = torch.tensor(lengths).argsort(stable=True).chunk(LENGTHS)
        self._longest = network.config.max_position_embeddings

    def __len__(self) -> int:
        return len(self._facts)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Reports, some with another patient's impression, some of their tokens hidden."""
        which = self._alike_long(generator)
        swap = torch.rand(len(which), generator=generator) < self._settings.swapped  # (B,)
        drawn = [self._drawn(own, bool(swapped), generator) for own, swapped in zip(which.tolist(), swap, strict=True)]
        rows, paired = [row for row, _ in drawn], torch.tensor([pair for _, pair in drawn])
        ids = torch.full((len(rows), max(map(len, rows))), self.tokenizer.pad_token_id, dtype=torch.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
        special = torch.isin(ids, torch.tensor(self.tokenizer.all_special_ids))  # (B, L)
        mask_id, vocabulary = self.tokenizer.mask_token_id, len(self.tokenizer)
        shown, targets = hide_tokens(ids, special, mask_id, vocabulary, self._settings.masked, generator)
        attended = (ids != self.tokenizer.pad_token_id).long()
        return {"shown": shown, "attended": attended, "targets": targets, "paired": paired}

    def loss(self, batch: Batch) -> Tensor:
        """Guessing tokens, and telling whether findings and impression are of one report."""
        return pretraining_loss(
            self.module,
            batch["shown"],
            batch["attended"],
            batch["targets"],
            batch["paired"],
            self._settings.pair_weight,
        )

    def _alike_long(self, generator: torch.Generator) -> Tensor:
        """(batch,) reports that are about as long as each other: less padding to compute."""
        group = self._by_length[int(torch.randint(len(self._by_length), (), generator=generator))]
        return group[torch.randint(len(group), (self._settings.batch,), generator=generator)]

    def _drawn(self, own: int, swapped: bool, generator: torch.Generator) -> tuple[list[int], int]:
        """A report as numbers, and whether its sections belong together; of one section alone nobody can say."""
        findings, impression = self._findings[own], self._impression[own]
        if not (findings and impression):
            return self._row(findings or impression), NOT_ASKED
        if swapped:
            impression = self._impression[self._other(own, generator)]
        return self._row([*findings, self.tokenizer.sep_token_id, *impression]), 0 if swapped else 1

    def _row(self, inside: list[int]) -> list[int]:
        """[CLS] text [SEP], cut where the table of positions ends."""
        return [self.tokenizer.cls_token_id, *inside[: self._longest - 2], self.tokenizer.sep_token_id]

    def _other(self, own: int, generator: torch.Generator) -> int:
        """A report with an impression of a patient with other findings: the same ones would make a pair again."""
        while True:
            other = int(torch.randint(len(self), (), generator=generator))
            if self._impression[other] and self._facts[other] != self._facts[own]:
                return other


class TextLooker:
    """The looker of a text encoder: `training.recorder.Looker`.

    Args:
        held: A stage over reports of the validation part, with the network that is trained.
    """

    def __init__(self, held: TextStage) -> None:
        self._held = held

    @torch.no_grad()
    def figures(self, module: torch.nn.Module) -> tuple[dict[str, float], str]:
        """The loss over the same reports with the same tokens hidden at every look, and what is guessed right."""
        device, generator = next(module.parameters()).device, torch.Generator("cpu").manual_seed(1)
        losses = []
        for step in range(LOOKED_AT):
            batch = self._held.draw(step, generator)
            losses.append(float(self._held.loss({key: value.to(device) for key, value in batch.items()})))
        right = accuracies(self._held, LOOKED_AT)
        return {"validation_loss": sum(losses) / LOOKED_AT, **right}, "validation_loss"

    def samples(self, module: torch.nn.Module) -> list[tuple[str, Volume]]:
        """There is nothing to see."""
        return []


@torch.no_grad()
def accuracies(stage: TextStage, batches: int, seed: int = 1) -> dict[str, float]:
    """Part of the hidden tokens, and of the pairs, that a stage's network tells right on its reports.

    Returns:
        `token_accuracy`, `pair_accuracy`: 0 to 1.
    """
    device, generator = next(stage.module.parameters()).device, torch.Generator("cpu").manual_seed(seed)
    tokens, pairs = [], []
    stage.module.eval()
    for step in range(batches):
        batch = {key: value.to(device) for key, value in stage.draw(step, generator).items()}
        scores, targets, paired = pretraining_scores(stage.module, batch["shown"], batch["attended"], batch["targets"])
        tokens.append(scores.argmax(dim=1) == targets)
        known = batch["paired"] != NOT_ASKED
        pairs.append((paired.argmax(dim=1) == batch["paired"])[known])
    return {
        "token_accuracy": float(torch.cat(tokens).float().mean()),
        "pair_accuracy": float(torch.cat(pairs).float().mean()),
    }


def _numbers(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
