"""Run the real command, in a process of its own or in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ctstudio.cli.exits import exit_code_of
from ctstudio.cli.main import run_command

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """The one line of `--json`."""
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    def complains_of(self, *words: str) -> None:
        """Exit code 2, one line on stderr with these words, nothing on stdout, no traceback."""
        assert self.code == 2, (self.out, self.err)
        assert self.out == ""
        lines = [line for line in self.err.splitlines() if line.strip()]
        assert len(lines) == 1, self.err
        for word in words:
            assert word in lines[0]


def ctstudio_here(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """The same in this process, for tests of commands that would spend most of their time importing torch."""
    capsys.readouterr()
    code = exit_code_of(lambda: run_command([str(word) for word in words]))
    said = capsys.readouterr()
    return Said(code, said.out, said.err)


def ctstudio(*words: object, seconds: float = 300) -> Said:
    """`python -m ctstudio …` as a person types it."""
    command = [sys.executable, "-m", "ctstudio", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=ROOT, check=False)
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
