"""From a request to a chest, with a whole tiny model."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

from ctstudio.catalog.medsyn_memory import Plan
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import MaskError, ParameterError
from ctstudio.core.labels import LUNG_LOBES, LabelMap, standard_table, values_of
from ctstudio.core.provenance import digest
from ctstudio.core.volume import Volume
from ctstudio.protocol.events import Finished, Preview, Stepped
from ctstudio.protocol.request import Request
from ctstudio.protocol.result import Result, Sample
from ctstudio.systems.medsyn import memory
from ctstudio.systems.medsyn.inference import LeanBase, LeanUpscaler
from ctstudio.systems.medsyn.pipeline import COARSE, FINE, Event, generate, segment
from ctstudio.systems.medsyn.placement import field_grid
from ctstudio.systems.medsyn.stages import coarse_steps, heard
from ctstudio.systems.medsyn.weights import MedsynModel, load
from tiny_medsyn import write_tiny_medsyn

SIDE, COARSE_SIDE = 16, 8
PLAN = Plan(COARSE_SIDE, SIDE)
TEXT = "Large left pleural effusion."
BRONCHI, VESSEL = values_of(["bronchi", "lung_vessels"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MedsynModel:
    folder = write_tiny_medsyn(tmp_path_factory.mktemp("models") / "tiny-medsyn")
    return load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)


def _request(task: str = "generate", inputs: dict[str, Any] | None = None, **parameters: Any) -> Request:
    told = {"text": TEXT, "steps": 5, "upscale_steps": 3, "seed": 3, **parameters}
    return Request(
        "r1", "medsyn", task, "tiny-medsyn", told, inputs or {}, input_files={"lobes": "/somewhere/l.nii.gz"}
    )


def _result(model: MedsynModel, **told: Any) -> Result:
    *_, last = generate(_request(**told), model)
    assert isinstance(last, Finished)
    return last.result


def _one(model: MedsynModel, **told: Any) -> Sample:
    return _result(model, **told).samples[0]


def _ct(sample: Sample) -> np.ndarray:  # type: ignore[type-arg]
    return sample.outputs["ct"].array


@pytest.fixture(scope="module")
def events(model: MedsynModel) -> list[Event]:
    """All events of two samples."""
    return list(generate(_request(count=2), model))


@pytest.fixture(scope="module")
def result(events: list[Event]) -> Result:
    last = events[-1]
    assert isinstance(last, Finished)
    return last.result


def test_both_stages_are_counted_named_and_weighed(events: list[Event]) -> None:
    counted = {e.step: e for e in events if isinstance(e, Stepped) and e.step}
    assert [(e.step, e.total) for e in counted.values()] == [(k, 16) for k in range(1, 17)]
    assert [e.stage for e in counted.values()] == ([COARSE] * 5 + [FINE] * 3) * 2
    assert [(e.sample, e.samples) for e in counted.values()] == [(1, 2)] * 8 + [(2, 2)] * 8
    shares = [e.share for e in events if isinstance(e, Stepped)]
    assert all(share is not None for share in shares)
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[-1] == 1.0
    assert [type(e) for e in events].count(Finished) == 1


def test_the_coarse_volume_is_shown_while_the_fine_one_is_made(events: list[Event]) -> None:
    shown = [e for e in events if isinstance(e, Preview) and e.sample == 1]
    assert [e.image.array.shape[0] for e in shown] == [COARSE_SIDE, COARSE_SIDE, SIDE]
    after = events[next(place for place, e in enumerate(events) if e is shown[1]) + 1]
    assert isinstance(after, Stepped)
    assert after.stage == FINE
    for preview in shown:
        assert preview.image.synthetic
        assert preview.image.is_hu
        assert preview.image.grid.extent_mm == pytest.approx((316, 316, 292))


def test_a_sample_holds_ct_and_labels_on_the_papers_field_of_view(result: Result) -> None:
    for sample in result.samples:
        ct, labels = sample.outputs["ct"], sample.outputs["labels"]
        assert isinstance(ct, Volume)
        assert isinstance(labels, LabelMap)
        assert ct.grid == labels.grid == field_grid(SIDE)
        assert ct.synthetic
        assert labels.synthetic
        assert ct.array.dtype == np.int16
        assert -1024 <= ct.array.min() < ct.array.max() <= 600
        assert set(labels.present()) <= {*values_of(LUNG_LOBES), BRONCHI, VESSEL}
        has_lungs = bool(set(values_of(LUNG_LOBES)) & set(labels.present()))
        assert ("left_lung_ml" in sample.measures) == has_lungs


def test_each_sample_is_what_its_seed_alone_gives_to_the_byte(model: MedsynModel, result: Result) -> None:
    assert [sample.seed for sample in result.samples] == [3, 4]
    torch.manual_seed(99)
    state = torch.get_rng_state()
    alone = _one(model, seed=4)
    assert torch.equal(torch.get_rng_state(), state)
    assert alone.provenance.outputs == result.samples[1].provenance.outputs
    assert digest(_ct(alone)) == digest(_ct(result.samples[1])) != digest(_ct(result.samples[0]))
    assert alone.provenance.parameters == result.samples[1].provenance.parameters


def test_the_provenance_tells_all_that_decides(model: MedsynModel, result: Result) -> None:
    told = result.samples[1].provenance
    assert told.parameters == {
        "text": TEXT, "impression": "", "seed": 4, "count": 1, "steps": 5, "upscale_steps": 3, "sampler": "dpm++",
        "guidance": 2.0,
    }  # fmt: skip
    assert told.model_digests == model.info.files
    assert set(told.outputs) == {"ct", "labels"}
    assert told.synthetic


def test_words_guidance_and_sections_change_the_chest(model: MedsynModel) -> None:
    plain = _ct(_one(model))
    assert (plain != _ct(_one(model, text="No pleural effusion."))).any()
    assert (plain != _ct(_one(model, guidance=1.0))).any()
    assert (plain != _ct(_one(model, impression="Emphysema."))).any()


@pytest.mark.parametrize(("guidance", "text", "texts"), [(1.0, TEXT, 1), (3.0, TEXT, 2), (3.0, "", 1)])
def test_two_texts_are_heard_only_where_guidance_acts(
    model: MedsynModel, monkeypatch: pytest.MonkeyPatch, guidance: float, text: str, texts: int
) -> None:
    texts_heard: list[int] = []
    plain = LeanBase.__call__

    def counted(self: LeanBase, x_t: torch.Tensor, t: float, told: Any) -> Any:
        texts_heard.append(len(told))
        return plain(self, x_t, t, told)

    monkeypatch.setattr(LeanBase, "__call__", counted)
    _one(model, guidance=guidance, text=text, inputs=_anatomy("lobes"))
    assert texts_heard == [texts] * 5


def test_guidance_leads_away_from_no_text_in_x_0(model: MedsynModel) -> None:
    firsts = {
        scale: next(coarse_steps(model, PLAN, heard(model, TEXT, "", scale), None, "ddim", 5, 3)).x_0
        for scale in (1.0, 2.0)
    }
    free = next(coarse_steps(model, PLAN, heard(model, "", "", 2.0), None, "ddim", 5, 3)).x_0
    inside = (firsts[2.0].abs() < 1) & (firsts[1.0].abs() < 1) & (free.abs() < 1)
    torch.testing.assert_close((2 * firsts[1.0] - free)[inside], firsts[2.0][inside], atol=1e-4, rtol=1e-3)
    assert not torch.allclose(firsts[1.0], free)


def test_the_published_sampler_evaluates_once_more_in_each_stage(model: MedsynModel) -> None:
    made = list(generate(_request(sampler="ddim-published", steps=5, upscale_steps=4), model))
    steps = [e for e in made if isinstance(e, Stepped) and e.step]
    assert steps[-1].total == 6 + 5


def _anatomy(*names: str) -> dict[str, LabelMap]:
    """Half a chest of left upper lobe with an airway and a vessel in it, on the model's own voxels."""
    grid = field_grid(SIDE, (20.0, 0.0, -30.0))
    array = np.zeros(grid.shape, np.uint8)
    array[4:12, 4:12, 8:14] = values_of(LUNG_LOBES)[0]
    array[4:12, 4:12, 2:6] = values_of(LUNG_LOBES)[2]
    array[6:8, 6:8, 9:12] = BRONCHI
    array[9:11, 8:10, 9:12] = VESSEL
    return {name: LabelMap(array, grid, standard_table()) for name in names}


@pytest.mark.parametrize("names", [("lobes",), ("airway",), ("vessels",), ("lobes", "airway", "vessels")])
def test_given_anatomy_comes_out_as_it_was_given_and_seeds_differ_elsewhere(
    model: MedsynModel, names: tuple[str, ...]
) -> None:
    inputs = _anatomy(*names)
    samples = _result(model, inputs=inputs, text="", count=2).samples
    for sample in samples:
        labels = sample.outputs["labels"]
        assert isinstance(labels, LabelMap)
        assert labels.grid == inputs[names[0]].grid
        if "vessels" in names:
            np.testing.assert_array_equal(labels.array == VESSEL, inputs["vessels"].array == VESSEL)
        if set(names) == {"lobes", "airway", "vessels"}:
            np.testing.assert_array_equal(labels.array, inputs["lobes"].array)
        assert set(sample.provenance.inputs) == set(names)
    assert (_ct(samples[0]) != _ct(samples[1])).any()


def test_anatomy_steers_the_ct(model: MedsynModel) -> None:
    free, led = _one(model), _one(model, inputs=_anatomy("lobes"))
    assert (_ct(free) != _ct(led)).any()
    assert led.provenance.inputs["lobes"]["file"] == "/somewhere/l.nii.gz"


def test_a_scan_is_read_on_its_own_grid(model: MedsynModel) -> None:
    scan = _one(model).outputs["ct"]
    assert isinstance(scan, Volume)
    *_, last = segment(_request("segment", {"scan": scan}, text=""), model)
    assert isinstance(last, Finished)
    sample = last.result.samples[0]
    labels = sample.outputs["labels"]
    assert isinstance(labels, LabelMap)
    assert set(sample.outputs) == {"labels"}
    assert labels.grid == scan.grid
    assert labels.array.any()
    assert "guidance" not in sample.provenance.parameters


def test_no_refinement_gives_the_coarse_volume_alone_and_says_so(model: MedsynModel) -> None:
    made = _result(model, upscale_steps=0)
    assert _ct(made.samples[0]).shape == (COARSE_SIDE,) * 3
    assert any("coarse volume of 8 x 8 x 8" in note for note in made.notes)


def test_a_text_that_is_too_long_is_cut_and_that_is_said(model: MedsynModel) -> None:
    made = _result(model, text="large effusion " * 5000)
    assert any("what follows was not read" in note for note in made.notes)


def test_closing_between_two_steps_stops_at_once(model: MedsynModel) -> None:
    running = generate(_request(steps=1000, guidance=1.0), model)
    for _ in range(3):
        next(running)
    running.close()  # type: ignore[attr-defined]
    assert list(running) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ctstudio-step")]


def test_a_step_that_lasts_can_be_left_within_two_seconds(model: MedsynModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(self: LeanUpscaler, x_t: torch.Tensor, *_: object) -> torch.Tensor:
        for _ in range(200):
            time.sleep(0.1)
            x_t = x_t * 1.0
        return x_t

    monkeypatch.setattr(LeanUpscaler, "__call__", slowly)
    running = generate(_request(steps=2), model)
    while not (isinstance(event := next(running), Stepped) and event.stage == FINE):
        pass
    assert event.step == 2
    began = time.monotonic()
    running.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2


def test_what_follows_the_last_step_can_be_left_within_two_seconds(
    model: MedsynModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(channel: torch.Tensor) -> torch.Tensor:
        for _ in range(200):
            time.sleep(0.1)
            channel = channel * 1.0
        return channel

    monkeypatch.setattr("ctstudio.systems.medsyn.outcome.lobe_numbers", slowly)
    running = generate(_request(), model)
    while not (isinstance(event := next(running), Stepped) and event.step == event.total):
        pass
    assert isinstance(next(running), Stepped)
    began = time.monotonic()
    running.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2


def test_seconds_left_are_right_within_a_fifth_from_the_first_word_of_them(
    model: MedsynModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slice_seconds = [0.0], 2.0

    def fine(self: LeanUpscaler, x_t: torch.Tensor, *_: object) -> torch.Tensor:
        now[0] += slice_seconds * x_t.shape[2]
        return x_t

    def coarse(self: LeanBase, x_t: torch.Tensor, t: float, told: Any) -> tuple[torch.Tensor, ...]:
        now[0] += 0.5
        return tuple(x_t for _ in told)

    monkeypatch.setattr(LeanUpscaler, "__call__", fine)
    monkeypatch.setattr(LeanBase, "__call__", coarse)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    when = [(e.seconds_left, now[0]) for e in generate(_request(count=2), model) if isinstance(e, Stepped)]
    known = [(left, now[0] - at) for left, at in when if left is not None]
    assert known[0][1] > 0.9 * 2 * 3 * slice_seconds * SIDE
    assert all(left == pytest.approx(true, rel=0.2, abs=0.1) for left, true in known)


def test_what_cannot_be_asked_is_refused_before_any_work(model: MedsynModel) -> None:
    with pytest.raises(ParameterError, match="nothing was given"):
        next(generate(_request(text=" "), model))
    scan = Volume(np.zeros((4, 4, 4), np.int16), field_grid(4))
    with pytest.raises(MaskError, match="given as lobes is a scan"):
        next(generate(_request(inputs={"lobes": scan}), model))
    with pytest.raises(MaskError, match="No lungs"):
        next(segment(_request("segment", {"scan": scan}), model))


def test_too_little_memory_is_refused_before_any_work_and_less_is_offered(
    model: MedsynModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1 << 19)
    with pytest.raises(ParameterError, match="16 x 16 x 16 voxels takes about") as caught:
        next(generate(_request(), model))
    assert "--upscale-steps 0" in caught.value.remedy
    assert _one(model, upscale_steps=0).outputs
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1)
    with pytest.raises(ParameterError, match="8 x 8 x 8 voxels") as caught:
        next(generate(_request(upscale_steps=0), model))
    assert "--upscale-steps" not in caught.value.remedy
