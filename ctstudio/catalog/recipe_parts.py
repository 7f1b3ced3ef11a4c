"""What the recipes of all systems share: how a network is optimised, and how a run is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class StrictModel(BaseModel):
    """Values that cannot be changed, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageSettings(StrictModel):
    """How one network is optimised.

    Attributes:
        steps: Optimiser steps.
        batch: Samples a step, over all processes and all parts of an accumulated step.
        learning_rate: After `warm_up` linear steps; falls to a tenth along a cosine.
        ema_decay: Of the moving average of the weights, which is what is kept.
        clip_norm: Gradient norm that is never exceeded.
        weight_decay: Of AdamW.
        accumulate: Parts in which a batch is worked off, to save memory.
    """

    steps: Count
    batch: Count
    learning_rate: Positive
    warm_up: Annotated[int, Field(ge=0)] = 100
    ema_decay: Fraction = 0.998
    clip_norm: Positive = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    accumulate: Count = 1


class RunSettings(StrictModel):
    """How a run is kept and watched.

    Attributes:
        precision: "bf16" computes in bfloat16 where that is safe; weights stay float32.
        checkpoint_s: Seconds between two checkpoints.
        keep: Rolling checkpoints that are kept, beside the best one.
        validate_every: Steps between two validations of the running average; 0 for none.
        validate_slices: Slices a validation looks at.
        sample_every: Steps between two samples of the running average; 0 for none.
        samples: How many fixed samples are drawn each time.
    """

    precision: Literal["fp32", "bf16"] = "bf16"
    checkpoint_s: Positive = 120.0
    keep: Count = 2
    validate_every: Annotated[int, Field(ge=0)] = 200
    validate_slices: Count = 12
    sample_every: Annotated[int, Field(ge=0)] = 200
    samples: Count = 4


class CommonRecipe(StrictModel):
    """What names a recipe, and how its run is kept.

    Attributes:
        name: Its file's place among the recipes, such as "demo/na-diff".
        title, about: For people.
        system: That it trains.
        model_name: Of the model that it makes.
        seed: Of all draws.
        run: How the run is kept and watched.
    """

    name: str
    title: str
    about: str
    system: str
    model_name: str
    seed: Annotated[int, Field(ge=0)] = 0
    run: RunSettings = RunSettings()
