"""What `ctstudio models import` does with public weights for NA-Diff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctstudio.systems.na_diff.importing import Import


@dataclass(frozen=True)
class NaDiffImport:
    """Parts that were read, and the account of them."""

    found: Import

    @property
    def bytes(self) -> int:
        """What the model will take on the disk."""
        return self.found.bytes

    def lines(self, licence: str) -> list[str]:
        """The account for people."""
        from ctstudio.systems.na_diff.import_report import coverage_lines, untrained_in_words

        found, config = self.found, self.found.config
        lines = [line for name, part in found.parts.items() for line in coverage_lines(name, part, licence)]
        lines.append(f"Slices of {config.image_size} x {config.image_size} pixels at {config.pixel_mm:.3g} mm.")
        if untrained := untrained_in_words(found.parts):
            lines.append(f"Not trained: {'; '.join(untrained)}. A starting point for training, not for generating.")
        if found.lacks:
            lines.append(f"Lacks {', '.join(found.lacks)}: it cannot generate, but lends its parts to training.")
        return lines

    def facts(self, licence: str) -> dict[str, Any]:
        """The account for scripts."""
        from ctstudio.systems.na_diff.import_report import coverage_facts, licence_of, untrained_in_words

        return {
            "parts": {
                name: {**coverage_facts(part), "network": part.title, "licence": licence_of(part, licence)}
                for name, part in self.found.parts.items()
            },
            "config": self.found.config.model_dump(mode="json"),
            "not_trained": list(untrained_in_words(self.found.parts)),
            "lacks": list(self.found.lacks),
        }

    def written(
        self, name: str, shelf: Path, licence: str, replace: bool, watch: Callable[[str, int, int], None]
    ) -> Path:
        """The new model's folder."""
        from ctstudio.systems.na_diff.importing import write

        return write(self.found, name, shelf, licence, replace, watch)


def examined(path: Path, named: Mapping[str, Path], heads: int | None, activation: str | None) -> NaDiffImport:
    """Read the weights and fit them to the networks."""
    from ctstudio.cli.progress import late_bar
    from ctstudio.systems.na_diff.importing import examine

    with late_bar("Reading weights") as bar:
        bar.at(0, 0)
        return NaDiffImport(examine(path, named, heads, activation))
