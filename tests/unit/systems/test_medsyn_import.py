"""Released weights of MedSyn become a model: every tensor accounted for, and networks that do not denoise refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from ctstudio.catalog.shelf import check, find_model
from ctstudio.core.errors import UnreadableFile, WeightMismatch
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.nets.checkpoint_file import Checkpoint
from ctstudio.nets.imported_model import REPORT
from ctstudio.nets.weight_files import WEIGHTS
from ctstudio.systems.medsyn import self_test
from ctstudio.systems.medsyn.config import PAPER, MedsynConfig
from ctstudio.systems.medsyn.import_files import LAYOUTS, Source
from ctstudio.systems.medsyn.import_parts import coverage_lines, fitted, network_of
from ctstudio.systems.medsyn.importing import Import, examine, tried, write
from ctstudio.systems.medsyn.self_test import Example, check_denoises, scan_example
from ctstudio.systems.medsyn.weights import BASE, UPSCALER
from released_medsyn import (
    TINY,
    State,
    base_state,
    once,
    prefixed,
    save_once,
    tables,
    upscaler_state,
    write_release,
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"))


def read(path: Path | None, **settings: Any) -> Import:
    return examine(path, settings.pop("named", {}), config=TINY, **settings)


def equal(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("which", ["lowres", "sr"])
def test_the_released_keys_fill_the_papers_networks(which: str, repository: Path) -> None:
    manifest = repository.parent / "shared" / "facts" / f"medsyn_{which}_keys.json"
    if not manifest.is_file():
        pytest.skip("the list of released keys is not beside the repository")
    released = json.loads(manifest.read_text())
    part = BASE if which == "lowres" else UPSCALER
    for prefix in ("", *released["optional_prefixes"]):
        keys = {prefix + key: torch.empty(shape, device="meta") for key, shape in released["keys"].items()}
        found = fitted(source(part, keys), PAPER)
        assert len(found.tensors) == released["n_keys"]
        assert f"{released['params']:,} parameters" in found.title
        assert {key for keys in found.made.sources.values() for key in keys} == set(keys)
    for group in released["shared"]:
        for key in group[1:]:
            del keys[prefix + key]
    assert len(fitted(source(part, keys), PAPER).tensors) == released["n_keys"]


def source(part: str, keys: Mapping[str, Tensor]) -> Source:
    return Source(part, LAYOUTS[part], Checkpoint(Path("weights.bin"), "PyTorch checkpoint", dict(keys)), ())


def test_a_released_folder_is_read_whole_the_moving_average_of_the_latest(release: Path) -> None:
    found = read(release)
    assert equal(found.parts[BASE].tensors, base_state(0))
    assert equal(found.parts[UPSCALER].tensors, upscaler_state())
    said = "\n".join(coverage_lines(BASE, found.parts[BASE]))
    for words in ("1000_ckpt was taken, the latest of 2", "pytorch_model_1.bin was taken, the moving average"):
        assert words in said
    assert "7 x a table of the noise schedule" in said
    assert "none missing" in said
    assert found.lacks == ("text",)


def test_the_weights_of_the_last_step_can_be_had_instead(release: Path) -> None:
    assert equal(read(release, choice="last").parts[BASE].tensors, base_state(10))


def test_a_bare_file_and_a_folder_of_safetensors_are_read_too(tmp_path: Path) -> None:
    torch.save(prefixed(base_state(), "denoise_fn."), tmp_path / "pytorch_model.bin")
    assert equal(read(tmp_path / "pytorch_model.bin").parts[BASE].tensors, base_state())
    wrapped = {"ema": {**prefixed(upscaler_state(), "module.")}, "step": 3}
    torch.save(wrapped, tmp_path / "sr.pt")
    named = {"upscaler": tmp_path / "sr.pt", "base": tmp_path / "pytorch_model.bin"}
    assert equal(read(tmp_path / "sr.pt", named=named).parts[UPSCALER].tensors, upscaler_state())
    place = tmp_path / "3_ckpt"
    save_once(prefixed(base_state(4), "denoise_fn."), place / "model.safetensors")
    save_once(prefixed(base_state(6), "denoise_fn."), place / "model_1.safetensors")
    assert len(load_file(place / "model.safetensors")) == len(base_state()) - 6
    found = read(place).parts[BASE]
    assert equal(found.tensors, base_state(6))
    assert "6 names of the shared attention share its tensors" in found.notes


def test_attention_that_is_not_shared_is_refused() -> None:
    state = base_state()
    key = "mid_spatial_attn3.fn.fn.fn.to_out.weight"
    state[key] = state[key] + 1
    with pytest.raises(WeightMismatch, match=r"mid_spatial_attn3.fn.fn.fn.to_out.weight should be the same"):
        fitted(source(BASE, state), TINY)


def _missing(state: State) -> State:
    return {key: tensor for key, tensor in state.items() if key != "ups.1.0.block1.norm.bias"}


def _extra(state: State) -> State:
    return {**state, "mid_temporal_attn9.weight": torch.zeros(1)}


def _reshaped(state: State) -> State:
    return {**state, "downs.0.0.mlp.1.bias": torch.zeros(5)}


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        (_missing, "missing: ups.1.0.block1.norm.bias"),
        (_extra, "unknown: denoise_fn.mid_temporal_attn9.weight"),
        (_reshaped, r"denoise_fn.downs.0.0.mlp.1.bias has shape \(5,\), not \(16,\)"),
    ],
)
@pytest.mark.parametrize("part", [BASE, UPSCALER])
def test_one_key_that_is_wrong_is_named(spoiled: Any, named: str, part: str) -> None:
    state = prefixed(spoiled(base_state() if part == BASE else upscaler_state()), "denoise_fn.")
    with pytest.raises(WeightMismatch, match=named):
        fitted(source(part, {**state, **tables()}), TINY)


def test_a_key_without_the_prefix_of_the_others_is_named() -> None:
    state = {**prefixed(upscaler_state(), "denoise_fn."), "mid_block1.block1.proj.bias": torch.zeros(16)}
    with pytest.raises(WeightMismatch, match=r"unknown: mid_block1.block1.proj.bias"):
        fitted(source(UPSCALER, state), TINY)


def test_a_network_of_another_size_is_refused_by_its_width() -> None:
    with pytest.raises(WeightMismatch, match="8 channels at its first level, not 160"):
        fitted(source(BASE, base_state()), PAPER)


def test_what_is_not_medsyn_or_ambiguous_is_refused(tmp_path: Path, release: Path) -> None:
    torch.save({"conv.weight": torch.zeros(2)}, tmp_path / "other.bin")
    with pytest.raises(WeightMismatch, match=r"no network that MedSyn has.*conv.weight"):
        read(tmp_path / "other.bin")
    with pytest.raises(WeightMismatch, match="holds an upscaler, not a base network"):
        read(None, named={"base": release / "results_SR_gaussian_aug_full_volume_seg"})
    (tmp_path / "two").mkdir()
    for name in ("a.bin", "b.bin"):
        torch.save(upscaler_state(), tmp_path / "two" / name)
    with pytest.raises(WeightMismatch, match="both hold an upscaler"):
        read(tmp_path / "two")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UnreadableFile, match="holds no weights"):
        read(tmp_path / "nothing")


@pytest.mark.parametrize("order", ["last", "early"])
def test_the_order_of_the_way_up_is_kept_in_the_model(release: Path, tmp_path: Path, order: str) -> None:
    folder = write(read(release, order=order), "released", tmp_path, "", False, lambda *_: None)
    model = find_model(folder)
    check(model)
    config = MedsynConfig.model_validate(model.info.config)
    assert (config.base.upsample, config.upscaler.upsample) == (order, order)
    assert equal(load_file(folder / BASE / WEIGHTS), base_state())
    assert "it has no text" in model.info.not_ready
    assert model.info.origins[BASE]["self_test"] == "left out"
    report = json.loads((folder / REPORT).read_text())
    assert report[BASE]["filled"]["init_conv.weight"] == ["denoise_fn.init_conv.weight"]


def knowing(order: str) -> tuple[Import, Example]:
    """An upscaler that says the same whatever it sees, its way up in an order, and the chest that it says."""
    config = self_test.in_order(TINY, order)
    state = upscaler_state()
    state["init_conv0.weight"] = torch.zeros_like(state["init_conv0.weight"])
    found = Import({UPSCALER: fitted(source(UPSCALER, state), TINY)}, config)
    network, nothing = network_of(found.parts[UPSCALER], config), torch.zeros(1, 4, 16, 16, 16)
    said = network(nothing, torch.full((1,), self_test.TIME), nothing)
    largest = said.abs().max()
    for end in ("weight", "bias"):
        state[f"final_conv0.1.{end}"] /= largest
    return found, Example(nothing, said / largest, (0, 1, 2, 3))


def test_networks_that_were_never_trained_are_refused(release: Path) -> None:
    with pytest.raises(WeightMismatch, match=r"does not denoise, in either order.*off by"):
        tried(read(release), None, lambda _: None)


def test_a_network_that_denoises_passes_and_in_the_wrong_order_says_so() -> None:
    found, example = knowing("early")
    part, cpu = found.parts[UPSCALER], torch.device("cpu")
    passed = check_denoises(part, found.config, example, cpu)
    assert passed.passed
    assert passed.error < 1e-6 < 0.01 < passed.noise
    with pytest.raises(WeightMismatch, match=r"does in the order 'early'") as refused:
        check_denoises(part, self_test.in_order(TINY, "last"), example, cpu)
    assert "--upsample early" in refused.value.remedy


def test_a_scan_is_looked_at_in_its_ct_alone(release: Path) -> None:
    from ctstudio.phantom.chest_grid import chest_grid
    from ctstudio.phantom.patient import make_patient
    from ctstudio.phantom.render import render

    patient = make_patient(3, "chest")
    grid = chest_grid(patient, 48)
    scan: Volume = render(patient, grid, pet=False, mr=False).ct
    assert isinstance(grid, Grid)
    example = scan_example(scan, TINY)
    assert example.known == (0,)
    assert example.fine.shape == (1, 4, 16, 16, 16)
    with pytest.raises(WeightMismatch, match="does not denoise"):
        check_denoises(read(release).parts[BASE], TINY, example, torch.device("cpu"))


def test_shared_tensors_written_once_are_six_fewer() -> None:
    state = base_state()
    assert len(state) - len(once(state)) == 6


def test_all_three_parts_make_a_model_that_can_be_loaded(tmp_path: Path) -> None:
    from ctstudio.systems.medsyn.text_network import build_text_encoder
    from ctstudio.systems.medsyn.tokenizer import save_vocabulary, train_vocabulary
    from ctstudio.systems.medsyn.weights import load

    sizes = {"layers": 1, "heads": 2, "intermediate": 32, "vocabulary": 200, "positions": 64, "projection": 8}
    config = TINY.model_copy(update={"text": TINY.text.model_copy(update=sizes)})
    release = write_release(tmp_path / "model")
    place = release / "pretrained_lm"
    place.mkdir()
    torch.save(build_text_encoder(config.text).state_dict(), place / "pytorch_model.bin")
    save_vocabulary(train_vocabulary(["large left pleural effusion"], 200), place)
    (place / "config.json").write_text(json.dumps({"num_attention_heads": 2}))
    found = examine(release, {}, config=config)
    assert found.lacks == ()
    folder = write(found, "whole", tmp_path, "", False, lambda *_: None)
    info = find_model(folder).info
    check(find_model(folder))
    assert info.not_ready == ""
    model = load(folder, info, torch.device("cpu"), torch.float32)
    assert model.text.encode(["large effusion"]).shape == (1, 6, 16)
    assert equal(model.upscaler.state_dict(), upscaler_state())
