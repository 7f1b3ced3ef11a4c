"""Readers of text features: they find what is there, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import torch

from ctstudio.evaluation.text_facts import QUESTIONS, told_texts
from ctstudio.evaluation.text_probe import learn_to_read
from ctstudio.phantom.chest_facts import ChestFact
from ctstudio.systems.medsyn.config import TextConfig
from ctstudio.systems.medsyn.text import TextEncoder
from ctstudio.systems.medsyn.text_network import build_text_encoder
from ctstudio.systems.medsyn.tokenizer import load_tokenizer, save_vocabulary, train_vocabulary

TINY = TextConfig(width=64, layers=1, heads=2, intermediate=32, vocabulary=700, positions=128, projection=8, tokens=96)


def _answer(name: str, *facts: ChestFact) -> str:
    return next(question for question in QUESTIONS if question.name == name).answer(facts)


def test_questions_are_answered_by_what_is_said() -> None:
    effusion = ChestFact("effusion", True, "large", "left")
    healthy_side = ChestFact("effusion", False, side="right")
    assert _answer("effusion side", healthy_side, effusion) == "left"
    assert _answer("effusion size", effusion) == "large"
    assert _answer("effusion", healthy_side, effusion) == "present"
    assert _answer("effusion", healthy_side) == "not said"
    assert _answer("effusion", ChestFact("effusion", False)) == "denied"
    assert _answer("nodule", effusion) == "not said"
    assert _answer("effusion size", ChestFact("effusion", True, side="left")) == ""
    assert _answer("consolidation lobe", ChestFact("consolidation", True, "small", "right", "middle")) == "right middle"


def test_the_texts_are_those_of_held_out_phrases_where_asked() -> None:
    train, held_out = (told_texts(range(10_000, 10_006), wording) for wording in ("train", "held_out"))
    assert [t.facts for t in train] != []
    assert not {t.text for t in train} & {t.text for t in held_out}


def test_words_are_found_where_tokens_are_known_and_not_where_they_are_lost(tmp_path: Path) -> None:
    learn, judge = told_texts(range(120), "train"), told_texts(range(10_000, 10_060), "train")
    save_vocabulary(train_vocabulary((t.text for t in learn), TINY.vocabulary), tmp_path)
    torch.manual_seed(0)
    encoder = TextEncoder(build_text_encoder(TINY).eval(), load_tokenizer(tmp_path), TINY)
    scores = learn_to_read(encoder, learn, steps=60).judged(judge)
    assert set(scores) == {"guessed", "pooled", "tokens"}
    assert set(scores["tokens"]) == {question.name for question in QUESTIONS}
    assert _mean(scores["tokens"]) > _mean(scores["guessed"]) + 0.1
    with torch.no_grad():
        encoder.network.bert.embeddings.word_embeddings.weight.zero_()
    blind = learn_to_read(encoder, learn, steps=60).judged(judge)
    assert _mean(blind["guessed"]) == _mean(scores["guessed"])
    assert _mean(blind["tokens"]) < _mean(blind["guessed"]) + 0.05


def _mean(scores: dict[str, float]) -> float:
    return sum(scores.values()) / len(scores)
