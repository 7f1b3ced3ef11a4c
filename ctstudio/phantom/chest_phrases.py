"""Phrases of chest reports. About a fifth of each kind is held out of training, to test how well models paraphrase.

`{slot}` is filled with the words of `chest_words`; a phrase is used only where each of its slots has words.
Lines are noun phrases, for impressions and short prompts; sentences are for the findings.
"""

from __future__ import annotations

from typing import NamedTuple


class Phrases(NamedTuple):
    """Ways to say one thing: those used in training, and those held out of it."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


_LESION_LINES = Phrases(("{size} {noun}", "{size} {nouns}", "{noun}", "{nouns}"), ("{noun}, {size}", "{nouns}, {size}",
                         "visible {noun}", "visible {nouns}"))  # fmt: skip
_LESION_SENTENCES = Phrases(
    ("there is a {size} {noun}", "there are {count} {size} {nouns}", "there is a {noun}", "there are {nouns}"),
    ("a {noun} is seen", "{nouns} are seen", "a {size} {noun} is seen", "{size} {nouns} are seen"),
)
LINES: dict[str, Phrases] = {
    "effusion": Phrases(
        (
            "{size} {side} {noun}", "{size} {noun} {where}", "{side} {noun}, {size}", "{amount} {fluid} {where}",
            "{size} {both} {nouns}", "{both} {nouns}, {size}", "{size} {nouns} {everywhere}",
            "{amount} {fluid} {everywhere}", "{side} {noun}", "{noun} {where}", "{both} {nouns}", "{size} {noun}",
            "{noun}",
        ),
        (
            "{noun} {where}, {size}", "{nouns} {everywhere}, {size}", "{fluid}", "{fluid} {where}",
            "{fluid} {everywhere}", "{amount} {fluid}",
        ),
    ),
    "cardiomegaly": Phrases(
        ("{size} {noun}", "{noun}, {size}", "{much} enlarged heart", "enlarged heart", "{noun}", "heart {bigger}",
         "heart {much} enlarged"),
        ("{much} enlarged cardiac silhouette", "enlarged cardiac silhouette", "heart enlarged, {size}"),
    ),
    "emphysema": Phrases(
        ("{size} {noun}", "{noun}, {size}", "{size} {noun} {upper}", "{size} {noun} with bullae", "{noun}",
         "{noun} {upper}", "bullae", "{size} {noun} with {many} bullae"),
        ("{size} destruction of the lungs by emphysema", "lungs with bullae", "{noun} with bullae, {size}"),
    ),
    "consolidation": Phrases(
        (
            "{size} {lobe} {noun}", "{size} {noun} {within}", "{lobe} {noun}, {size}", "{lobe} {noun}",
            "{noun} {within}", "{noun} {where}", "{side} {noun}", "{size} {side} {noun}", "{size} {noun} {where}",
            "{noun}, {size}, {within}", "{size} {noun}", "{noun}",
        ),
        (
            "{size} focus of {noun} {within}", "{size} focus of {noun} {where}", "focus of {noun}",
            "focus of {noun} {within}", "{size} focus of {noun}",
        ),
    ),
    "nodule": Phrases(
        (
            "{size} {noun} {where}", "{size} {side} {noun}", "{side} {noun}, {size}", "{size} {nouns} {where}",
            "{size} {side} {nouns}", "{many} {size} {nouns} {where}", "{count} {size} {nouns} {where}",
            "{noun} {where}", "{nouns} {where}", "{side} {noun}", "{side} {nouns}", "{size} {noun}", "{size} {nouns}",
            "{size} {noun} {where} ({figure} mm)",
        ),
        (
            "{noun} {where}, {size}", "{nouns} {where}, {size}", "{noun} of {size} diameter", "{nouns}",
            "{noun} {where} measuring {figure} mm", "solid {noun}", "solid {nouns}",
        ),
    ),
    "liver_lesion": _LESION_LINES,
    "kidney_lesion": _LESION_LINES,
    "nodes": Phrases(("enlarged {nouns}", "{size} enlarged {nouns}"), ("enlargement of {nouns}",)),
    "tumour": Phrases(("{size} {side} {noun}", "{size} {noun}", "{noun} {where}"), ("{noun}", "{side} {noun}, {size}")),
}  # fmt: skip

SENTENCES: dict[str, Phrases] = {
    "effusion": Phrases(
        (
            "there is a {size} {side} {noun}", "there is {amount} {fluid} {where}", "a {size} {noun} is seen {where}",
            "a {size} {side} {noun} is present", "{amount} {fluid} is seen {where}",
            "a {size} {side} {noun} measures up to {figure} mm in depth",
            "there is a {size} {noun} {where}, up to {figure} mm deep", "the {hand} pleural space holds {amount} fluid",
            "{side} {noun} up to {figure} mm deep", "there are {size} {both} {nouns}",
            "{size} {nouns} are seen {everywhere}", "there is {amount} {fluid} {everywhere}",
            "{size} {both} {nouns} measure up to {figure} mm in depth", "{amount} {fluid} is present {everywhere}",
            "there is a {noun}", "there is a {size} {noun}",
        ),
        (
            "the {hand} pleural space contains {amount} fluid", "a {noun} {where} is {size}",
            "{both} {nouns} are {size}", "{size} {nouns} are present {everywhere}", "{fluid} is present",
        ),
    ),
    "cardiomegaly": Phrases(
        (
            "the heart is {much} enlarged", "there is {size} {noun}", "the heart is enlarged",
            "heart size is increased",
            "the cardiac silhouette is {much} enlarged", "heart size is {much} increased", "the heart is {bigger}",
            "the heart is {much} enlarged, about {figure} % larger than normal in diameter", "{size} {noun} is noted",
        ),
        ("the size of the heart is {much} increased", "the heart shows {size} enlargement",
         "the heart is larger than normal"),
    ),
    "emphysema": Phrases(
        (
            "there is {size} {noun}", "{size} {noun} is present {upper}", "there is {noun} {upper}", "{noun} is seen",
            "the lungs show {size} {noun}", "there is {size} {noun} with {count} bullae, the largest {figure} mm",
            "{many} bullae are seen {upper}, with {size} {noun}",
            "{size} {noun} with bullae up to {figure} mm is present",
        ),
        ("both lungs are affected by {size} {noun}", "bullae are present {upper}",
         "{size} {noun} with bullae is noted"),
    ),
    "consolidation": Phrases(
        (
            "there is a {size} area of {noun} {within}", "the {lobe} shows {size} {noun}",
            "there is {size} {noun} {within}",
            "a {size} {noun} is seen {within}", "a {size} area of {noun} is present {within}",
            "there is {lobe} {noun}, {size}", "there is {noun} {within}", "there is {noun} {where}",
            "there is a {size} area of {noun} {where}", "{size} {noun} is seen {where}",
            "a {size} area of {noun} lies {where}", "a {size} area of {noun} lies {within}", "there is {noun}",
            "there is a {size} area of {noun}",
        ),
        (
            "the {lobe} is affected by {size} {noun}", "{size} {noun} is noted {where}", "{noun} is noted",
            "{size} {noun} is noted {within}",
        ),
    ),
    "nodule": Phrases(
        (
            "there is a {size} {noun} {where}", "a {size} {side} {noun} is seen", "a {figure} mm {noun} lies {where}",
            "a {size} {noun} of {figure} mm is present {where}", "there are {count} {nouns} {where}, up to {figure} mm",
            "{count} {size} {nouns} are seen {where}", "there are {size} {nouns} {where}",
            "{many} {size} {nouns} are present {where}, the largest {figure} mm", "there is a {noun} {where}",
            "there are {nouns} {where}", "{size} {nouns} up to {figure} mm lie {where}", "there is a {size} {noun}",
        ),
        (
            "a {noun} {where} is {size}", "{count} {nouns} {where} are {size}", "{size} {nouns} are noted {where}",
            "a {noun} is noted", "{nouns} are noted",
        ),
    ),
    "liver_lesion": _LESION_SENTENCES,
    "kidney_lesion": _LESION_SENTENCES,
    "nodes": Phrases(("there are enlarged {nouns}", "the {nouns} are {size} enlarged"), ("{nouns} are enlarged",)),
    "tumour": Phrases(
        ("there is a {size} {noun} {where}", "a {size} {noun} of {figure} mm lies {where}", "there is a {size} {noun}"),
        ("a {noun} is seen", "a {size} {noun} is seen {where}"),
    ),
}  # fmt: skip
