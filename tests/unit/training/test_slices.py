"""Training slices: made once, cached, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctstudio.training.phantom_slices import REALISATIONS, load_cache, make_cache, patient_slices


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    make_cache(folder, range(2), 2)
    return folder


def test_a_cache_holds_every_patient_once(cache: Path) -> None:
    slices = load_cache(cache)
    assert len(slices) == 4
    assert slices.seed.tolist() == [0, 0, 1, 1]
    assert slices.ct_hu.shape == slices.labels.shape == (4, 256, 256)
    assert slices.noise_hu.shape == (4, REALISATIONS, 256, 256)
    assert load_cache(cache, range(1, 2)).seed.tolist() == [1, 1]
    assert sorted(p.name for p in cache.iterdir()) == ["patient_000000.npz", "patient_000001.npz"]


def test_slices_show_a_patient_with_organs_in_hu(cache: Path) -> None:
    slices = load_cache(cache)
    for image, labels in zip(slices.ct_hu, slices.labels, strict=True):
        inside = labels > 0
        assert 0.1 < inside.mean() < 0.7
        assert image[~inside].mean() < -800
        assert -120 < np.median(image[inside]) < 120
    assert len(np.unique(slices.labels)) > 8


def test_noise_follows_its_dose(cache: Path) -> None:
    slices = load_cache(cache)
    assert slices.dose.shape == (4, REALISATIONS)
    assert slices.dose.min() >= 0.05 - 1e-6
    assert slices.dose.max() <= 1.0
    assert len(np.unique(slices.dose)) > 2
    for labels, noise, dose in zip(slices.labels, slices.noise_hu.astype(np.float32), slices.dose, strict=True):
        spread = noise[:, labels > 0].std(axis=1)
        assert np.isfinite(noise).all()
        assert spread[0] / spread[1] == pytest.approx((dose[1] / dose[0]) ** 0.5, rel=0.25)
        assert np.abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


def test_shards_that_are_there_are_not_made_again(cache: Path) -> None:
    first = cache / "patient_000000.npz"
    before = first.stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    make_cache(cache, range(2), 2, lambda done, total: told.append((done, total)))
    assert first.stat().st_mtime_ns == before
    assert told == [(1, 2), (2, 2)]


def test_a_shard_that_was_half_written_does_not_count(cache: Path) -> None:
    torn = cache / "patient_000007.partial.npz"
    torn.write_bytes(b"half")
    try:
        assert len(load_cache(cache)) == 4
    finally:
        torn.unlink()


def test_the_same_patient_gives_the_same_slices_and_another_does_not(cache: Path) -> None:
    slices, again = load_cache(cache, range(1)), patient_slices(0, 2)
    for name in ("ct_hu", "labels", "noise_hu", "dose"):
        np.testing.assert_array_equal(getattr(slices, name), getattr(again, name))
    assert (load_cache(cache, range(1, 2)).labels != slices.labels).any()
