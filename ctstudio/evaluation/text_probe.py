"""Whether text features carry what the text says: linear readers on frozen features, judged on other patients.

Two readers for each question. "pooled" reads the mean of the text's features, one linear layer: what a whole report has
left of it. "tokens" looks at every feature with one query, as an attention head of the base network does, and reads
what it finds through one linear layer.

Source: ours; the paper shows only that its encoder improves what the images follow (table VII).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ctstudio.evaluation.text_facts import QUESTIONS, Told
from ctstudio.nets.silent import silent
from ctstudio.systems.medsyn.text import TextEncoder

NO_ANSWER = -100
STEPS, RATE, DECAY = 300, 0.02, 1e-4
ENCODED_AT_ONCE = 16
KINDS = {"pooled": False, "tokens": True}
"""Readers, and whether each looks for its own features."""


@dataclass(frozen=True)
class Probed:
    """Texts as a reader sees them.

    Attributes:
        features: (N, L, width) float32, normalised over the texts that the readers learn from.
        attended: (N, L) bool, False for padding.
        answers: (N, questions) int64, `NO_ANSWER` where a text does not say.
    """

    features: Tensor
    attended: Tensor
    answers: Tensor


@dataclass(frozen=True)
class TextReaders:
    """Readers that have learned.

    Attributes:
        encoder: Whose features they read.
        mean, spread: (width,) of the features that they learned from.
        readers: "pooled" and "tokens".
        commonest: For each question the number of the commonest answer.
    """

    encoder: TextEncoder
    mean: Tensor
    spread: Tensor
    readers: dict[str, _Readers]
    commonest: Tensor

    @torch.no_grad()
    def judged(self, texts: Sequence[Told]) -> dict[str, dict[str, float]]:
        """What is read right in texts.

        Returns:
            For "pooled" and "tokens" the part of right answers to each question, 0 to 1, NaN where no text says; for
            "guessed" what the commonest answer alone would reach.
        """
        fresh = _normal(_probed(self.encoder, texts), self.mean, self.spread)
        given = {name: [s.argmax(dim=1) for s in readers(fresh)] for name, readers in self.readers.items()}
        given["guessed"] = [answer.expand(len(texts)) for answer in self.commonest]
        return {name: _shares(answers, fresh.answers) for name, answers in given.items()}


def learn_to_read(encoder: TextEncoder, texts: Sequence[Told], steps: int = STEPS) -> TextReaders:
    """Train both readers of every question on some texts, in some steps of the optimiser."""
    raw = _probed(encoder, texts)
    tokens = raw.features[raw.attended]  # (all tokens, width)
    mean, spread = tokens.mean(dim=0), tokens.std(dim=0) + 1e-6
    seen, width = _normal(raw, mean, spread), tokens.shape[1]
    readers = {name: _trained(_Readers(width, attends), seen, steps) for name, attends in KINDS.items()}
    known = [answers[answers != NO_ANSWER] for answers in seen.answers.T]
    commonest = torch.stack([torch.bincount(answers, minlength=1).argmax() for answers in known])
    return TextReaders(encoder, mean, spread, readers, commonest)


def _normal(raw: Probed, mean: Tensor, spread: Tensor) -> Probed:
    return Probed((raw.features - mean) / spread, raw.attended, raw.answers)


def _probed(encoder: TextEncoder, texts: Sequence[Told]) -> Probed:
    reports = [told.text for told in texts]
    tokens = encoder.tokens(reports)
    longest = min(int(tokens.attended.sum(dim=1).max()), encoder.config.tokens)
    parts = [reports[first : first + ENCODED_AT_ONCE] for first in range(0, len(reports), ENCODED_AT_ONCE)]
    features = torch.cat([encoder.encode(part)[:, :longest].cpu() for part in parts])  # (N, L, width)
    answers = [[_number(question.answers, question.answer(told.facts)) for question in QUESTIONS] for told in texts]
    return Probed(features, tokens.attended[:, :longest].bool(), torch.tensor(answers))


def _number(answers: tuple[str, ...], answer: str) -> int:
    return answers.index(answer) if answer in answers else NO_ANSWER


class _Readers(nn.Module):
    """One linear reader for each question.

    Args:
        width: Of the features.
        attends: Whether each looks for its own features with a query, instead of taking their mean.
    """

    def __init__(self, width: int, attends: bool) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.zeros(len(QUESTIONS), width), requires_grad=attends)
        self.heads = silent(nn.ModuleList([nn.Linear(width, len(question.answers)) for question in QUESTIONS]))

    def forward(self, probed: Probed) -> list[Tensor]:
        """For each question (N, answers) scores."""
        scores = probed.features @ self.queries.T / probed.features.shape[2] ** 0.5  # (N, L, Q)
        weights = scores.masked_fill(~probed.attended[..., None], -torch.inf).softmax(dim=1)  # (N, L, Q)
        found = weights.transpose(1, 2) @ probed.features  # (N, Q, width)
        return [head(found[:, number]) for number, head in enumerate(self.heads)]


def _trained(readers: _Readers, seen: Probed, steps: int) -> _Readers:
    optimiser = torch.optim.AdamW(readers.parameters(), lr=RATE, weight_decay=DECAY)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    asked = (seen.answers != NO_ANSWER).sum(dim=0).clamp(min=1)  # (questions,)
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        loss = torch.zeros(())
        for scores, answers, known in zip(readers(seen), seen.answers.T, asked, strict=True):
            loss = loss + functional.cross_entropy(scores, answers, ignore_index=NO_ANSWER, reduction="sum") / known
        loss.backward()
        optimiser.step()
        plan.step()
    return readers


def _shares(given: Sequence[Tensor], answers: Tensor) -> dict[str, float]:
    """Part of right answers to each question, where the text says."""
    right = zip(QUESTIONS, given, answers.T, strict=True)
    return {q.name: float((found == truth)[truth != NO_ANSWER].float().mean()) for q, found, truth in right}
