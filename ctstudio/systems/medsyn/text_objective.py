"""What the text encoder learns before it is frozen: tokens that are hidden, and which sections belong together.

Source: MedSyn, section III.A: 15 % of the tokens are masked and guessed; half of the reports get another subject's
    impression, and a linear classifier on [CLS] tells them from the others. Of the tokens to be guessed 80 % become
    [MASK], 10 % another token, 10 % stay (Devlin et al. 2019, which the paper starts from).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.systems.medsyn.text_network import ReportBert

NOT_ASKED = -100
"""Target of a token that is not to be guessed, and of a report that has one section only."""


def hide_tokens(
    ids: Tensor, special: Tensor, mask_id: int, vocabulary: int, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Hide some tokens.

    Args:
        ids: (B, L) int64.
        special: (B, L) bool, True where a token is a mark of BERT's, which stays.
        mask_id: Number of [MASK].
        vocabulary: Entries of the vocabulary.
        share: Part of the other tokens that are to be guessed.
        generator: Of all draws.

    Returns:
        (B, L) tokens to show, and (B, L) targets: the token where it is to be guessed, else `NOT_ASKED`.
    """
    asked = (torch.rand(ids.shape, generator=generator) < share) & ~special  # (B, L)
    fate = torch.rand(ids.shape, generator=generator)  # (B, L)
    other = torch.randint(vocabulary, ids.shape, generator=generator)  # (B, L)
    shown = torch.where(asked & (fate < 0.8), mask_id, ids)  # (B, L)
    shown = torch.where(asked & (fate >= 0.9), other, shown)  # (B, L)
    return shown, torch.where(asked, ids, NOT_ASKED)


def pretraining_scores(
    network: ReportBert, shown: Tensor, attended: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What the network says of hidden tokens and of pairs.

    Args:
        network: In training.
        shown: (B, L) int64, tokens with some hidden.
        attended: (B, L) int64, 0 for padding.
        targets: (B, L) int64, hidden tokens, else `NOT_ASKED`.

    Returns:
        (N, vocabulary) scores and (N,) targets of the tokens that are to be guessed, and (B, 2) scores of not paired
        and paired.
    """
    features = network.features(shown, attended)  # (B, L, width)
    asked = targets != NOT_ASKED  # (B, L)
    return network.cls(features[asked]), targets[asked], network.paired(features)


def pretraining_loss(
    network: ReportBert, shown: Tensor, attended: Tensor, targets: Tensor, paired: Tensor, pair_weight: float
) -> Tensor:
    """Cross-entropy of the hidden tokens, and `pair_weight` times that of the pairs; a scalar.

    Args:
        network: In training.
        shown: (B, L) int64, from `hide_tokens`.
        attended: (B, L) int64, 0 for padding.
        targets: (B, L) int64, from `hide_tokens`.
        paired: (B,) int64, 1 where findings and impression are of one report, 0 where not, else `NOT_ASKED`.
        pair_weight: Weight of the second part.
    """
    scores, tokens, pairs = pretraining_scores(network, shown, attended, targets)
    return _mean_loss(scores, tokens) + pair_weight * _mean_loss(pairs, paired)


def _mean_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy over what is asked; 0 where nothing is."""
    asked = targets != NOT_ASKED
    return functional.cross_entropy(scores.float(), targets, reduction="sum", ignore_index=NOT_ASKED) / max(
        1, int(asked.sum())
    )
