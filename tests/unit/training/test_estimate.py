"""What a run will take, tried on a little of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctstudio.catalog.recipes import recipe_from
from ctstudio.core.errors import InputError
from ctstudio.training.estimate import Estimate, estimate
from tiny_dataset import write_dataset
from tiny_na_diff import write_tiny_model
from tiny_recipe import QUICK, ablation, distilling, tuning


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("base") / "base", "tiny-base")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


def _estimate(base: Path, data: Path, steps: int, price: float = 0.0) -> Estimate:
    recipe = tuning(base, data)
    recipe["denoiser"]["steps"] = steps
    return estimate(recipe_from(recipe), price)


def test_every_stage_is_there_and_takes_time(base: Path, data: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    found = estimate(recipe_from(tuning(base, data)), told=lambda done, total, what: told.append((done, total, what)))
    assert [stage.stage for stage in found.stages] == ["data", "latents", "denoiser"]
    assert told == [(0, 3, "data"), (1, 3, "latents"), (2, 3, "denoiser")]
    assert all(stage.seconds > 0 for stage in found.stages)
    assert found.seconds == pytest.approx(sum(stage.seconds for stage in found.stages), abs=0.2)
    assert found.memory_bytes > 100e6
    assert found.disk_bytes > 1e6
    assert (found.cost, found.device) == (None, "cpu")
    assert found.stages[-1].steps == 4


def test_more_steps_take_longer_and_cost_more(base: Path, data: Path) -> None:
    few, many = _estimate(base, data, 1_000, price=3.6), _estimate(base, data, 100_000, price=3.6)
    assert many.stages[-1].seconds > 20 * few.stages[-1].seconds
    assert many.cost == pytest.approx(many.seconds / 1000, abs=0.02)
    assert few.disk_bytes == pytest.approx(many.disk_bytes, rel=0.1)


@pytest.mark.parametrize("method", ["consistency", "progressive"])
def test_a_distillation_is_estimated_by_its_student(base: Path, data: Path, method: str) -> None:
    distil = {"method": method, "student_steps": 2, "teacher_steps": 4, "paths": 400}
    recipe = recipe_from(distilling(base, data, distil=distil))
    found = {stage.stage: stage for stage in estimate(recipe).stages}
    assert list(found) == ["data", "latents", "paths", "student"]
    assert found["student"].steps == 4
    assert found["paths"].steps == 400
    if method == "progressive":
        assert found["paths"].seconds > found["student"].seconds  # 200 batches, of which one was tried


def test_what_cannot_run_is_not_estimated(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a prepared data set"):
        _estimate(base, tmp_path, 10)


def test_natural_images_are_estimated_by_their_number(base: Path, data: Path) -> None:
    def found(images: int) -> Estimate:
        recipe = ablation(
            base, data, ["noise_map"], natural={**QUICK, "data": {"source": "textures", "images": images}}
        )
        return estimate(recipe_from(recipe))

    few, many = found(10), found(1000)
    assert [stage.stage for stage in few.stages] == ["data", "latents", "images", "natural", "denoiser"]
    assert (few.stages[2].steps, many.stages[2].steps) == (10, 1000)
    assert many.stages[2].seconds > 20 * few.stages[2].seconds
    image_bytes = 2 * 2 * 4 * 64 * 64 * 2  # two latents of two realisations, half precision
    assert many.disk_bytes - few.disk_bytes == pytest.approx(990 * image_bytes, rel=0.05)
