"""Reports to begin from: those that come with the program, and the user's own.

A template of the user's own takes the place of one of the same name; taking it away brings the program's back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ctstudio.core.errors import ParameterError
from ctstudio.session.report_text import ReportText
from ctstudio.session.user_json import read_entries, write_entries

LONGEST_NAME = 60
_KEY = "templates"
_GROUP = ": "


@dataclass(frozen=True)
class Template:
    """A named report.

    Attributes:
        name: What people choose; "Group: member" stands in a menu of the group.
        text: The report.
        own: Whether it is the user's.
    """

    name: str
    text: ReportText
    own: bool = False

    @property
    def group(self) -> str:
        """The menu it stands in; "" for none."""
        return self.name.partition(_GROUP)[0] if _GROUP in self.name else ""

    @property
    def title(self) -> str:
        """Its name within its group."""
        return self.name.partition(_GROUP)[2] or self.name


_LOBES = ("right upper", "right middle", "right lower", "left upper", "left lower")


def _consolidation(lobe: str) -> Template:
    healthy = "left" if lobe.startswith("right") else "right"
    findings = (
        f"There is a large consolidation in the {lobe} lobe. There is no consolidation in the {healthy} lung. "
        "There is no pleural effusion. The heart is normal in size."
    )
    return Template(f"Lobar consolidation: {lobe} lobe", ReportText(findings, f"Large {lobe} lobe consolidation."))


BUILT_IN = (
    Template(
        "Normal chest",
        ReportText(
            "The lungs are clear. There is no pleural effusion. The heart is normal in size. There is no emphysema. "
            "The mediastinal lymph nodes are not enlarged.",
            "Normal CT of the chest.",
        ),
    ),
    Template(
        "Large left effusion",
        ReportText(
            "There is a large left pleural effusion. The right pleural space is clear. The heart is normal in size. "
            "There is no consolidation.",
            "Large left pleural effusion.",
        ),
    ),
    Template(
        "Cardiomegaly",
        ReportText(
            "The heart is markedly enlarged. The lungs are clear. There is no pleural effusion.",
            "Severe cardiomegaly.",
        ),
    ),
    Template(
        "Emphysema with bullae",
        ReportText(
            "There is severe emphysema in the upper lungs with multiple bullae. There is no consolidation. "
            "There is no pleural effusion. The heart is normal in size.",
            "Severe emphysema with bullae.",
        ),
    ),
    *(_consolidation(lobe) for lobe in _LOBES),
    Template(
        "Cardiomegaly and bilateral effusions",
        ReportText(
            "The heart is markedly enlarged. There are moderate bilateral pleural effusions. There is no "
            "consolidation. There is no emphysema.",
            "Severe cardiomegaly. Moderate bilateral pleural effusions.",
        ),
    ),
    Template(
        "Right lower lobe consolidation and small effusion",
        ReportText(
            "There is a moderate consolidation in the right lower lobe and a small right pleural effusion. "
            "The left pleural space is clear. The heart is normal in size.",
            "Moderate right lower lobe consolidation. Small right pleural effusion.",
        ),
    ),
)


class ReportTemplates:
    """The user's templates in one file, beside those of the program; any thread may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._deed = Lock()

    def entries(self) -> tuple[Template, ...]:
        """The program's in their order, then the user's by name.

        Raises:
            UnreadableFile: The file is damaged.
        """
        own = {each.name: each for each in self._own()}
        first = tuple(own.pop(each.name, each) for each in BUILT_IN)
        return (*first, *sorted(own.values(), key=lambda each: each.name.lower()))

    def save(self, name: str, text: ReportText) -> tuple[Template, ...]:
        """Keep a report under a name; an older one of that name goes.

        Raises:
            ParameterError: No name, a name that is too long, or nothing to keep.
            UnreadableFile: The file is damaged.
            StorageError: The disk is full or the place cannot be written.
        """
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise ParameterError(
                f"A template needs a name of 1 to {LONGEST_NAME} letters.", "Type a name, then press Enter."
            )
        if text.empty:
            raise ParameterError("There is no report to keep.", "Write findings or an impression first.")
        with self._deed:
            return self._write([*(old for old in self._own() if old.name != name), Template(name, text, own=True)])

    def remove(self, name: str) -> tuple[Template, ...]:
        """Take one of the user's away; raises as `save` does."""
        with self._deed:
            return self._write(old for old in self._own() if old.name != name)

    def _own(self) -> tuple[Template, ...]:
        return tuple(
            Template(e.get("name", ""), ReportText(e.get("findings", ""), e.get("impression", "")), own=True)
            for e in read_entries(self.path, _KEY)
        )

    def _write(self, templates: Iterable[Template]) -> tuple[Template, ...]:
        plain = [{"name": t.name, "findings": t.text.findings, "impression": t.text.impression} for t in templates]
        write_entries(self.path, _KEY, plain)
        return self.entries()


def own_templates_file() -> Path:
    """Where the user's templates lie."""
    from platformdirs import user_data_path

    return user_data_path("ctstudio", appauthor=False) / "report_templates.json"
