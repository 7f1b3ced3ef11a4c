"""The curves of a run as TensorBoard event files, one folder a stage."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class Curves:
    """Writes one stage at a time.

    Args:
        folder: `events` of a run; one folder a stage, as a resumed stage takes back its own steps alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def begin(self, stage: str, step: int) -> None:
        """A stage goes on after a step; what was written about later ones is taken back."""
        self.close()
        while any((self._folder / stage).glob(f"*.tfevents.*{int(time.time())}.*")):
            time.sleep(0.05)  # files are read in the order of their names, which hold the second
        self._writer = SummaryWriter(str(self._folder / stage), purge_step=step + 1, flush_secs=10)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Values of a step."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write all out."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
