"""What `ctstudio models import` does with released weights of MedSyn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctstudio.core.volume import Volume
    from ctstudio.systems.medsyn.importing import Import


@dataclass(frozen=True)
class MedsynImport:
    """Parts that were read and tried, and the account of them."""

    found: Import

    @property
    def bytes(self) -> int:
        """What the model will take on the disk."""
        return self.found.bytes

    def lines(self, licence: str) -> list[str]:
        """The account for people."""
        from ctstudio.systems.medsyn.import_parts import coverage_lines
        from ctstudio.systems.medsyn.importing import licence_of

        found, lines = self.found, []
        for name, part in found.parts.items():
            lines += [*coverage_lines(name, part), f"  licence   {licence_of(licence)}"]
            if name in found.tests:
                lines.append(f"  denoises  {found.tests[name].in_words}")
        if not found.tests:
            lines.append("Not tried: nobody knows whether these networks denoise.")
        if found.lacks:
            lines.append(f"Lacks {', '.join(found.lacks)}: it cannot generate. Import all parts together.")
        return lines

    def facts(self, licence: str) -> dict[str, Any]:
        """The account for scripts."""
        from ctstudio.systems.medsyn.import_parts import coverage_facts
        from ctstudio.systems.medsyn.importing import licence_of

        tests = {
            name: {"error": test.error, "noise": test.noise, "order": test.order}
            for name, test in self.found.tests.items()
        }
        return {
            "parts": {
                name: {**coverage_facts(part), "network": part.title, "licence": licence_of(licence)}
                for name, part in self.found.parts.items()
            },
            "config": self.found.config.model_dump(mode="json"),
            "self_test": tests,
            "lacks": list(self.found.lacks),
        }

    def written(
        self, name: str, shelf: Path, licence: str, replace: bool, watch: Callable[[str, int, int], None]
    ) -> Path:
        """The new model's folder."""
        from ctstudio.systems.medsyn.importing import write

        return write(self.found, name, shelf, licence, replace, watch)


def examined(
    path: Path, named: Mapping[str, Path], weights: str, order: str, scan: Path | None, skip_test: bool
) -> MedsynImport:
    """Read the weights, fit them to the networks, and let these take noise from a chest."""
    from ctstudio.cli.progress import late_bar
    from ctstudio.systems.medsyn.importing import examine, tried

    image = _scan(scan)
    with late_bar("Reading weights") as bar:
        bar.at(0, 0)
        found = examine(path, named, "last" if weights == "last" else "ema", order)
        if not skip_test:
            found = tried(found, image, lambda what: bar.at(0, 0, what))
    return MedsynImport(found)


def _scan(path: Path | None) -> Volume | None:
    if path is None:
        return None
    from ctstudio.io.reading import read_volume

    return read_volume(path)
