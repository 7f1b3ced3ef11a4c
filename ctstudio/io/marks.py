"""What we write inside our files besides voxels: what they are, whether they are synthetic, how they came to be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from ctstudio.core.labels import Label, LabelMap, LabelTable
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Modality, Unit, Volume

SYNTHETIC_TEXT = "SYNTHETIC (AI) CT Studio"
PLAIN_TEXT = "CT Studio"
KEY = "ctstudio"
_FORMAT = 1


@dataclass(frozen=True)
class Marks:
    """The content of our header record.

    Attributes:
        kind: Whether the voxels are a scan or labels.
        synthetic: True when any of the content was made rather than acquired.
        modality: DICOM modality code of a scan.
        unit: Meaning of a scan's voxels.
        labels: Names and colours of the labels present.
        provenance: How it came to be, without start time and duration.
    """

    kind: Literal["volume", "labels"]
    synthetic: bool
    modality: Modality = "OT"
    unit: Unit = "arbitrary"
    labels: tuple[Label, ...] = ()
    provenance: Provenance | None = None

    @property
    def text(self) -> str:
        """One line that any viewer shows."""
        return SYNTHETIC_TEXT if self.synthetic else PLAIN_TEXT

    def to_json(self) -> str:
        """One line of JSON; equal marks give equal text."""
        data = asdict(self) | {"format": _FORMAT, "program": "CT Studio"}
        return json.dumps(data, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Marks | None:
        """Marks that `to_json` wrote; None for any other text, since other programs write comments too."""
        try:
            data = json.loads(text)
            if data.pop("program") != "CT Studio" or data.pop("format") != _FORMAT:
                return None
            record = data.pop("provenance")
            provenance = Provenance.from_json(json.dumps(record)) if record else None
            labels = tuple(Label(v["value"], v["name"], tuple(v["colour"])) for v in data.pop("labels"))
            return cls(**data, labels=labels, provenance=provenance)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def marks_of_volume(volume: Volume, provenance: Provenance | None) -> Marks:
    """Marks of a scan."""
    return Marks("volume", volume.synthetic, volume.modality, volume.unit, (), settled(provenance))


def marks_of_labels(labels: LabelMap, provenance: Provenance | None) -> Marks:
    """Marks of a label map, with the names of the labels it holds."""
    named = tuple(labels.table.by_value(v) for v in labels.present())
    return Marks("labels", labels.synthetic, labels=named, provenance=settled(provenance))


def settled(provenance: Provenance | None) -> Provenance | None:
    """Provenance without start time and duration, so that a result made again gives the same bytes."""
    return None if provenance is None else replace(provenance, started="", seconds=0.0)


def table_with(names: tuple[Label, ...], table: LabelTable) -> LabelTable:
    """`table` where a file's own names win: over entries of the same value and of the same name."""
    if all(label in table.labels for label in names):
        return table
    values = {label.value for label in names}
    taken = {label.name for label in names}
    kept = tuple(label for label in table if label.value not in values and label.name not in taken)
    return LabelTable(tuple(sorted((*names, *kept), key=lambda label: label.value)))
