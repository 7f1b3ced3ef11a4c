"""Reports to the features that the base network hears.

Source: MedSyn, section III.A and figure 2: "[CLS] findings [SEP] impression" through a frozen BERT; the released code
    keeps the first 192 features of its last layer, padding included.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from ctstudio.catalog.known_words import FILE_NAME, read_words, unknown_share
from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.weight_files import WEIGHTS, load_weights, save_weights
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text_network import ReportBert, build_text_encoder
from ctstudio.systems.medsyn.tokenizer import SEPARATOR, SETTINGS, VOCABULARY, load_tokenizer

Report = str | tuple[str, str]
"""A whole text, or findings and impression."""


@dataclass(frozen=True)
class Tokens:
    """Some reports as numbers.

    Attributes:
        ids: (B, L) int64.
        attended: (B, L) int64, 1 where a token is no padding.
        notes: What was cut, for the user.
    """

    ids: Tensor
    attended: Tensor
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TextEncoder:
    """The frozen encoder of a model.

    Attributes:
        network: In evaluation mode.
        tokenizer: Of the same folder.
        config: Sizes.
        words: Every word of the training texts, in lower case; None when the model does not say.
    """

    network: ReportBert
    tokenizer: PreTrainedTokenizerBase
    config: TextConfig
    words: frozenset[str] | None = None

    @torch.no_grad()
    def encode(self, reports: Sequence[Report]) -> Tensor:
        """Features of reports, float32, on the network's device.

        Shorter texts are padded to `config.tokens`; longer ones are read whole, as far as the table of positions goes,
        and their first features kept. Padding further would change nothing: no token looks at it.

        Returns:
            (B, config.tokens, config.width): first [CLS], then the text, then padding.
        """
        tokens = self.tokens(reports)
        device = self.network.device
        features = self.network.features(tokens.ids.to(device), tokens.attended.to(device))  # (B, L, width)
        return features[:, : self.config.tokens].float()  # (B, tokens, width)

    def tokens(self, reports: Sequence[Report]) -> Tokens:
        """Reports as numbers, cut where the table of positions ends; the notes say what is cut or not heard."""
        rows = self.tokenizer([joined(report) for report in reports], verbose=False)["input_ids"]
        longest, end = self.config.positions, self.tokenizer.sep_token_id
        notes = [note for row in rows if (note := self._too_long(len(row)))]
        rows = [row if len(row) <= longest else [*row[: longest - 1], end] for row in rows]
        length = max(self.config.tokens, *(len(row) for row in rows))
        ids = torch.full((len(rows), length), self.tokenizer.pad_token_id, dtype=torch.int64)  # (B, L)
        attended = torch.zeros_like(ids)  # (B, L)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            attended[number, : len(row)] = 1
        return Tokens(ids, attended, tuple(dict.fromkeys(notes)))

    def _too_long(self, length: int) -> str:
        """What is to be said of a text of so many tokens; nothing of most."""
        if length > self.config.positions:
            read = self.config.positions
            return f"The text has {length} tokens and the model reads {read}: what follows was not read."
        if length > self.config.tokens:
            return f"The text has {length} tokens; the image hears the first {self.config.tokens}, which know the rest."
        return ""

    def unknown_share(self, text: str) -> float | None:
        """Part of a text's words that the training texts never held; None when the model does not say."""
        return None if self.words is None else unknown_share(text, self.words)


def joined(report: Report) -> str:
    """Findings and impression as one text, "[SEP]" between them; a section that is empty leaves none.

    Both get the same token type: the released script reads one text, in which a user writes "[SEP]".
    """
    sections = (report,) if isinstance(report, str) else report
    return f" {SEPARATOR} ".join(section.strip() for section in sections if section.strip())


def save_text(encoder: TextEncoder, vocabulary: Path, folder: Path) -> None:
    """Write an encoder as `load_text` reads it, its weights as fp16.

    Args:
        encoder: What is written.
        vocabulary: The folder that its tokenizer and its words were read from.
        folder: Where it goes; made when it is not there.
    """
    save_weights(encoder.network, folder)
    for name in (VOCABULARY, SETTINGS, FILE_NAME):
        if (vocabulary / name).exists():
            shutil.copyfile(vocabulary / name, folder / name)


def load_text(folder: Path, config: TextConfig, device: torch.device | None = None) -> TextEncoder:
    """The encoder in a folder, float32, frozen.

    Args:
        folder: With `model.safetensors`, `vocab.txt`, and where the training texts are known, `words.txt`.
        config: From `model.json`.
        device: Where the network goes; the CPU when None.

    Raises:
        WeightMismatch: A file is missing or does not fit; names the keys.
    """
    tokenizer = load_tokenizer(folder)
    if len(tokenizer) != config.vocabulary:
        raise WeightMismatch(
            f"The vocabulary in {folder} has {len(tokenizer)} entries, and the text encoder {config.vocabulary}.",
            "Use the vocab.txt that belongs to the weights.",
        )
    network = build_text_encoder(config)
    load_weights(network, folder / WEIGHTS)
    network.to(device or torch.device("cpu")).eval().requires_grad_(False)
    words = folder / FILE_NAME
    return TextEncoder(network, tokenizer, config, read_words(words) if words.exists() else None)
