"""A released text encoder made to fit ours: every tensor accounted for, sizes from shapes, its vocabulary beside it.

MedSyn's own (`pretrained_lm/pytorch_model.bin`) has a table of 2048 positions; CXR-BERT, from which it was trained, has
512. Both are read as they are: the table says how long a text may be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Size, Tensor

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.checkpoint_file import Checkpoint
from ctstudio.nets.key_layouts import Layout, Renamed, Rule, check_fit, renamed
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.tokenizer import SETTINGS, VOCABULARY, read_vocabulary, save_vocabulary

_WORDS, _DECODER = "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder"
_OURS = r"(?:bert|cls|cls_projection_head|classifier)\..*"
LAYOUT = Layout(
    "CXR-BERT",
    _WORDS,
    (
        Rule(r"bert\.embeddings\.(position|token_type)_ids", why="a count that follows from the sizes"),
        Rule(r"bert\.pooler\..*", why="a layer behind the features"),
        Rule(r"cls\.seq_relationship\..*", why="a layer behind the features"),
        Rule(r"(.*LayerNorm)\.gamma", r"\1.weight"),
        Rule(r"(.*LayerNorm)\.beta", r"\1.bias"),
        Rule(rf"({_OURS})", r"\1"),
    ),
    ("", "module.", "model.", "module.model.", "text_encoder.", "bert_model."),
)
BEHIND = ("cls.", "cls_projection_head.", "classifier.")
"""Beginnings of the keys that features do not pass; a file may lack them."""
_HEAD_WIDTH = 64
_EXPECTED = {"hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "type_vocab_size": 2}


@dataclass(frozen=True)
class TextWeights:
    """A text encoder, ready to be written.

    Attributes:
        made: Its tensors under our keys, and which of the file's keys filled them.
        config: Its sizes.
        vocabulary: Entries of its vocabulary; empty where there was none beside the weights.
        lower_case: Whether its tokenizer makes all letters small.
        notes: What was assumed or is not there.
    """

    made: Renamed
    config: TextConfig
    vocabulary: tuple[str, ...]
    lower_case: bool
    notes: tuple[str, ...]


def fit_text(checkpoint: Checkpoint, config: TextConfig, vocabulary: Path | None = None) -> TextWeights:
    """Fit a released text encoder.

    Args:
        checkpoint: Its weights; a `config.json`, `vocab.txt` and `tokenizer_config.json` beside them are read too.
        config: For what weights do not say: how many features are used.
        vocabulary: Its `vocab.txt` where it lies elsewhere.

    Raises:
        WeightMismatch: Keys that are missing, unknown or of another shape (names them), another form of BERT, or a
            vocabulary of another size.
    """
    where, folder = str(checkpoint.path), checkpoint.path.parent
    made = renamed(LAYOUT, checkpoint.tensors)
    _tie(made, where)
    beside = _read_json(folder / "config.json")
    _check_form(beside, where)
    sizes = _sizes(made.tensors, beside, config, where)
    wanted = _shapes(sizes)
    positions = "bert.embeddings.position_ids"
    made.tensors[positions], made.sources[positions] = torch.arange(sizes.positions)[None], ()
    absent = check_fit(made, wanted, BEHIND, where)
    for key in absent:  # the network has them, so the file must; nobody hears them
        made.tensors[key], made.sources[key] = torch.zeros(wanted[key]), ()
    entries, lower_case, said = _vocabulary(vocabulary or folder / VOCABULARY, sizes, given=vocabulary is not None)
    return TextWeights(made, sizes, entries, lower_case, (*_notes(sizes, absent), *said))


def write_tokenizer(weights: TextWeights, folder: Path) -> None:
    """Write the vocabulary where the weights are, as `load_text` reads it; nothing where there is none."""
    if weights.vocabulary:
        save_vocabulary(weights.vocabulary, folder, weights.lower_case)


def _tie(made: Renamed, where: str) -> None:
    """Give the layer that guesses tokens the table of words, where a file holds it once.

    Raises:
        WeightMismatch: The file has two different ones.
    """
    for copy, first in ((f"{_DECODER}.weight", _WORDS), (f"{_DECODER}.bias", "cls.predictions.bias")):
        original = made.tensors.get(first)
        if original is None:
            continue
        other = made.tensors.setdefault(copy, original)
        made.sources.setdefault(copy, made.sources[first])
        if other.shape != original.shape or not (other.is_meta or torch.equal(other, original)):
            raise WeightMismatch(
                f"{copy} in {where} should be a copy of {first}, and is not.",
                "Give the text encoder as it was published: it guesses tokens with its own table of words.",
            )


def _sizes(tensors: Mapping[str, Tensor], beside: Mapping[str, Any], config: TextConfig, where: str) -> TextConfig:
    """Sizes from shapes.

    Raises:
        WeightMismatch: The table of positions or a first layer is missing, or the heads cannot be known.
    """
    layers = {int(match[1]) for key in tensors if (match := re.match(r"bert\.encoder\.layer\.(\d+)\.", key))}
    first = ("bert.embeddings.position_embeddings.weight", "bert.encoder.layer.0.intermediate.dense.weight")
    absent = [key for key in first if key not in tensors]
    if absent:
        raise WeightMismatch(f"{where} is no whole BERT: missing {', '.join(absent)}.", "Give the weights whole.")
    vocabulary, width = tensors[_WORDS].shape
    heads = int(beside.get("num_attention_heads", width // _HEAD_WIDTH))
    if heads < 1 or width % heads:
        raise WeightMismatch(
            f"{where} does not say how many heads its attention has, with {width} channels.",
            "Give its folder, with config.json.",
        )
    projection = tensors.get("cls_projection_head.dense_to_hidden.weight")
    positions = len(tensors[first[0]])
    return TextConfig(
        width=width,
        layers=max(layers) + 1,
        heads=heads,
        intermediate=len(tensors[first[1]]),
        vocabulary=vocabulary,
        positions=positions,
        projection=config.projection if projection is None else len(projection),
        tokens=min(config.tokens, positions),
    )


def _check_form(beside: Mapping[str, Any], where: str) -> None:
    other = [f"{key} {beside[key]}" for key, value in _EXPECTED.items() if beside.get(key, value) != value]
    if other:
        raise WeightMismatch(
            f"The text encoder {where} is of a form that is not read: {', '.join(other)}.",
            "Give MedSyn's text encoder, or CXR-BERT.",
        )


def _shapes(config: TextConfig) -> dict[str, Size]:
    with torch.device("meta"):
        network = build_text_encoder(config)
    return {key: tensor.shape for key, tensor in network.state_dict().items()}


def _notes(config: TextConfig, absent: tuple[str, ...]) -> list[str]:
    notes = [f"texts of up to {config.positions} tokens; the first {config.tokens} features are used"]
    if absent:
        groups = sorted({key.split(".")[0] for key in absent})
        notes.append(f"without {', '.join(groups)} ({len(absent)} tensors), which features do not pass")
    return notes


def _vocabulary(path: Path, config: TextConfig, given: bool) -> tuple[tuple[str, ...], bool, list[str]]:
    """Entries, whether letters are made small, and what is to be said.

    Raises:
        WeightMismatch: It is not readable, no vocabulary of BERT, or of another size.
    """
    if not given and not path.exists():
        return (), True, [f"no vocabulary: there is no {path.name} beside the weights"]
    entries = read_vocabulary(path)
    if len(entries) != config.vocabulary:
        raise WeightMismatch(
            f"{path} has {len(entries)} entries, and the text encoder {config.vocabulary}.",
            f"Give the {VOCABULARY} that belongs to the weights (CXR-BERT's own).",
        )
    settings = _read_json(path.parent / SETTINGS)
    if "do_lower_case" in settings:
        return entries, bool(settings["do_lower_case"]), []
    return entries, True, [f"letters are made small, as CXR-BERT does: no {SETTINGS} says otherwise"]


def _read_json(path: Path) -> dict[str, Any]:
    """A configuration beside the weights; empty where there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
