"""The network behind the text features: a BERT of the CXR-BERT layout, key by key.

Source: MedSyn, section III.A (a BERT of chest reports, trained further on CT reports); layout of
    microsoft/BiomedVLP-CXR-BERT-specialized, with its table of positions lengthened from 512 to 2048.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM

from ctstudio.systems.medsyn.config import TextConfig


class ReportBert(BertForMaskedLM):
    """BERT with three heads: masked tokens, a projection of [CLS], and on it whether two sections belong together.

    Args:
        config: Sizes.
        dropout: Of hidden states and attention, while it learns.
    """

    def __init__(self, config: TextConfig, dropout: float = 0.1) -> None:
        super().__init__(_bert_config(config, dropout))
        self.cls_projection_head = ProjectionHead(config.width, config.projection)
        self.classifier = nn.Linear(config.projection, 2)
        positions = torch.arange(config.positions)[None]
        self.bert.embeddings.register_buffer("position_ids", positions, persistent=True)  # as the checkpoints have it

    def features(self, tokens: Tensor, attended: Tensor) -> Tensor:
        """The last hidden state.

        Args:
            tokens: (B, L) int64.
            attended: (B, L) int64, 0 where a token is padding, which no token looks at.

        Returns:
            (B, L, width), [CLS] and padding included.
        """
        return self.bert(input_ids=tokens, attention_mask=attended).last_hidden_state  # (B, L, width)

    def paired(self, features: Tensor) -> Tensor:
        """(B, L, width) to (B, 2): scores that findings and impression are not, and are, of one report."""
        return self.classifier(self.cls_projection_head(features[:, 0]))  # (B, 2)


class ProjectionHead(nn.Module):
    """Two linear layers on the feature of [CLS], GELU and normalisation between them."""

    def __init__(self, width: int, projection: int) -> None:
        super().__init__()
        self.dense_to_hidden = nn.Linear(width, projection)
        self.LayerNorm = nn.LayerNorm(projection, eps=1e-12)
        self.dense_to_output = nn.Linear(projection, projection)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, width) to (B, projection)."""
        hidden = functional.gelu(self.dense_to_hidden(feature))  # (B, projection)
        return self.dense_to_output(self.LayerNorm(hidden))  # (B, projection)


def build_text_encoder(config: TextConfig, dropout: float = 0.1) -> ReportBert:
    """The network at any size, weights random."""
    return ReportBert(config, dropout)


def _bert_config(config: TextConfig, dropout: float) -> BertConfig:
    """BERT's own settings; where the network is narrower than BERT's, its first weights are larger by as much."""
    return BertConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.intermediate,
        max_position_embeddings=config.positions,
        type_vocab_size=2,
        pad_token_id=0,
        initializer_range=0.02 * (768 / config.width) ** 0.5,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
