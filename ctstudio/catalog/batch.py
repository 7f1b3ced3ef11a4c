"""A batch: masks times values of parameters, made into a data set; what was asked, and the plan that came of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ctstudio.catalog.card import Card
from ctstudio.catalog.cards import card
from ctstudio.catalog.sweeps import MOST_VALUES, Sweeps, combinations, tag_of
from ctstudio.core.errors import InputError, ParameterError
from ctstudio.core.patient_pattern import patient_pattern

Layout = Literal["nnunet", "runs"]
LabelSource = Literal["given", "completed"]
DEFAULT_NAME = "Dataset501_Synthetic"
RECORDS = "batch"
"""Folder below a data set for what is no part of it: plan, record of cases, state, log."""
_NNUNET_NAME = re.compile(r"Dataset(\d{3})_[A-Za-z0-9_-]+")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BatchSettings(_Frozen):
    """What is asked of a batch.

    Attributes:
        system, task: Whose card the parameters come from.
        model: Name on the shelf, or a model's folder.
        masks: The folder of masks.
        sweeps: Values of every parameter of the task.
        labels: Names of the labels that the data set shall have, in order; empty for all that the masks hold.
        label_source: Whether the label maps are the masks as given, or the anatomy that the model completed.
        layout: nnU-Net's raw layout, or a folder for each sample as a single run writes it.
        name: Of the data set; in nnU-Net's layout "DatasetNNN_Name".
        patient_pattern: Regular expression that finds the patient in a mask's path; "" when each mask is a patient.
        leave_out: Whether files that cannot be used are left out; otherwise they stop the batch before it begins.
        device: "auto", "cpu" or "cuda".
        dtype: "auto", "fp32" or "bf16".
    """

    system: str
    task: str
    model: str
    masks: str
    sweeps: Sweeps
    labels: tuple[str, ...] = ()
    label_source: LabelSource = "given"
    layout: Layout = "nnunet"
    name: str = DEFAULT_NAME
    patient_pattern: str = ""
    leave_out: bool = False
    device: str = "auto"
    dtype: str = "auto"

    @property
    def card(self) -> Card:
        """The task's card."""
        return card(self.system, self.task)

    @property
    def number(self) -> int | None:
        """nnU-Net's number of the data set; None in the other layout."""
        found = _NNUNET_NAME.fullmatch(self.name)
        return int(found[1]) if found and self.layout == "nnunet" else None

    def check(self) -> None:
        """Refuse what can be refused without looking at a file.

        Raises:
            ParameterError: A name that nnU-Net does not take, a pattern that is no regular expression, a label twice,
                or completed labels without names.
        """
        if self.layout == "nnunet" and self.number is None:
            raise ParameterError(
                f"nnU-Net does not take {self.name!r} as the name of a data set.",
                "Name it Dataset, three digits, underscore, letters: for example Dataset501_SyntheticLiver.",
            )
        if len(set(self.labels)) < len(self.labels):
            raise ParameterError("A label is named twice.", "Name each label once.")
        if self.label_source == "completed" and not self.labels:
            raise ParameterError(
                "Which labels the completed anatomy will hold is not known before it is made.",
                "Name the labels that the data set shall have, such as liver, spleen.",
            )
        patient_pattern(self.patient_pattern)


class BatchMask(_Frozen):
    """One mask of a batch.

    Attributes:
        name: What its cases are called; letters, digits, "_" and "-".
        file: Path relative to the folder of masks, forward slashes.
        group: Masks of one group (patient, or the same voxels twice) never part in a split.
        digest: sha256 of its voxels, in the standard table's values.
        shape: (z, y, x) voxels.
        slabs: Runs of axial slices that will be generated: (first, count) each.
        labels: Label name to voxels, of the labels that the model knows, in order of the standard table.
    """

    name: str
    file: str
    group: str
    digest: str
    shape: tuple[int, int, int]
    slabs: tuple[tuple[int, int], ...]
    labels: dict[str, int]

    @property
    def slices(self) -> int:
        """How many slices will be generated for each sample."""
        return sum(count for _, count in self.slabs)


class BatchPlan(_Frozen):
    """All that decides a batch's files.

    Attributes:
        settings: What was asked.
        masks: By name.
        labels: Names of the label maps' values 1, 2, …
        parts: Labels that count as one of `labels`: the model draws the whole group under that name.
        model_files: sha256 of the model's files.
        left_out: Files that are not used, and why.
    """

    settings: BatchSettings
    masks: tuple[BatchMask, ...]
    labels: tuple[str, ...]
    parts: dict[str, str] = Field(default_factory=dict)
    model_files: dict[str, str] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def samples_each(self) -> int:
        """Samples of each mask."""
        count = 1
        for values in self.settings.sweeps.values():
            count *= len(values)
        return count

    @property
    def sample_count(self) -> int:
        """All samples."""
        return len(self.masks) * self.samples_each

    @property
    def case_count(self) -> int:
        """All cases of the data set; a mask with gaps gives several of each sample in nnU-Net's layout."""
        parts = sum(len(mask.slabs) for mask in self.masks)
        return self.samples_each * (parts if self.settings.layout == "nnunet" else len(self.masks))

    @property
    def slice_count(self) -> int:
        """All slices that will be generated."""
        return self.samples_each * sum(mask.slices for mask in self.masks)

    def samples(self) -> Iterator[BatchSample]:
        """All samples in order: mask by mask."""
        task, sweeps = self.settings.card, self.settings.sweeps
        tagged = [(values, tag_of(task, sweeps, values)) for values in combinations(sweeps)]
        for mask in self.masks:
            for values, tag in tagged:
                yield BatchSample(mask, values, f"{mask.name}_{tag}")

    def cases_of(self, sample: BatchSample) -> tuple[str, ...]:
        """Names of the cases that a sample gives."""
        parts = len(sample.mask.slabs)
        if self.settings.layout == "runs" or parts == 1:
            return (sample.name,)
        return tuple(f"{sample.name}_part{number}" for number in range(1, parts + 1))


@dataclass(frozen=True)
class BatchSample:
    """One sample of a batch: a mask with one value of each parameter; its name is that of its files."""

    mask: BatchMask
    parameters: dict[str, Any]
    name: str


def folder_of(out: Path, settings: BatchSettings) -> Path:
    """Where a batch's data set lies: below `out` under its name in nnU-Net's layout, in `out` itself otherwise."""
    named = settings.layout == "nnunet" and out.name != settings.name
    return out / settings.name if named else out


def records_of(folder: Path) -> Path:
    """Where the batch keeps what is no part of its data set."""
    return folder / RECORDS


def plan_from_json(text: str, where: str) -> BatchPlan:
    """A plan that was written to a file.

    Raises:
        InputError: It is damaged, or of another version.
    """
    try:
        return BatchPlan.model_validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"The plan of the batch in {where} cannot be read.", "Begin it anew in another folder.", str(error)
        ) from error


def check_size(plan: BatchPlan) -> None:
    """Refuse a batch that nobody can have meant.

    Raises:
        ParameterError: Too many samples, or two of the same name.
    """
    if plan.sample_count > MOST_VALUES:
        raise ParameterError(
            f"This makes {plan.sample_count} samples; {MOST_VALUES} is the most.", "Split it into several batches."
        )
    names = sorted(case.casefold() for sample in plan.samples() for case in plan.cases_of(sample))
    twice = next((name for before, name in itertools.pairwise(names) if before == name), "")
    if twice:
        raise ParameterError(f"Two cases would be called {twice}.", "Rename one of the masks.")
