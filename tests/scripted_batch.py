"""The program's own command with a stand-in for the engine: batches of pictures of noise, without torch.

    runs = BatchRuns(home, scripted_batch.command())

Everything but the engine is real: the plan, the files, what is written while it runs, stopping and going on.
"""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STEPS = 4


def command(seconds_a_step: float = 0.02) -> list[str]:
    """What stands in place of `ctstudio`."""
    return [sys.executable, str(Path(__file__).resolve()), str(seconds_a_step)]


def run(request: Any, _cache: object) -> Iterator[Any]:
    """Noise where the mask is, from the seed."""
    import numpy as np

    from ctstudio.core.provenance import Provenance
    from ctstudio.core.volume import Volume
    from ctstudio.protocol.events import Finished, Loading, Stepped
    from ctstudio.protocol.result import Result, Sample

    yield Loading(request.id, "Loading model …")
    for step in range(1, STEPS + 1):
        time.sleep(float(sys.argv[1]))
        yield Stepped(request.id, step, STEPS, 1, 1, None)
    mask, seed = request.inputs["mask"], int(request.parameters["seed"])
    array = np.full(mask.array.shape, -1024, np.int16)
    for z, plane in enumerate(mask.array):
        if plane.any():
            array[z] = np.random.default_rng([seed, z]).normal(40, 20, plane.shape).astype(np.int16)
    outputs = {"ct": Volume(array, mask.grid, synthetic=True), "mask": mask}
    made = Provenance(request.system, request.task, request.parameters, seed, request.model)
    yield Finished(request.id, Result(request.id, (Sample(seed, outputs, {"noise_sd_hu": 20.0}, made),)))


def _stand_in() -> None:
    """Put the stand-in where the command looks for the engine."""
    pipelines, cache = types.ModuleType("ctstudio.engine.pipelines"), types.ModuleType("ctstudio.engine.cache")
    pipelines.run = run  # type: ignore[attr-defined]
    cache.ModelCache = object  # type: ignore[attr-defined]
    engine = types.ModuleType("ctstudio.engine")
    engine.pipelines, engine.cache = pipelines, cache  # type: ignore[attr-defined]
    sys.modules.update(
        {"ctstudio.engine": engine, "ctstudio.engine.pipelines": pipelines, "ctstudio.engine.cache": cache}
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    _stand_in()
    from ctstudio.cli.exits import exit_code_of
    from ctstudio.cli.main import run_command

    sys.exit(exit_code_of(lambda: run_command(sys.argv[2:])))
