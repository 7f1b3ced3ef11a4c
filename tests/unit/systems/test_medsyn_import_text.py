"""Released text encoders: read whole, whatever of them is written down, and refused by name where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.checkpoint_file import Checkpoint, read_checkpoint
from ctstudio.nets.tensor_file import save_tensors
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.import_text import fit_text, write_tokenizer
from ctstudio.systems.medsyn.text import TextEncoder, load_text
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.tokenizer import load_tokenizer, save_vocabulary, train_vocabulary

SIZES = TextConfig(
    width=128, layers=2, heads=2, intermediate=64, vocabulary=400, positions=40, projection=16, tokens=12
)
TEXTS = ("No pleural effusion.", "Small left pleural effusion.")
State = dict[str, Tensor]


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder as MedSyn's text encoder is released, with the files of the hub beside the weights."""
    folder = tmp_path / "pretrained_lm"
    save_vocabulary(train_vocabulary(TEXTS, SIZES.vocabulary), folder)
    torch.save(_state(), folder / "pytorch_model.bin")
    return folder


def _state() -> State:
    torch.manual_seed(0)
    network = build_text_encoder(SIZES)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return dict(network.state_dict())


def _features(folder: Path) -> Tensor:
    """Features of the network as it was released."""
    network = build_text_encoder(SIZES)
    network.load_state_dict(_state())
    return TextEncoder(network.eval(), load_tokenizer(folder), SIZES).encode(TEXTS)


def _checkpoint(state: State, folder: Path) -> Checkpoint:
    return Checkpoint(folder / "pytorch_model.bin", "PyTorch checkpoint", state)


def test_a_released_encoder_becomes_ours_with_the_same_features(released: Path, tmp_path: Path) -> None:
    weights = fit_text(read_checkpoint(released / "pytorch_model.bin"), TextConfig(tokens=12))
    assert weights.config == SIZES
    assert not weights.made.unknown
    folder = tmp_path / "text"
    write_tokenizer(weights, folder)
    save_tensors(weights.made.tensors, folder / WEIGHTS)
    torch.testing.assert_close(load_text(folder, weights.config).encode(TEXTS), _features(released))


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "bert_model."])
def test_what_stands_before_every_key_is_taken_off(released: Path, prefix: str) -> None:
    weights = fit_text(_checkpoint({prefix + key: value for key, value in _state().items()}, released), SIZES)
    assert set(weights.made.tensors) == set(_state())
    assert weights.made.sources["classifier.bias"] == (f"{prefix}classifier.bias",)


def test_other_ways_to_write_the_same_down_are_read(released: Path) -> None:
    """Norms of old, layers that the features do not pass, and tied weights that safetensors holds once."""
    state = _state()
    norm = "bert.embeddings.LayerNorm"
    state[f"{norm}.gamma"], state[f"{norm}.beta"] = state.pop(f"{norm}.weight"), state.pop(f"{norm}.bias")
    state["bert.pooler.dense.weight"] = torch.zeros(128, 128)
    state["bert.embeddings.token_type_ids"] = torch.zeros(1, 40, dtype=torch.int64)
    del state["cls.predictions.decoder.weight"], state["cls.predictions.decoder.bias"]
    weights = fit_text(_checkpoint(state, released), SIZES)
    assert weights.made.sources[f"{norm}.weight"] == (f"{norm}.gamma",)
    assert torch.equal(
        weights.made.tensors["cls.predictions.decoder.weight"], state["bert.embeddings.word_embeddings.weight"]
    )
    assert weights.made.unused["bert.pooler.dense.weight"] == "a layer behind the features"


def test_heads_behind_the_features_may_be_absent_and_that_is_said(released: Path) -> None:
    """As the classifier is in CXR-BERT, from which MedSyn's encoder was trained."""
    state = {key: value for key, value in _state().items() if not key.startswith("classifier.")}
    weights = fit_text(_checkpoint(state, released), SIZES)
    assert "without classifier (2 tensors), which features do not pass" in weights.notes
    assert weights.made.sources["classifier.weight"] == ()
    assert not weights.made.tensors["classifier.weight"].any()


@pytest.mark.parametrize("positions", [16, 40])
def test_the_table_of_positions_says_how_long_a_text_may_be(released: Path, positions: int) -> None:
    state = _state()
    table = "bert.embeddings.position_embeddings.weight"
    state[table], state["bert.embeddings.position_ids"] = state[table][:positions], torch.arange(positions)[None]
    weights = fit_text(_checkpoint(state, released), SIZES)
    assert weights.config.positions == positions
    assert f"texts of up to {positions} tokens; the first 12 features are used" in weights.notes


@pytest.mark.parametrize("positions", [512, 2048])
def test_published_sizes_are_read_from_shapes(tmp_path: Path, positions: int) -> None:
    """CXR-BERT's table and MedSyn's longer one; without memory for the weights."""
    published = TextConfig(positions=positions)
    with torch.device("meta"):
        state = dict(build_text_encoder(published).state_dict())
    weights = fit_text(_checkpoint(state, tmp_path), TextConfig())
    assert weights.config == published
    assert len(weights.made.tensors) == 213
    assert weights.vocabulary == ()
    assert any("no vocabulary" in note for note in weights.notes)


def test_missing_extra_and_reshaped_keys_are_named(released: Path) -> None:
    state = _state()
    del state["bert.encoder.layer.1.attention.self.query.weight"]
    state["bert.encoder.layer.0.adapter.weight"] = torch.zeros(2)
    state["something.else"] = torch.zeros(2)
    state["classifier.weight"] = torch.zeros(3, 16)
    with pytest.raises(WeightMismatch) as caught:
        fit_text(_checkpoint(state, released), SIZES)
    for words in (
        "missing: bert.encoder.layer.1.attention.self.query.weight",
        "something.else",
        "bert.encoder.layer.0.adapter.weight",
        "classifier.weight has shape (3, 16), not (2, 16)",
    ):
        assert words in caught.value.message


def test_a_decoder_of_its_own_is_refused(released: Path) -> None:
    state = _state()
    state["cls.predictions.decoder.weight"] = state["cls.predictions.decoder.weight"] + 1
    with pytest.raises(WeightMismatch, match="should be a copy"):
        fit_text(_checkpoint(state, released), SIZES)


def test_another_form_of_bert_is_refused(released: Path) -> None:
    (released / "config.json").write_text(json.dumps({"hidden_act": "relu", "num_attention_heads": 2}))
    with pytest.raises(WeightMismatch, match="hidden_act relu"):
        fit_text(_checkpoint(_state(), released), SIZES)
    (released / "config.json").write_text(json.dumps({"hidden_act": "gelu", "num_attention_heads": 4}))
    assert fit_text(_checkpoint(_state(), released), SIZES).config.heads == 4


def test_a_vocabulary_elsewhere_or_of_another_size_or_case(released: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    save_vocabulary(train_vocabulary(TEXTS, SIZES.vocabulary), other, lower_case=False)
    weights = fit_text(_checkpoint(_state(), released), SIZES, other / "vocab.txt")
    assert not weights.lower_case
    save_vocabulary(train_vocabulary(TEXTS, SIZES.vocabulary + 1), other)
    with pytest.raises(WeightMismatch, match="401 entries, and the text encoder 400"):
        fit_text(_checkpoint(_state(), released), SIZES, other / "vocab.txt")
    with pytest.raises(WeightMismatch, match=r"gone\.txt"):
        fit_text(_checkpoint(_state(), released), SIZES, other / "gone.txt")
