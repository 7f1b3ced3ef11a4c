"""TotalSegmentator as an optional extra: a process of its own that names the organs of a CT.

It is another project's program with weights of its own. It runs with the network switched off, so that nothing is
loaded or told by the way; its weights are loaded by `load_weights` alone, when a person has said yes.

Source: TotalSegmentator 2, its command line, `TOTALSEG_HOME_DIR` and `TOTALSEG_WEIGHTS_PATH`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from ctstudio.core.errors import ModelNotFound
from ctstudio.jobs.detached import writing
from ctstudio.jobs.program import plain_environment
from ctstudio.jobs.watched_process import Told, watch

PROGRAM, LOADER = "TotalSegmentator", "totalseg_download_weights"
INSTALL = 'pip install "ctstudio[totalsegmentator]"'
_FULL, _FAST = (291, 292, 293, 294, 295), (297,)
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class TotalSegmentator:
    """One that was found on this machine.

    Attributes:
        program: Its command.
        loader: The command that loads its weights; None when there is none.
        weights: The folder of its weights, which may not exist yet.
    """

    program: Path
    loader: Path | None
    weights: Path

    def has_weights(self, fast: bool) -> bool:
        """Whether every network of a size is there: the fast one of 3 mm, or the five of 1.5 mm."""
        return all(self._has(number) for number in (_FAST if fast else _FULL))

    def _has(self, number: int) -> bool:
        folders = self.weights.glob(f"Dataset{number}_*")
        return any(next(folder.rglob("checkpoint_final.pth"), None) is not None for folder in folders)


def find() -> TotalSegmentator | None:
    """The one beside this Python, or on the PATH; None when it is not installed."""
    program = _command(PROGRAM)
    if program is None:
        return None
    own = os.environ.get("TOTALSEG_WEIGHTS_PATH")
    home = Path(os.environ.get("TOTALSEG_HOME_DIR") or Path.home() / ".totalsegmentator")
    return TotalSegmentator(program, _command(LOADER), Path(own) if own else home / "nnunet" / "results")


def weights_mb(fast: bool) -> int:
    """What the weights take to load, in MB, roughly. Source: their sizes as published."""
    return 140 if fast else 1200


def segment(
    found: TotalSegmentator,
    files: tuple[Path, Path],
    home: Path,
    fast: bool,
    told: Told,
    cancelled: threading.Event,
    device: str = "gpu",
) -> None:
    """Name the organs of a CT; takes seconds to many minutes, so call it beside the window.

    Args:
        found: What `find` gave.
        files: The CT as NIfTI, and the label map to write; the labels are TotalSegmentator's, 1 to 117.
        home: A folder for its settings, which say that nothing is told to anyone; made when it is not there.
        fast: The network of 3 mm instead of those of 1.5 mm.
        told: Hears how far it is; called from another thread.
        cancelled: Ends it when set.
        device: "gpu" takes one if there is one; "cpu" does not look for it.

    Raises:
        ModelNotFound: Its weights are not there.
        StorageError: The folder cannot be written.
        EngineError: It failed, or cannot be started.
        Cancelled: It was cancelled.
    """
    if not found.has_weights(fast):
        raise ModelNotFound(
            "The weights of TotalSegmentator are not on this machine.",
            f"Let them be loaded (about {weights_mb(fast)} MB), or put them into {found.weights}.",
        )
    scan, labels = files
    words = [str(found.program), "-i", str(scan), "-o", str(labels), "--ml", "--device", device]
    watch([*words, "--fast"] if fast else words, {**_quiet(found, home), **_offline()}, told, cancelled)


def load_weights(found: TotalSegmentator, home: Path, fast: bool, told: Told, cancelled: threading.Event) -> None:
    """Load the weights over the network with TotalSegmentator's own command; only when a person has said yes.

    Raises:
        ModelNotFound: This TotalSegmentator has no such command, or the weights are not there afterwards.
        StorageError: A folder cannot be written.
        EngineError: It failed, for example without a network.
        Cancelled: It was cancelled.
    """
    if found.loader is None:
        raise ModelNotFound(
            "This TotalSegmentator cannot load its weights.", f"Install it again with {INSTALL}, then try again."
        )
    with writing(found.weights):
        found.weights.mkdir(parents=True, exist_ok=True)
    words = [str(found.loader), "-t", "total_fast" if fast else "total"]
    watch(words, _quiet(found, home), told, cancelled)
    if not found.has_weights(fast):
        raise ModelNotFound("The weights were loaded, but not all of them are there.", "Load them again.")


def _quiet(found: TotalSegmentator, home: Path) -> dict[str, str]:
    """An environment where TotalSegmentator has settings of our own: the same weights, and no usage statistics."""
    settings = {"totalseg_id": "totalseg_CTSTUDIO", "send_usage_stats": False, "prediction_counter": 0}
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        (home / "config.json").write_text(json.dumps(settings, indent=4), "utf-8")
    return {**plain_environment(), "TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": str(found.weights)}


def _offline() -> dict[str, str]:
    """No network: every request goes to a door that nobody opens."""
    names = [name for lower in ("http_proxy", "https_proxy", "all_proxy") for name in (lower, lower.upper())]
    return dict.fromkeys(names, _NOWHERE) | {"no_proxy": "", "NO_PROXY": "", "HF_HUB_OFFLINE": "1"}


def _command(name: str) -> Path | None:
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which(name, path=beside)
    return None if found is None else Path(found)
