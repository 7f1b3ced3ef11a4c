"""What a student reaches beside its teacher, and how much faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ctstudio.catalog.model_card import ModelInfo
from ctstudio.catalog.shelf import Model, find_model
from ctstudio.evaluation.held_out import FIRST_SEED, HeldOut, held_out_slices
from ctstudio.evaluation.na_diff import DOSES, dose_slope, generate_slices, liver_dice
from ctstudio.systems.na_diff.weights import NaDiffModel, load, load_segmenter
from ctstudio.training.na_diff_networks import sliced
from ctstudio.training.run import Run

TEACHER_STEPS = 50
ROUNDS = 3

Sampler = Callable[[NDArray[np.uint8], float], NDArray[np.float32]]


def measure_student(run: Run, base: Model) -> ModelInfo:
    """Measure the exported student and its teacher on the same held-out slices, alternating, in one run.

    Returns:
        The student's card with the figures, which is written too.
    """
    folder, counts = run.model, sliced(run.recipe).figures
    info = find_model(folder).info
    student, teacher = _loaded(find_model(folder)), _loaded(base)
    segmenter = load_segmenter(folder, student.config)
    slices = held_out_slices(counts.mask_slices, student.config, FIRST_SEED + 70_000)
    samplers: dict[str, Sampler] = {
        "teacher": lambda labels, dose: generate_slices(teacher, labels, None, dose, seed=1, steps=TEACHER_STEPS),
        "student": lambda labels, dose: generate_slices(student, labels, None, dose, seed=1),
    }
    figures: dict[str, Any] = {
        "command": f"ctstudio train {run.recipe.name} --out DIR",
        "slices": len(slices.seeds),
        "teacher_steps": TEACHER_STEPS,
        "student_steps": len(student.config.few_steps),
    }
    anatomies = slices.first(counts.dose_anatomies)
    for name, sample in samplers.items():
        dice = liver_dice(student, segmenter, sample(slices.labels, 0.25), slices.liver())
        slope = dose_slope([sample(anatomies.labels, dose) for dose in DOSES], anatomies.liver())
        figures[name] = {"dice_all_labels": round(dice, 4), "dose_slope": round(slope, 4)}
        run.say(f"{name}: {figures[name]}")
    figures["times_faster"] = round(_times_faster(samplers, anatomies), 2)
    run.say(f"{figures['times_faster']} times faster")
    measured = info.model_copy(update={"figures": figures})
    measured.write(folder)
    return measured


def _loaded(model: Model) -> NaDiffModel:
    return load(model.folder, model.info, torch.device("cpu"), torch.float32)


def _times_faster(samplers: dict[str, Sampler], slices: HeldOut) -> float:
    """Median ratio of the seconds for the same four slices, end to end, teacher and student in turn."""
    labels = slices.labels[:4]
    ratios = []
    for _ in range(ROUNDS):
        seconds = {}
        for name, sample in samplers.items():
            began = time.perf_counter()
            sample(labels, 0.25)
            seconds[name] = time.perf_counter() - began
        ratios.append(seconds["teacher"] / seconds["student"])
    return float(np.median(ratios))
