"""The models of an evaluation: those that are evaluated, and the one that judges them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ctstudio.core.errors import ModelNotFound, ParameterError

if TYPE_CHECKING:
    from ctstudio.catalog.shelf import Model
    from ctstudio.evaluation.na_diff_evaluation import Candidate
    from ctstudio.evaluation.na_diff_paper import Judge

JUDGE = "na-diff-demo"
"""The model whose encoder and segmenter judge all others, when it is on the shelf."""


def models_named(names: Sequence[str]) -> list[Model]:
    """Models by name or folder; all of NA-Diff on the shelf when none is named.

    Raises:
        ModelNotFound: There is none, or none of that name.
    """
    from ctstudio.catalog.shelf import find_model, look

    if names:
        return [find_model(name) for name in dict.fromkeys(names)]
    found = [model for model in look().models if model.info.system == "na_diff"]
    if not found:
        raise ModelNotFound("There is no model of NA-Diff on this machine.", "Give one's folder with --model.")
    return found


def judging_model(name: str) -> Model:
    """The model that judges: the one named, else the bundled one, else the first on the shelf.

    Raises:
        ModelNotFound: There is none, or none of that name.
    """
    from ctstudio.catalog.shelf import find_model

    on_shelf = [] if name else models_named([])
    bundled = next((model for model in on_shelf if model.info.name == JUDGE), None)
    return find_model(name) if name else bundled or on_shelf[0]


def loaded(model: Model) -> Candidate:
    """A model of NA-Diff with its networks, on the processor or the GPU.

    Raises:
        ParameterError: It is another system's.
    """
    from ctstudio.engine import devices
    from ctstudio.evaluation.na_diff_evaluation import Candidate
    from ctstudio.systems.na_diff.weights import load

    if model.info.system != "na_diff":
        raise ParameterError(f"{model.info.name} is no model of NA-Diff.", "See 'ctstudio models list'.")
    place = devices.place("auto", "fp32")
    return Candidate(model, load(model.folder, model.info, place.device, place.dtype))


def judge_with(model: Model, weights: Path | None) -> Judge:
    """A judge that uses the encoder and the segmenter of a model, and published networks from a folder."""
    import torch

    from ctstudio.evaluation.instruments import instruments
    from ctstudio.evaluation.na_diff_paper import Judge
    from ctstudio.evaluation.segmentation import reader_of
    from ctstudio.systems.na_diff.weights import load

    own = load(model.folder, model.info, torch.device("cpu"), torch.float32)
    return Judge(instruments(own, weights), reader_of(own, model.folder))
