"""Total variation takes noise away, the weight that suits is found, and BM3D is only there with its package."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from ctstudio.evaluation.baselines import TV_WEIGHTS, best_tv_weight, bm3d_denoiser, total_variation
from ctstudio.measure.similarity import psnr_db

CLEAN = np.full((10, 24, 24), 40.0, np.float32)
CLEAN[:, 6:18, 6:18] = 120.0


def noisy(sd: float) -> np.ndarray:
    return (CLEAN + np.random.default_rng(0).normal(0, sd, CLEAN.shape)).astype(np.float32)


def test_noise_goes_and_edges_stay() -> None:
    weight = best_tv_weight([noisy(30)], [CLEAN])
    found = total_variation(noisy(30), weight)
    assert psnr_db(found, CLEAN) > psnr_db(noisy(30), CLEAN) + 6
    assert found[:, 8:16, 8:16].mean() - found[:, :4].mean() > 60


def test_more_noise_needs_more_weight() -> None:
    weak, strong = (best_tv_weight([noisy(sd)], [CLEAN]) for sd in (6, 80))
    assert weak < strong
    assert {weak, strong} <= set(TV_WEIGHTS)


def test_bm3d_is_taken_only_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctstudio.evaluation.baselines.find_spec", lambda name: None)
    assert bm3d_denoiser() is None
    package = ModuleType("bm3d")
    package.bm3d = lambda plane, sd: plane * 0 + sd  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bm3d", package)
    monkeypatch.setattr("ctstudio.evaluation.baselines.find_spec", lambda name: object())
    denoiser = bm3d_denoiser()
    assert denoiser is not None
    assert denoiser(noisy(30), 40.0) == pytest.approx(-120.0)
