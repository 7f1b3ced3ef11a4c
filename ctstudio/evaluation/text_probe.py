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
from ctstudio.systems.medsyn.text import TextEncoder

NO_ANSWER = -100
STEPS, RATE, DECAY = 300, 0.02, 1e-4
ENCODED_AT_ONCE = 16


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


def probe(
    encoder: TextEncoder, learn: Sequence[Told], judge: Sequence[Told], steps: int = STEPS
) -> dict[str, dict[str, float]]:
    """Train both readers on some texts in some steps of the optimiser, and judge them on others.

    Returns:
        For "pooled" and "tokens" the part of right answers to each question, 0 to 1; for "guessed" what the commonest
        answer alone would reach.
    """
    seen, fresh = _probed(encoder, learn), _probed(encoder, judge)
    mean, spread = seen.features[seen.attended].mean(dim=0), seen.features[seen.attended].std(dim=0) + 1e-6
    seen, fresh = (Probed((p.features - mean) / spread, p.attended, p.answers) for p in (seen, fresh))
    scores = {"guessed": _commonest(seen.answers, fresh.answers)}
    for name, attends in (("pooled", False), ("tokens", True)):
        scores[name] = _judged(_trained(_Readers(seen.features.shape[2], attends), seen, steps), fresh)
    return scores


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
        self.heads = nn.ModuleList([nn.Linear(width, len(question.answers)) for question in QUESTIONS])
        for parameter in self.heads.parameters():
            nn.init.zeros_(parameter)

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


@torch.no_grad()
def _judged(readers: _Readers, fresh: Probed) -> dict[str, float]:
    return {
        question.name: _share(scores.argmax(dim=1), fresh.answers[:, number])
        for number, (question, scores) in enumerate(zip(QUESTIONS, readers(fresh), strict=True))
    }


def _commonest(seen: Tensor, fresh: Tensor) -> dict[str, float]:
    """What is reached without reading."""
    found = {}
    for number, question in enumerate(QUESTIONS):
        known = seen[:, number][seen[:, number] != NO_ANSWER]
        guess = torch.bincount(known, minlength=1).argmax()
        found[question.name] = _share(guess.expand(len(fresh)), fresh[:, number])
    return found


def _share(given: Tensor, answers: Tensor) -> float:
    known = answers != NO_ANSWER
    return float((given == answers)[known].float().mean())
