"""How the text encoder of a MedSyn model is trained."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctstudio.catalog.recipe_parts import Count, Fraction, StageSettings

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class TextSettings(StageSettings):
    """The text encoder of a MedSyn model, pre-trained on reports of phantoms.

    Attributes:
        patients: Phantoms whose reports are read, seeds 0 and up; no volume is made for them.
        wordings: Reports of each, in other words.
        masked: Part of the tokens that are to be guessed (paper: 15 %).
        swapped: Part of the reports that get another patient's impression (paper: half).
        pair_weight: Weight of telling the swapped ones, beside guessing tokens.
        dropout: Of BERT's hidden states and attention while it learns.
        weight_decay: Of AdamW.
    """

    patients: Count = 4000
    wordings: Count = 4
    masked: Fraction = 0.15
    swapped: Fraction = 0.5
    pair_weight: Weight = 1.0
    dropout: Fraction = 0.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
