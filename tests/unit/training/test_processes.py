"""Two processes, as `torchrun` and `accelerate launch` start them, give what one gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tiny_training
from ctstudio.protocol.training_run import RunFiles, StepLine, ValidationLine, read_records
from tiny_training import TinyStage, run_settings, stage_settings, train_in

STEPS = 40
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ACCELERATE = [
    "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
    "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
]  # fmt: skip
"""Its --cpu starts one process, whatever is asked; --multi_gpu starts as many, on processors too (gloo)."""


@pytest.mark.parametrize(("launch", "accumulate"), [(TORCHRUN, 2), (ACCELERATE, 1)])
def test_two_processes_learn_what_one_learns(tmp_path: Path, launch: list[str], accumulate: int) -> None:
    script = str(Path(tiny_training.__file__))
    words = [sys.executable, *launch, script, "train", str(tmp_path / "two"), str(STEPS), str(accumulate)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert sorted(line for line in done.stdout.splitlines() if line.startswith("process")) == [
        "process 1 of 2", "process 2 of 2",
    ]  # fmt: skip
    train_in(tmp_path / "one", TinyStage(lively=False), stage_settings(STEPS), run_settings())
    curves = [read_records(RunFiles(tmp_path / name).steps, StepLine)[0] for name in ("one", "two")]
    assert [line.step for line in curves[1]] == list(range(1, STEPS + 1))
    assert [line.loss for line in curves[1]] == pytest.approx([line.loss for line in curves[0]], rel=1e-5)
    validations, _ = read_records(RunFiles(tmp_path / "two").validations, ValidationLine)
    assert [line.step for line in validations] == list(range(3, STEPS + 1, 3))
    norms = [[line.gradient_norm for line in curve] for curve in curves]
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    ends = [tmp_path / name / "checkpoints" / "tiny" / f"step_{STEPS:08d}" for name in ("one", "two")]
    for file in ("module.safetensors", "average.safetensors"):
        one, two = (load_file(end / file) for end in ends)
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=1e-4, atol=1e-5)
