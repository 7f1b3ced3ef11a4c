"""What a window takes is foretold, and the plan of a volume keeps to what is free."""

from __future__ import annotations

import pytest
import torch

from ctstudio.catalog.meddiff_memory import told_bytes, window_bytes
from ctstudio.catalog.shelf import find_model
from ctstudio.core.errors import ParameterError
from ctstudio.systems.meddiff_fm import memory
from ctstudio.systems.meddiff_fm.config import PAPER, MeddiffConfig
from ctstudio.systems.meddiff_fm.control import LesionControl
from ctstudio.systems.meddiff_fm.memory import planned
from ctstudio.systems.meddiff_fm.network import Denoiser
from ctstudio.systems.meddiff_fm.weights import MeddiffModel, lay_out, load
from live_memory import LiveMemory
from tiny_meddiff import write_tiny_meddiff

SMALL = {"spacing_mm": 3.0, "patch": 64, "fold": 2, "frequencies": 5, "anatomy_width": 4, "context": 64, "groups": 8}
SIZES = [
    PAPER,
    *(
        MeddiffConfig(channels=channels, attention=(False, False, True), head_channels=16, **SMALL)  # type: ignore[arg-type]
        for channels in ((16, 32, 64), (32, 48, 64), (32, 64, 96))
    ),
]


@pytest.mark.parametrize("steered", [False, True])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("config", SIZES, ids=lambda config: "-".join(map(str, config.channels)))
def test_a_window_takes_what_is_foretold(config: MeddiffConfig, dtype: str, steered: bool) -> None:
    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    cube = (config.patch,) * 3
    with torch.device("meta"), torch.no_grad():
        denoiser, control = Denoiser(config), LesionControl(config)
        lay_out(denoiser, kind)
        lay_out(control, kind)
        x_t, places, anatomy = torch.empty(1, 1, *cube), torch.empty(1, 3, *cube), torch.empty(1, *cube).byte()
        t, region = torch.zeros(1), torch.zeros(1).long()
        with LiveMemory() as used:
            condition = denoiser.condition(places, anatomy)
            if steered:
                hint = control.condition(places, anatomy, x_t)
                denoiser(x_t, t, condition, region, control(x_t, t, hint, region))
            else:
                denoiser(x_t, t, condition, region)
    foretold = window_bytes(config.model_dump(), dtype, on_cpu=False, steered=steered)
    assert 0.85 * used.peak < foretold < 1.25 * used.peak
    assert told_bytes(config.model_dump(), dtype) == condition.nbytes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MeddiffModel:
    folder = write_tiny_meddiff(tmp_path_factory.mktemp("models") / "tiny")
    return load(folder, find_model(folder).info, torch.device("cpu"), torch.float32)


def test_the_plan_covers_the_volume_and_keeps_what_fits(model: MeddiffModel) -> None:
    made, keep = planned(model, (40, 30, 20), 0.25, False)
    assert made.windows == 3 * 3 * 2
    assert keep == 18 * told_bytes(model.config.model_dump())


def test_large_volumes_keep_no_more(model: MeddiffModel) -> None:
    _, some = planned(model, (48, 48, 48), 0.0, False)
    _, most = planned(model, (160, 160, 160), 0.0, False)
    assert some == most == 27 * told_bytes(model.config.model_dump())


def test_little_memory_keeps_less(model: MeddiffModel, monkeypatch: pytest.MonkeyPatch) -> None:
    window = window_bytes(model.config.model_dump())
    monkeypatch.setattr(memory, "free_bytes", lambda device: 3 * window)
    made, keep = planned(model, (40, 30, 20), 0.25, False)
    assert made.bytes == window
    assert 0 < keep < 18 * told_bytes(model.config.model_dump())


def test_too_little_for_one_window_is_refused(model: MeddiffModel, monkeypatch: pytest.MonkeyPatch) -> None:
    window = window_bytes(model.config.model_dump())
    monkeypatch.setattr(memory, "free_bytes", lambda device: window)
    with pytest.raises(ParameterError, match="A window of 16"):
        planned(model, (40, 30, 20), 0.25, False)


def test_a_volume_beyond_the_machine_is_refused(model: MeddiffModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    with pytest.raises(ParameterError, match="A volume of 40 x 30 x 20"):
        planned(model, (40, 30, 20), 0.25, False)
