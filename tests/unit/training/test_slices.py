"""Training slices: made once, cached, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ctstudio.core.errors import InputError
from ctstudio.training.slices import REALISATIONS, Slices, load_shards, make_shards, patient_slices


def _make(folder: Path, told: Callable[[int, int], None] = lambda done, total: None) -> None:
    make_shards(folder, [(f"patient_{seed:06d}", partial(patient_slices, seed, 2)) for seed in range(2)], told)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    _make(folder)
    return folder


def test_a_cache_holds_every_patient_once(cache: Path) -> None:
    slices = load_shards(cache)
    assert len(slices) == 4
    assert slices.seed.tolist() == [0, 0, 1, 1]
    assert slices.ct_hu.shape == slices.labels.shape == (4, 256, 256)
    assert slices.noise_hu.shape == (4, REALISATIONS, 256, 256)
    assert load_shards(cache / "patient_000001.npz").seed.tolist() == [1, 1]
    assert sorted(p.name for p in cache.iterdir()) == ["patient_000000.npz", "patient_000001.npz"]


def test_slices_show_a_patient_with_organs_in_hu(cache: Path) -> None:
    slices = load_shards(cache)
    for image, labels in zip(slices.ct_hu, slices.labels, strict=True):
        inside = labels > 0
        assert 0.1 < inside.mean() < 0.7
        assert image[~inside].mean() < -800
        assert -120 < np.median(image[inside]) < 120
    assert len(np.unique(slices.labels)) > 8


def test_noise_follows_its_dose(cache: Path) -> None:
    slices = load_shards(cache)
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
    _make(cache, lambda done, total: told.append((done, total)))
    assert first.stat().st_mtime_ns == before
    assert told == [(1, 2), (2, 2)]


def test_a_shard_that_was_half_written_does_not_count(cache: Path) -> None:
    torn = cache / "patient_000007.partial.npz"
    torn.write_bytes(b"half")
    try:
        assert len(load_shards(cache)) == 4
    finally:
        torn.unlink()


def test_the_same_patient_gives_the_same_slices_and_another_does_not(cache: Path) -> None:
    slices, again = load_shards(cache / "patient_000000.npz"), patient_slices(0, 2)
    for name in ("ct_hu", "labels", "noise_hu", "dose"):
        np.testing.assert_array_equal(getattr(slices, name), getattr(again, name))
    assert (load_shards(cache / "patient_000001.npz").labels != slices.labels).any()


def _slices(ct_hu: int, dose: float, scanned: bool) -> Slices:
    """One slice of one HU, with noise of SD 20 HU at its dose."""
    noise = np.random.default_rng(0).normal(0, 20, (1, 1, 64, 64)).astype(np.float16)
    return Slices(
        np.full((1, 64, 64), ct_hu, np.int16),
        np.zeros((1, 64, 64), np.uint8),
        noise,
        np.full((1, 1), dose, np.float32),
        np.zeros(1, np.int64),
        np.array([scanned]),
    )


@pytest.mark.parametrize(("dose", "scanned", "share"), [(0.25, True, 0.75), (1.0, True, 0.0), (0.25, False, 1.0)])
def test_a_scan_gets_only_the_noise_that_it_lacks(dose: float, scanned: bool, share: float) -> None:
    """Of the variance V/d at dose d a scan holds V already; a phantom holds none."""
    slices, first = _slices(40, dose, scanned), np.zeros(1, np.int64)
    image = slices.image_hu(first, first)
    assert image.mean() == pytest.approx(40, abs=1.5)
    assert image.var() == pytest.approx(share * float(slices.noise_hu.astype(np.float32).var()), rel=1e-3)


def test_a_crop_is_a_part_of_its_slice() -> None:
    slices, first = _slices(40, 0.25, False), np.zeros(1, np.int64)
    np.testing.assert_array_equal(slices.crop_hu(0, 0, (8, 20), 16), slices.image_hu(first, first)[0, 8:24, 20:36])


def test_an_empty_cache_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no slices"):
        load_shards(tmp_path)
