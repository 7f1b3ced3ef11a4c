"""From a request to CT slices, with a whole tiny model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ctstudio.core.errors import MaskError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table, values_of
from ctstudio.core.provenance import digest
from ctstudio.core.volume import Volume
from ctstudio.diffusion.schedules import build_sampler
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result
from ctstudio.systems.na_diff.pipeline import GUIDED_FROM, PREVIEW_EVERY, SLICES_AT_ONCE, Event, generate
from ctstudio.systems.na_diff.placement import AIR_HU
from ctstudio.systems.na_diff.weights import NaDiffModel

BODY, LIVER, SPLEEN = values_of(["body", "liver", "spleen"])
GRID = Grid.centred((4, 48, 56), (7.0, 7.0, 5.0))


def _mask(slices: tuple[int, ...] = (1, 2), grid: Grid = GRID) -> LabelMap:
    array = np.zeros(grid.shape, np.uint8)
    for z in slices:
        array[z, 8:40, 8:48] = BODY
        array[z, 14:32, 12 + z : 30] = LIVER
    return LabelMap(array, grid, standard_table())


def _request(mask: LabelMap | None = None, like: Volume | None = None, **parameters: Any) -> Request:
    inputs: dict[str, Any] = {"mask": mask or _mask()}
    if like is not None:
        inputs["like"] = like
    told = {"dose": 0.25, "steps": 5, "seed": 3, **parameters}
    return Request("r1", "na_diff", "generate", "tiny", told, inputs, input_files={"mask": "/somewhere/m.nii.gz"})


def _result(model: NaDiffModel, **told: Any) -> Result:
    *_, last = generate(_request(**told), model)
    assert isinstance(last, Finished)
    return last.result


def _ct(result: Result, sample: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    return result.samples[sample].outputs["ct"].array


@pytest.fixture(scope="module")
def events(tiny_model: NaDiffModel) -> list[Event]:
    """All events of two samples."""
    return list(generate(_request(count=2), tiny_model))


@pytest.fixture(scope="module")
def result(events: list[Event]) -> Result:
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result


def test_events_count_over_the_whole_request_and_end_once(events: list[Event]) -> None:
    steps = [e for e in events if isinstance(e, Stepped)]
    assert [(e.step, e.total) for e in steps] == [(k, 10) for k in range(1, 11)]
    assert [(e.sample, e.samples) for e in steps] == [(1, 2)] * 5 + [(2, 2)] * 5
    assert steps[-1].seconds_left == 0.0
    assert all(e.seconds_left is not None and e.seconds_left >= 0 for e in steps)
    assert [type(e) for e in events].count(Finished) == 1
    assert {e.request_id for e in events} == {"r1"}


def test_previews_are_synthetic_hu_slices_at_their_place(events: list[Event], tiny_model: NaDiffModel) -> None:
    previews = [e for e in events if isinstance(e, Preview)]
    assert [e.sample for e in previews] == [1, 2]
    before = events[events.index(previews[0]) - 1]
    assert isinstance(before, Stepped)
    assert before.step == PREVIEW_EVERY
    image, window = previews[0].image, tiny_model.config.window
    assert image.is_hu
    assert image.synthetic
    assert image.array.shape == (1, 64, 64)
    assert image.array.min() >= window.low_hu - 0.01
    assert image.array.max() <= window.high_hu + 0.01
    assert image.array.std() > 1
    z = GRID.to_index(image.grid.to_world((0, 31.5, 31.5)))[0]
    assert z == pytest.approx(2, abs=1e-6)


def test_outputs_lie_on_the_masks_grid_and_say_they_are_synthetic(result: Result) -> None:
    for sample in result.samples:
        ct, spread, mask = (sample.outputs[name] for name in ("ct", "noise_map", "mask"))
        assert isinstance(ct, Volume)
        assert isinstance(spread, Volume)
        assert isinstance(mask, LabelMap)
        assert ct.grid == spread.grid == mask.grid == GRID
        assert (ct.unit, spread.unit) == ("HU", "HU_SD")
        assert ct.synthetic
        assert spread.synthetic
        assert ct.array.dtype == np.int16
        np.testing.assert_array_equal(mask.array, _mask().array)


def test_slices_without_mask_are_air_and_the_notes_say_so(result: Result) -> None:
    made, spread = _ct(result), result.samples[0].outputs["noise_map"].array
    assert (made[[0, 3]] == AIR_HU).all()
    assert not spread[[0, 3]].any()
    assert made[1].std() > 1
    assert made[2].std() > 1
    assert spread[1:3, 12:36, 12:44].min() > 0
    assert any("2 of 4 slices" in note for note in result.notes)
    assert any("resampled" in note for note in result.notes)


def test_measures_say_what_was_asked_and_what_came(result: Result) -> None:
    for sample in result.samples:
        assert set(sample.measures) == {"noise_sd_hu", "requested_noise_sd_hu"}
        assert all(isinstance(v, float) and v > 0 for v in sample.measures.values())


def test_a_lower_dose_asks_for_more_noise(tiny_model: NaDiffModel, result: Result) -> None:
    low = _result(tiny_model, dose=0.0625, steps=4)
    for one, other in zip(low.samples, result.samples, strict=False):
        ratio = one.measures["requested_noise_sd_hu"] / other.measures["requested_noise_sd_hu"]
        assert ratio == pytest.approx(2, rel=0.01)
        maps = one.outputs["noise_map"].array, other.outputs["noise_map"].array
        assert np.median(maps[0][1]) > 1.7 * np.median(maps[1][1])


def test_each_sample_takes_the_next_seed_and_is_what_that_seed_alone_gives(
    tiny_model: NaDiffModel, result: Result
) -> None:
    assert [sample.seed for sample in result.samples] == [3, 4]
    alone = _result(tiny_model, seed=4)
    assert digest(_ct(alone)) == digest(_ct(result, 1)) == result.samples[1].provenance.outputs["ct"]
    assert digest(_ct(result, 0)) != digest(_ct(result, 1))
    assert alone.samples[0].provenance.parameters == result.samples[1].provenance.parameters


def test_a_slice_does_not_depend_on_the_others_noise(tiny_model: NaDiffModel, result: Result) -> None:
    """Another stack holds the same slice at another place of its batch."""
    alone = _ct(_result(tiny_model, mask=_mask((2,))))
    np.testing.assert_allclose(alone[2], _ct(result)[2], atol=2)


def test_the_same_request_gives_the_same_bytes_and_leaves_torch_alone(tiny_model: NaDiffModel, result: Result) -> None:
    import torch

    torch.manual_seed(99)
    state = torch.get_rng_state()
    again = _result(tiny_model, count=2)
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(again.samples, result.samples, strict=True):
        assert one.provenance.outputs == other.provenance.outputs


def test_the_provenance_tells_all_that_decides(result: Result, tiny_model: NaDiffModel) -> None:
    told = result.samples[1].provenance
    assert told.parameters == {
        "dose": 0.25, "seed": 4, "count": 1, "steps": 5, "sampler": "dpm++", "guidance": 2.5,
        "complete": True,
    }  # fmt: skip
    assert told.model_digests == tiny_model.info.files
    assert told.inputs["mask"]["file"] == "/somewhere/m.nii.gz"
    assert told.inputs["mask"]["sha256"] == digest(_mask().array)
    assert told.synthetic
    assert told.seconds >= 0
    assert set(told.outputs) == {"ct", "noise_map", "mask"}


def test_closing_between_two_steps_stops_at_once(tiny_model: NaDiffModel) -> None:
    calls: list[int] = []
    hook = tiny_model.network.register_forward_hook(lambda *_: calls.append(1))
    try:
        running = generate(_request(steps=1000, guidance=1.0), tiny_model)
        for _ in range(3):
            next(running)
        running.close()  # type: ignore[attr-defined]
    finally:
        hook.remove()
    assert len(calls) == 3
    assert list(running) == []


def test_the_network_is_called_once_a_step_and_twice_where_guidance_acts(tiny_model: NaDiffModel) -> None:
    early = int((build_sampler("dpm++", 4, "v_prediction").timesteps >= GUIDED_FROM).sum())
    assert 0 < early < 4
    calls: list[int] = []
    hook = tiny_model.network.register_forward_hook(lambda *_: calls.append(1))
    try:
        plain = _ct(_result(tiny_model, steps=4, guidance=1.0))
        assert len(calls) == 4
        led = _ct(_result(tiny_model, steps=4, guidance=3.0))
        assert len(calls) == 4 + 4 + early
    finally:
        hook.remove()
    assert (plain != led).any()


def test_a_tall_mask_is_made_in_several_batches(tiny_model: NaDiffModel) -> None:
    grid = Grid.centred((SLICES_AT_ONCE + 1, 48, 56), (7.0, 7.0, 5.0))
    made = list(generate(_request(_mask(tuple(range(SLICES_AT_ONCE + 1)), grid), steps=4), tiny_model))
    assert [e.step for e in made if isinstance(e, Stepped)] == list(range(1, 9))
    last = made[-1]
    assert isinstance(last, Finished)
    assert all(plane.std() > 1 for plane in _ct(last.result))


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "unipc"])
def test_every_sampler_makes_an_image_twice_alike(tiny_model: NaDiffModel, sampler: str) -> None:
    first, again = (_ct(_result(tiny_model, mask=_mask((1,)), steps=4, sampler=sampler)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first[1].std() > 1


def test_a_scan_changes_what_is_asked(tiny_model: NaDiffModel, result: Result) -> None:
    thin = np.full(GRID.shape, -1000, np.int16)
    thin[:, 14:34, 14:42] = 40
    made = _result(tiny_model, like=Volume(thin, GRID)).samples[0]
    plain = result.samples[0]
    assert made.measures["requested_noise_sd_hu"] < plain.measures["requested_noise_sd_hu"]
    assert set(made.provenance.inputs) == {"mask", "like"}


def test_a_mask_too_small_to_measure_in_has_no_measures(tiny_model: NaDiffModel) -> None:
    array = np.zeros(GRID.shape, np.uint8)
    array[1, 20, 20] = LIVER
    assert _result(tiny_model, mask=LabelMap(array, GRID, standard_table()), steps=4).samples[0].measures == {}


def test_what_cannot_be_asked_is_refused_before_any_work(tiny_model: NaDiffModel) -> None:
    scan = Volume(np.zeros(GRID.shape, np.int16), GRID)
    with pytest.raises(MaskError, match="needs a mask"):
        next(generate(Request("r", "na_diff", "generate", "tiny", {}, {}), tiny_model))
    with pytest.raises(MaskError, match="needs a mask"):
        next(generate(Request("r", "na_diff", "generate", "tiny", {}, {"mask": scan}), tiny_model))
    with pytest.raises(ParameterError, match="must be a scan"):
        next(generate(Request("r", "na_diff", "generate", "tiny", {}, {"mask": _mask(), "like": _mask()}), tiny_model))
    with pytest.raises(ValidationError, match="dose"):
        next(generate(_request(dose=1.5), tiny_model))
