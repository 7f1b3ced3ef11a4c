"""All six tasks of MedDiff-FM through the engine, with a tiny untrained model: geometry, promises, and bad input."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctstudio.core.errors import CtStudioError, InputError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.volume import Volume
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.pipelines import run
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.result import Result
from meddiff_requests import BODY, GRID, LESION, LIVER, SPLEEN, anatomy, lesion, request, scan
from tiny_meddiff import write_tiny_meddiff

QUICK: dict[str, dict[str, Any]] = {
    "synthesize": {"steps": 2, "overlap": 0},
    "denoise": {"steps": 2, "overlap": 0},
    "detect": {"draws": 2, "overlap": 0},
    "add-lesion": {"steps": 2, "overlap": 0},
    "inpaint-lesion": {"steps": 3, "jump": 1, "resamples": 1},
    "remove-lesion": {"steps": 3, "jump": 1, "resamples": 1},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_meddiff(tmp_path_factory.mktemp("models") / "tiny", changes={"fold": 2})


@pytest.fixture(scope="module")
def cache() -> ModelCache:
    return ModelCache()


def _inputs(task: str, grid: Grid = GRID) -> dict[str, Any]:
    found: dict[str, Any] = {"anatomy": anatomy(grid)}
    if task not in ("synthesize", "add-lesion"):
        found["scan"] = scan(grid)
    if task.endswith("lesion"):
        found["lesion"] = lesion(grid)
    return found


def _done(task: str, model: Path, cache: ModelCache, inputs: dict[str, Any], **given: Any) -> Result:
    *_, last = run(request(task, model, inputs, **{**QUICK[task], **given}), cache)
    assert isinstance(last, Finished)
    return last.result


ODD_GRIDS = {
    "as given": GRID,
    "smaller than a patch": Grid((6, 14, 12), (3.0, 3.0, 3.0)),
    "thick slices": Grid((4, 30, 28), (3.0, 3.0, 24.0)),
    "turned and finer": Grid(
        (20, 26, 28), (3.9, 4.1, 4.3), (5, 6, 7), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
    ),
}


@pytest.mark.parametrize("grid", ODD_GRIDS.values(), ids=ODD_GRIDS.keys())
@pytest.mark.parametrize("task", QUICK)
def test_every_output_lies_on_the_given_grid(task: str, grid: Grid, model: Path, cache: ModelCache):
    result = _done(task, model, cache, _inputs(task, grid))
    [sample] = result.samples
    for name, output in sample.outputs.items():
        assert output.grid == grid, name
        assert output.array.shape == grid.shape
        assert output.synthetic
        if isinstance(output, Volume):
            assert np.isfinite(output.array).all()
    assert all(np.isfinite(value) for value in sample.measures.values())
    assert result.notes


@pytest.mark.parametrize("task", QUICK)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(task: str, model: Path, cache: ModelCache):
    first, again, other = (_done(task, model, cache, _inputs(task), seed=seed).samples[0] for seed in (3, 3, 4))
    assert first.provenance.outputs == again.provenance.outputs
    assert first.provenance.outputs != other.provenance.outputs


@pytest.mark.parametrize("task", QUICK)
def test_steps_are_counted_to_the_end_and_previews_are_in_hu(task: str, model: Path, cache: ModelCache):
    events = list(run(request(task, model, _inputs(task), **QUICK[task]), cache))
    steps = [event for event in events if isinstance(event, Stepped)]
    assert steps[-1].step == steps[-1].total
    assert all(a.step <= b.step for a, b in pairwise(steps))
    assert all(event.image.is_hu for event in events if isinstance(event, Preview))


def test_synthesis_follows_labels_and_fills_the_air(model: Path, cache: ModelCache):
    sample = _done("synthesize", model, cache, {"anatomy": anatomy()}, count=2).samples[1]
    ct, labels = sample.outputs["ct"], sample.outputs["labels"]
    assert sample.seed == 1
    assert set(np.unique(labels.array)) == {0, BODY, LIVER, SPLEEN}
    assert (ct.array[labels.array == 0] == -1000).all()
    assert -121 <= ct.array[labels.array > 0].min() <= ct.array[labels.array > 0].max() <= 241


def test_a_lesion_is_in_the_labels_and_changes_the_ct(model: Path, cache: ModelCache):
    with_lesion = _done("add-lesion", model, cache, _inputs("add-lesion")).samples[0]
    without = _done("synthesize", model, cache, {"anatomy": anatomy()}).samples[0]
    marked = with_lesion.outputs["labels"].array == LESION
    assert np.array_equal(marked, lesion().array > 0)
    assert not np.array_equal(with_lesion.outputs["ct"].array, without.outputs["ct"].array)
    assert "lesion_mean_hu" in with_lesion.measures


@pytest.mark.parametrize("task", ["inpaint-lesion", "remove-lesion"])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_beyond_the_margin_no_bit_changes(task: str, dtype: type, model: Path, cache: ModelCache):
    given = scan(dtype=dtype)
    sample = _done(task, model, cache, {"scan": given, "lesion": lesion(), "anatomy": anatomy()}, margin_mm=13).samples[
        0
    ]
    ct = sample.outputs["ct"]
    from scipy import ndimage

    away_mm = ndimage.distance_transform_edt(lesion().array == 0, sampling=GRID.spacing_mm[::-1])
    assert ct.array.dtype == given.array.dtype
    assert np.array_equal(ct.array[away_mm >= 13], given.array[away_mm >= 13])
    assert not np.array_equal(ct.array[away_mm == 0], given.array[away_mm == 0])
    told = sample.provenance.outputs
    assert told["ct beyond the margin"] == told["scan beyond the margin"]
    assert sample.measures["outside_unchanged"] == 1.0
    assert sample.measures["voxels_changed"] == (ct.array != given.array).sum() > 0
    assert sample.measures["mask_mean_before_hu"] == pytest.approx(given.array[away_mm == 0].mean(), abs=1e-3)


def test_a_lesion_at_the_edge_of_the_scan_can_be_redrawn(model: Path, cache: ModelCache):
    mask = lesion()
    mask.array[:] = 0
    mask.array[-2:, 5:9, 5:9] = LESION
    sample = _done("inpaint-lesion", model, cache, {"scan": scan(), "lesion": mask}).samples[0]
    assert sample.measures["outside_unchanged"] == 1.0


def test_denoising_keeps_what_lies_beyond_the_window(model: Path, cache: ModelCache):
    given = scan()
    result = _done("denoise", model, cache, {"scan": given, "anatomy": anatomy()})
    ct = result.samples[0].outputs["ct"]
    assert ct.array.dtype == np.int16
    assert (ct.array[given.array == -1000] == -1000).mean() > 0.99
    assert result.samples[0].measures["noise_before_hu"] == pytest.approx(20, rel=0.25)
    assert any("measured in the scan" in note for note in result.notes)
    fixed = _done("denoise", model, cache, {"scan": given}, sigma_hu=12, strength=1.5)
    assert fixed.samples[0].measures["sigma_hu"] == 18


def test_a_finer_scan_is_denoised_lattice_by_lattice(model: Path, cache: ModelCache):
    fine = Grid((32, 32, 32), (3.0, 3.0, 3.0))
    result = _done("denoise", model, cache, {"scan": scan(fine), "anatomy": anatomy(fine)}, detail="scan")
    assert any("8 lattices" in note for note in result.notes)
    whole = _done("denoise", model, cache, {"scan": scan(fine), "anatomy": anatomy(fine)}, detail="model")
    assert not any("lattices" in note for note in whole.notes)


def test_a_scan_without_noise_stays_as_it_is(model: Path, cache: ModelCache):
    given = scan(noise_hu=0.0)
    result = _done("denoise", model, cache, {"scan": given, "anatomy": anatomy()})
    assert np.array_equal(result.samples[0].outputs["ct"].array, given.array)
    assert any("no noise" in note for note in result.notes)


def test_anomalies_lie_in_the_organ_alone(model: Path, cache: ModelCache):
    result = _done("detect", model, cache, _inputs("detect"), organ="liver", threshold_hu=5)
    sample = result.samples[0]
    anomaly, found = sample.outputs["anomaly"], sample.outputs["labels"]
    organ = anatomy().array == LIVER
    assert not anomaly.array[~organ].any()
    assert anomaly.array[organ].any()
    assert (np.abs(anomaly.array[found.array > 0]) >= 5).all()
    assert sample.measures["threshold_hu"] == 5
    assert sample.measures["findings"] > 0
    ruled = _done("detect", model, cache, _inputs("detect"), organ="liver").samples[0]
    assert ruled.measures["threshold_hu"] > 0


def test_labels_of_another_vocabulary_serve_when_their_meaning_is_told(model: Path, cache: ModelCache):
    other = anatomy()
    for value, becomes in ((BODY, 203), (LIVER, 201), (SPLEEN, 202)):
        other.array[other.array == value] = becomes
    own = _done("synthesize", model, cache, {"anatomy": anatomy()}).samples[0]
    told = _done("synthesize", model, cache, {"anatomy": other}, labels_mean="201=liver,202=spleen,203=body").samples[0]
    assert np.array_equal(own.outputs["ct"].array, told.outputs["ct"].array)


def test_labels_without_a_body_get_one(model: Path, cache: ModelCache):
    result = _done("synthesize", model, cache, {"anatomy": anatomy(body=False)})
    assert (result.samples[0].outputs["labels"].array == BODY).any()
    assert any("no body" in note for note in result.notes)
    from_scan = _done("detect", model, cache, {"scan": scan(), "anatomy": anatomy(body=False)})
    assert any("from the scan" in note for note in from_scan.notes)


def test_three_classes_are_enough(model: Path, cache: ModelCache):
    three = anatomy()
    three.array[:] = np.select([three.array == BODY, three.array == LIVER, three.array == SPLEEN], [3, 1, 2], 0)
    result = _done("synthesize", model, cache, {"anatomy": three}, labels_mean="1=liver,2=spleen,3=body")
    assert result.samples[0].outputs["ct"].grid == GRID


def _empty() -> LabelMap:
    return LabelMap(np.zeros(GRID.shape, np.uint8), GRID, standard_table())


def _filled(value: int) -> LabelMap:
    return LabelMap(np.full(GRID.shape, value, np.uint8), GRID, standard_table())


def _elsewhere(made: LabelMap) -> LabelMap:
    return LabelMap(made.array, Grid(GRID.shape, GRID.spacing_mm, (900.0, 0.0, 0.0)), made.table)


def _in_air() -> LabelMap:
    array = np.zeros(GRID.shape, np.uint8)
    array[2:4, 0:2, 0:2] = LESION
    return LabelMap(array, GRID, standard_table())


def _with(array: np.ndarray) -> Volume:
    return Volume(array, GRID)


MR = Volume(np.zeros(GRID.shape, np.float32), GRID, "MR", "arbitrary")
BAD: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "no label known": ("synthesize", {"anatomy": _filled(222)}, {}, "None of the labels is known"),
    "all labels left out": ("synthesize", {"anatomy": _filled(5)}, {"labels_mean": "5=0"}, "None of the labels"),
    "anatomy empty": ("synthesize", {"anatomy": _empty()}, {}, "anatomy is empty"),
    "anatomy missing": ("synthesize", {}, {}, "There is no anatomy"),
    "anatomy is a scan": ("synthesize", {"anatomy": scan()}, {}, "is a scan"),
    "meaning unreadable": ("synthesize", {"anatomy": anatomy()}, {"labels_mean": "x"}, "cannot be read"),
    "anatomy elsewhere": ("detect", {"scan": scan(), "anatomy": _elsewhere(anatomy())}, {}, "different places"),
    "organ absent": ("detect", {"scan": scan(), "anatomy": anatomy()}, {"organ": "lung"}, "holds no lung"),
    "organ unknown": ("detect", {"scan": scan(), "anatomy": anatomy()}, {"organ": "wing"}, "No organ is called"),
    "mask empty": ("inpaint-lesion", {"scan": scan(), "lesion": _empty()}, {}, "mask is empty"),
    "mask missing": ("remove-lesion", {"scan": scan()}, {}, "no lesion mask"),
    "mask outside the image": ("remove-lesion", {"scan": scan(), "lesion": _elsewhere(lesion())}, {}, "outside the im"),
    "lesion in the air": ("inpaint-lesion", {"scan": scan(), "lesion": _in_air()}, {}, "outside the body"),
    "lesion in the air, made": ("add-lesion", {"anatomy": anatomy(), "lesion": _in_air()}, {}, "outside the body"),
    "kind unknown to the model": (
        "inpaint-lesion", {"scan": scan(), "lesion": lesion()}, {"kind": "lung_nodule"}, "cannot draw a lung nodule",
    ),
    "no HU": ("denoise", {"scan": MR}, {}, "not Hounsfield units"),
    "not numbers": ("denoise", {"scan": _with(np.full(GRID.shape, np.nan, np.float32))}, {}, "without a number"),
    "air alone": ("denoise", {"scan": _with(np.full(GRID.shape, -1000, np.int16))}, {}, "no body in the scan"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_the_work_begins(name: str, model: Path, cache: ModelCache):
    task, inputs, given, words = BAD[name]
    seen: list[object] = []
    with pytest.raises(CtStudioError) as caught:
        seen.extend(run(request(task, model, inputs, **{**QUICK[task], **given}), cache))
    assert not seen
    assert words in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_the_remedy_for_an_absent_organ_names_those_that_are_there(model: Path, cache: ModelCache):
    with pytest.raises(InputError) as caught:
        list(run(request("detect", model, _inputs("detect"), organ="heart"), cache))
    assert "liver" in caught.value.remedy
    assert "spleen" in caught.value.remedy


def test_the_lesions_kind_is_told_by_its_label_or_its_place(model: Path, cache: ModelCache):
    unnamed = lesion(value=values_of(["lesion"])[0])
    result = _done("inpaint-lesion", model, cache, {"scan": scan(), "anatomy": anatomy(), "lesion": unnamed})
    assert (result.samples[0].outputs["labels"].array == LESION).sum() == (unnamed.array > 0).sum()
    assert any("liver lesion" in note for note in result.notes)


def test_too_little_memory_is_said_before_the_work(model: Path, cache: ModelCache, monkeypatch: pytest.MonkeyPatch):
    from ctstudio.systems.meddiff_fm import memory

    for free in (1, 40 << 20):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        if free == 1:
            with pytest.raises(InputError) as caught:
                list(run(request("synthesize", model, _inputs("synthesize")), cache))
            assert "memory" in caught.value.message
        else:
            assert _done("synthesize", model, cache, _inputs("synthesize")).samples


def test_it_can_be_left_within_two_seconds(model: Path, cache: ModelCache):
    events = run(request("synthesize", model, _inputs("synthesize"), steps=900, overlap=0.9), cache)
    next(event for event in events if isinstance(event, Stepped))
    began = time.monotonic()
    events.close()
    assert time.monotonic() - began < 2


def test_the_organ_that_is_looked_at_decides_the_region(model: Path, cache: ModelCache):
    trunk = anatomy()
    trunk.array[:, 12:17, 3:17] = values_of(["heart"])[0]
    whole = _done("synthesize", model, cache, {"anatomy": trunk})
    assert any("region is the chest" in note for note in whole.notes)
    for task in ("detect", "inpaint-lesion"):
        inputs = {"scan": scan(), "anatomy": trunk, **({"lesion": lesion()} if task != "detect" else {})}
        notes = _done(task, model, cache, inputs).notes
        assert any("region is the abdomen" in note for note in notes)
        assert not any("region is the chest" in note for note in notes)
    chosen = _done("detect", model, cache, {"scan": scan(), "anatomy": trunk}, region="chest")
    assert not any("region is" in note for note in chosen.notes)
