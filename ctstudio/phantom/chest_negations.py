"""What chest reports say of a finding that is not there, and of a chest that is normal."""

from __future__ import annotations

from typing import NamedTuple

from ctstudio.phantom.chest_facts import CHEST_FINDINGS
from ctstudio.phantom.chest_phrases import Phrases


class Clear(NamedTuple):
    """A statement that several findings are absent at once."""

    absent: tuple[str, ...]
    phrases: Phrases


NEGATED: dict[str, Phrases] = {
    "effusion": Phrases(
        ("no pleural effusion", "there is no pleural effusion", "no effusion on either side", "no pleural fluid",
         "there is no fluid in the pleural space", "the pleural spaces are clear", "no evidence of pleural effusion"),
        ("there is no fluid on either side", "no fluid is seen in the pleural spaces"),
    ),
    "cardiomegaly": Phrases(
        ("the heart is normal in size", "heart size is normal", "normal heart size", "no cardiomegaly",
         "the heart is not enlarged", "no cardiac enlargement", "there is no cardiomegaly"),
        ("the size of the heart is normal", "there is no evidence of cardiac enlargement"),
    ),
    "emphysema": Phrases(
        ("no emphysema", "there is no emphysema", "there are no bullae", "no bullae", "no emphysematous change",
         "no bullous change", "no evidence of emphysema"),
        ("there is no evidence of bullous change", "no bullae are seen"),
    ),
    "consolidation": Phrases(
        ("no consolidation", "there is no consolidation", "no airspace opacification", "no pneumonia",
         "there is no airspace opacity", "no evidence of pneumonia", "no focal consolidation"),
        ("there is no focal airspace opacification", "no consolidation is seen"),
    ),
    "nodule": Phrases(
        ("no pulmonary nodule", "there is no lung nodule", "no nodules", "there are no pulmonary nodules",
         "no nodular opacity", "no lung nodules are seen", "no evidence of a nodule"),
        ("there is no evidence of lung nodules", "no nodule is seen"),
    ),
    "nodes": Phrases(("no enlarged lymph nodes", "the mediastinal lymph nodes are not enlarged"),
                     ("no enlarged mediastinal lymph nodes are seen",)),
    "tumour": Phrases(("no lung mass", "there is no mass"), ("no mass is seen",)),
}  # fmt: skip

NEGATED_ON_A_SIDE: dict[str, Phrases] = {
    "effusion": Phrases(
        ("no {hand} pleural effusion", "the {hand} pleural space is clear", "there is no pleural fluid on the {hand}",
         "no effusion on the {hand}"),
        ("no pleural fluid is seen on the {hand} side",),
    ),
    "consolidation": Phrases(
        ("no consolidation in the {hand} lung", "the {hand} lung shows no consolidation",
         "there is no pneumonia in the {hand} lung", "no airspace opacity on the {hand}"),
        ("no airspace opacity is seen on the {hand} side",),
    ),
}  # fmt: skip

_LUNGS = ("emphysema", "consolidation", "nodule", "tumour")
CLEAR: tuple[Clear, ...] = (
    Clear(("effusion", *_LUNGS), Phrases(
        ("the lungs are clear", "clear lungs", "both lungs are clear", "the lungs are normal"),
        ("no abnormality is seen in the lungs",))),
    Clear(("consolidation", "effusion"), Phrases(
        ("no consolidation or pleural effusion", "there is no pleural effusion or airspace opacity",
         "no pneumonia and no pleural fluid"), ("no pleural effusion and no consolidation",))),
    Clear(("consolidation", "nodule"), Phrases(
        ("no consolidation or nodule", "there is no airspace opacity or nodule"),
        ("no nodules and no airspace opacity",))),
    Clear(("cardiomegaly", "effusion"), Phrases(
        ("heart size is normal and there is no pleural effusion", "no cardiomegaly or pleural effusion"),
        ("no pleural fluid and normal heart size",))),
    Clear(("cardiomegaly", "effusion", *_LUNGS), Phrases(("the heart and lungs are normal", "normal heart and lungs"),
                                             ("the heart is normal and the lungs are clear",))),
)  # fmt: skip
"""Statements about several findings."""

NORMAL = Clear(
    CHEST_FINDINGS,
    Phrases(
        ("normal chest CT", "normal CT of the chest", "unremarkable chest CT", "no abnormality is seen in the chest",
         "normal chest", "no abnormal finding", "healthy chest", "no acute abnormality"),
        ("the chest is normal", "no abnormality in the chest"),
    ),
)  # fmt: skip
"""Statements that nothing is wrong."""
