"""The generator that worker and command line share."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_system
from ctstudio.core.errors import DigestMismatch, EngineError, ModelError, ModelNotFound, ParameterError
from ctstudio.engine import devices
from ctstudio.engine.cache import ModelCache
from ctstudio.engine.pipelines import PIPELINES, run
from ctstudio.protocol.events import Event, Finished, Loading, Stepped
from ctstudio.protocol.request import Request, new_id


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_system.write_model(tmp_path)


def events_of(request: Request, cache: ModelCache) -> list[Event]:
    return list(run(request, cache, tiny_system.PIPELINES))


def test_a_request_ends_with_a_result_on_the_masks_grid(model: Path) -> None:
    events = events_of(tiny_system.request(model, count=2), ModelCache())
    assert isinstance(events[0], Loading)
    assert "phantom-trained" in events[0].message
    assert [e.step for e in events if isinstance(e, Stepped)] == [1, 2, 3, 4, 5, 6]
    last = events[-1]
    assert isinstance(last, Finished)
    assert [s.outputs["ct"].grid for s in last.result.samples] == [tiny_system.GRID] * 2
    assert last.result.samples[0].outputs["ct"].array.std() == pytest.approx(2.0, rel=0.02)


def test_the_same_request_gives_the_same_bytes(model: Path) -> None:
    request = tiny_system.request(model)
    outputs = []
    for _ in range(2):
        last = events_of(request, ModelCache())[-1]
        assert isinstance(last, Finished)
        outputs.append(last.result.samples[0].outputs["ct"].array)
    assert np.array_equal(outputs[0], outputs[1])


def test_the_engine_completes_the_provenance(model: Path) -> None:
    last = events_of(tiny_system.request(model), ModelCache())[-1]
    assert isinstance(last, Finished)
    provenance = last.result.samples[0].provenance
    assert (provenance.device, provenance.dtype) == ("cpu", "fp32")
    assert provenance.versions["torch"] == torch.__version__.split("+")[0] or provenance.versions["torch"]
    assert set(provenance.versions) >= {"ctstudio", "torch", "numpy", "python", "diffusers"}


def test_a_model_is_loaded_once_and_leaves_for_another(tmp_path: Path, model: Path) -> None:
    cache = ModelCache()
    assert isinstance(events_of(tiny_system.request(model), cache)[0], Loading)
    assert not isinstance(events_of(tiny_system.request(model), cache)[0], Loading)
    other = tiny_system.write_model(tmp_path, "other", value=5.0)
    last = events_of(tiny_system.request(other), cache)[-1]
    assert isinstance(last, Finished)
    assert last.result.samples[0].outputs["ct"].array.std() == pytest.approx(5.0, rel=0.02)
    assert isinstance(events_of(tiny_system.request(model), cache)[0], Loading)


def test_closing_the_generator_closes_the_pipeline(model: Path) -> None:
    request = tiny_system.request(model, steps=1000)
    events = run(request, ModelCache(), tiny_system.PIPELINES)
    assert isinstance(next(events), Loading)
    assert isinstance(next(events), Stepped)
    events.close()
    assert request.id in tiny_system.CLOSED


@pytest.mark.parametrize("trouble", ["cpu memory", "cuda memory"])
def test_out_of_memory_is_said_plainly_and_empties_the_cache(model: Path, trouble: str) -> None:
    cache = ModelCache()
    with pytest.raises(EngineError, match=r"not enough memory on cpu for 1 sample on 4 x 160 x 160 voxels") as caught:
        events_of(tiny_system.request(model, trouble=trouble), cache)
    assert "fewer samples" in caught.value.remedy
    assert isinstance(events_of(tiny_system.request(model), cache)[0], Loading)


def test_other_faults_pass_through(model: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        events_of(tiny_system.request(model, trouble="bug"), ModelCache())


def test_a_changed_weight_file_is_refused(model: Path) -> None:
    (model / "weights.pt").write_bytes(b"something else")
    with pytest.raises(DigestMismatch):
        events_of(tiny_system.request(model), ModelCache())


def test_what_cannot_be_served_is_said(tmp_path: Path, model: Path) -> None:
    with pytest.raises(ModelNotFound):
        events_of(tiny_system.request("no-such-model"), ModelCache())
    with pytest.raises(ParameterError, match="cannot do"):
        events_of(Request(new_id(), "tiny", "subtract", str(model)), ModelCache())
    foreign = tiny_system.write_model(tmp_path, "foreign", system="na_diff")
    with pytest.raises(ModelError, match="belongs to na_diff"):
        events_of(tiny_system.request(foreign), ModelCache())


def test_parameters_are_checked_by_the_card_before_anything_is_loaded() -> None:
    request = Request(new_id(), "na_diff", "generate", "no-such-model", {"dose": 1.5})
    with pytest.raises(ParameterError, match=r"(?i)dose"):
        list(run(request, ModelCache()))


def test_every_card_of_the_catalog_has_a_pipeline() -> None:
    from ctstudio.catalog import low_dose
    from ctstudio.catalog.cards import all_cards

    assert {(card.system, card.task) for card in (*all_cards(), low_dose.CARD)} == set(PIPELINES)


def test_devices() -> None:
    placement = devices.place("cpu", "bf16")
    assert (placement.device_name, placement.dtype_name) == ("cpu", "bf16")
    auto = devices.place()
    assert auto.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    used, total = devices.memory(torch.device("cpu"))
    assert 0 < used < total
    for device, dtype in (("tpu", "auto"), ("cpu", "fp8")):
        with pytest.raises(ParameterError):
            devices.place(device, dtype)


@pytest.mark.parametrize(
    ("native", "good", "expected"), [(True, True, "bf16"), (False, True, "fp32"), (True, False, "fp32")]
)
def test_auto_takes_bf16_on_a_processor_that_has_it_for_networks_that_are_as_good_in_it(
    monkeypatch: pytest.MonkeyPatch, native: bool, good: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    assert devices.place("cpu", cpu_bf16=good).dtype_name == expected
    assert devices.place("cpu", "fp32", good).dtype_name == "fp32"


def test_only_what_was_measured_takes_bf16_on_a_processor() -> None:
    taken = {name for name, pipeline in PIPELINES.items() if pipeline.cpu_bf16}
    assert {system for system, _ in taken} == {"medsyn", "meddiff_fm"}
    assert ("meddiff_fm", "detect") not in taken


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_where_there_is_none() -> None:
    with pytest.raises(ParameterError, match="no graphics card"):
        devices.place("cuda")


def test_a_model_that_was_installed_anew_is_loaded_anew(tmp_path: Path, model: Path) -> None:
    cache = ModelCache()
    events_of(tiny_system.request(model), cache)
    shutil.rmtree(model)
    assert tiny_system.write_model(tmp_path, value=5.0) == model
    events = events_of(tiny_system.request(model), cache)
    assert isinstance(events[0], Loading)
    assert isinstance(events[-1], Finished)
    assert events[-1].result.samples[0].outputs["ct"].array.std() == pytest.approx(5.0, rel=0.02)
