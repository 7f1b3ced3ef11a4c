"""Reports to features: the network's keys, what padding and cutting do, and the folder on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ctstudio.core.errors import ParameterError, WeightMismatch
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text import TextEncoder, load_text, save_text
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.tokenizer import load_tokenizer, save_vocabulary, train_vocabulary

CORPUS = ("Small left pleural effusion, about 13 mm deep.", "No pleural effusion.", "The heart is markedly enlarged.")
TINY = TextConfig(width=16, layers=2, heads=2, intermediate=32, vocabulary=400, positions=40, projection=8, tokens=12)
IN_LAYER = {
    "attention.self.query": (768, 768),
    "attention.self.key": (768, 768),
    "attention.self.value": (768, 768),
    "attention.output.dense": (768, 768),
    "attention.output.LayerNorm": (768,),
    "intermediate.dense": (3072, 768),
    "output.dense": (768, 3072),
    "output.LayerNorm": (768,),
}
ELSEWHERE = {
    "bert.embeddings.LayerNorm": (768,),
    "cls.predictions.transform.dense": (768, 768),
    "cls.predictions.transform.LayerNorm": (768,),
    "cls.predictions.decoder": (30522, 768),
    "cls_projection_head.dense_to_hidden": (128, 768),
    "cls_projection_head.LayerNorm": (128,),
    "cls_projection_head.dense_to_output": (128, 128),
    "classifier": (2, 128),
}
TABLES = {
    "bert.embeddings.position_ids": (1, 2048),
    "bert.embeddings.word_embeddings.weight": (30522, 768),
    "bert.embeddings.position_embeddings.weight": (2048, 768),
    "bert.embeddings.token_type_embeddings.weight": (2, 768),
    "cls.predictions.bias": (30522,),
}


def _published() -> dict[str, tuple[int, ...]]:
    """Keys and shapes of the released checkpoint."""
    layers = {f"bert.encoder.layer.{n}.{part}": shape for n in range(12) for part, shape in IN_LAYER.items()}
    parts = {**layers, **ELSEWHERE}
    weights = {f"{part}.weight": shape for part, shape in parts.items()}
    biases = {f"{part}.bias": shape[:1] for part, shape in parts.items()}
    return {**weights, **biases, **TABLES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vocabulary, folder = tmp_path_factory.mktemp("vocabulary"), tmp_path_factory.mktemp("text")
    save_vocabulary(train_vocabulary(CORPUS, TINY.vocabulary), vocabulary)
    (vocabulary / "words.txt").write_text("effusion\nleft\nno\npleural\n")
    torch.manual_seed(0)
    save_text(TextEncoder(build_text_encoder(TINY), load_tokenizer(vocabulary), TINY), vocabulary, folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TextEncoder:
    return load_text(folder, TINY)


def test_the_published_size_has_the_keys_of_the_released_checkpoint() -> None:
    with torch.device("meta"):
        network = build_text_encoder(TextConfig())
    ours = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert ours == _published()
    assert sum(p.numel() for p in network.parameters()) == 110_809_404


def test_the_keys_are_those_of_the_list_that_was_read_from_the_checkpoint(repository: Path) -> None:
    path = repository.parent / "shared" / "facts" / "medsyn_text_keys.json"
    if not path.exists():
        pytest.skip("the list of keys is not here")
    listed = {key: tuple(shape) for key, shape in json.loads(path.read_text())["keys"].items()}
    assert listed == _published()


def test_guessing_tokens_uses_the_table_of_words() -> None:
    network = build_text_encoder(TINY)
    assert network.cls.predictions.decoder.weight is network.bert.embeddings.word_embeddings.weight


def test_features_are_the_last_hidden_state_of_the_first_tokens(encoder: TextEncoder) -> None:
    features = encoder.encode(["No pleural effusion.", ("The heart is enlarged.", "Enlarged heart.")])
    assert features.shape == (2, 12, 16)
    assert features.dtype == torch.float32
    tokens = encoder.tokens(["No pleural effusion."])
    outputs = encoder.network(tokens.ids, attention_mask=tokens.attended, output_hidden_states=True)
    torch.testing.assert_close(features[:1], outputs.hidden_states[-1][:, :12])


def test_padding_further_changes_nothing(encoder: TextEncoder) -> None:
    """The released script pads to the end of the table of positions."""
    for report in ("No pleural effusion.", " ".join(CORPUS)):
        tokens = encoder.tokens([report])
        more = TINY.positions - tokens.ids.shape[1]
        padded = torch.nn.functional.pad(tokens.ids, (0, more)), torch.nn.functional.pad(tokens.attended, (0, more))
        whole = encoder.network.features(*padded)[:, : TINY.tokens]
        torch.testing.assert_close(encoder.encode([report]), whole, rtol=0, atol=1e-5)


def test_a_text_longer_than_the_features_is_read_to_its_end(encoder: TextEncoder) -> None:
    first, other = " ".join(CORPUS), " ".join([*CORPUS[:2], "The heart is enlarged."])
    assert encoder.tokens([first]).ids.shape[1] > TINY.tokens
    assert not torch.allclose(encoder.encode([first]), encoder.encode([other]))


def test_reports_of_different_lengths_do_not_change_each_other(encoder: TextEncoder) -> None:
    alone, together = encoder.encode([CORPUS[1]]), encoder.encode([CORPUS[1], " ".join(CORPUS)])
    torch.testing.assert_close(alone[0], together[0], rtol=0, atol=1e-5)


def test_findings_and_impression_are_joined_by_a_separator(encoder: TextEncoder) -> None:
    tokenizer = encoder.tokenizer
    ids = encoder.tokens([("No pleural effusion.", "Left effusion.")]).ids[0]
    words = tokenizer.convert_ids_to_tokens(ids.tolist())
    assert words[:4] == ["[CLS]", "no", "pleural", "effusion"]
    assert words.count("[SEP]") == 2
    typed = encoder.encode(["No pleural effusion. [SEP] Left effusion."])
    assert torch.equal(typed, encoder.encode([("No pleural effusion.", "Left effusion.")]))
    assert torch.equal(encoder.encode([("No effusion.", "  ")]), encoder.encode(["No effusion."]))


def test_what_does_not_fit_the_table_of_positions_is_cut_and_said(encoder: TextEncoder) -> None:
    tokens = encoder.tokens([" ".join(CORPUS * 4), "No effusion."])
    assert tokens.ids.shape == (2, TINY.positions)
    assert tokens.ids[0, -1] == encoder.tokenizer.sep_token_id
    assert len(tokens.notes) == 1
    assert "the model reads 40" in tokens.notes[0]
    assert encoder.tokens(["No effusion."]).notes == ()
    assert "hears the first 12" in encoder.tokens([" ".join(CORPUS)]).notes[0]
    assert encoder.encode([" ".join(CORPUS * 4)]).shape == (1, 12, 16)


def test_nothing_is_unknown_to_the_vocabulary(encoder: TextEncoder) -> None:
    text = 'Qüux-zzy 137 mm; 5 µm ≥ 3 (x/y) – "ok" 10 % [a] {b} 3×4 ±2° it’s'
    assert encoder.tokenizer.unk_token_id not in encoder.tokenizer(text)["input_ids"]
    assert encoder.tokenizer.tokenize("137") == ["1", "##3", "##7"]
    assert "effusion" in encoder.tokenizer.get_vocab()


def test_the_vocabulary_is_the_same_each_time() -> None:
    assert train_vocabulary(CORPUS, 400) == train_vocabulary(CORPUS, 400)
    assert len(train_vocabulary(CORPUS, 400)) == len(set(train_vocabulary(CORPUS, 400))) == 400


def test_a_vocabulary_without_room_for_the_signs_is_refused() -> None:
    with pytest.raises(ParameterError, match="no room"):
        train_vocabulary(CORPUS, 100)


def test_the_share_of_unknown_words_is_told(encoder: TextEncoder) -> None:
    assert encoder.unknown_share("Left pleural effusion, 13. [SEP] No left effusion.") == 0.0
    assert encoder.unknown_share("Left atelectasis") == 0.5
    assert TextEncoder(encoder.network, encoder.tokenizer, TINY).unknown_share("Left") is None


def test_the_folder_holds_fp16_weights_and_gives_frozen_networks(folder: Path, encoder: TextEncoder) -> None:
    assert not encoder.network.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in encoder.network.parameters())
    assert (folder / "model.safetensors").stat().st_size < 2.2 * sum(
        value.numel() for value in encoder.network.state_dict().values()
    ) + 20_000


def test_a_folder_that_does_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightMismatch, match=r"vocab\.txt"):
        load_text(tmp_path, TINY)
    with pytest.raises(WeightMismatch, match="400 entries"):
        load_text(folder, TINY.model_copy(update={"vocabulary": 300}))
    with pytest.raises(WeightMismatch, match="has shape"):
        load_text(folder, TINY.model_copy(update={"width": 32}))
    (tmp_path / "vocab.txt").write_text("hello\nworld\n")
    with pytest.raises(WeightMismatch, match=r"\[PAD\]"):
        load_text(tmp_path, TINY)
