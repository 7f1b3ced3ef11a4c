"""MedicalNet's ResNet: key layout, dilations, strict loading."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ctstudio.core.errors import WeightMismatch
from ctstudio.nets.medicalnet import build_medicalnet, load_medicalnet, medicalnet_features


def test_keys_are_the_published_ones() -> None:
    state = build_medicalnet(50).state_dict()
    assert len(state) == 318
    assert state["conv1.weight"].shape == (64, 1, 7, 7, 7)
    assert state["layer4.2.conv3.weight"].shape == (2048, 512, 1, 1, 1)
    assert state["layer3.0.downsample.0.weight"].shape == (1024, 512, 1, 1, 1)
    assert "layer1.0.downsample.0.bias" not in state
    assert not any(key.startswith(("fc", "conv_seg")) for key in state)


def test_the_last_layers_keep_their_resolution() -> None:
    network = build_medicalnet(10)
    shapes = []
    for layer in (network.layer2, network.layer3, network.layer4):
        layer.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[2:])))
    features = medicalnet_features(network, torch.randn(1, 1, 32, 32, 32))
    assert features.shape == (1, 512)
    assert shapes == [(4, 4, 4)] * 3
    assert network.layer4[0].conv2.dilation == (4, 4, 4)


def test_brightness_and_contrast_do_not_count() -> None:
    network, volume = build_medicalnet(10), torch.randn(1, 1, 24, 24, 24)
    first, second = (medicalnet_features(network, v) for v in (volume, 300 * volume - 700))
    assert torch.allclose(first, second, atol=1e-4)


def test_the_published_form_loads_and_each_fault_is_named(tmp_path: Path) -> None:
    state = {f"module.{k}": torch.randn_like(v) if v.is_floating_point() else v for k, v in _state().items()}
    path = tmp_path / "resnet_10.pth"
    torch.save({"state_dict": state}, path)
    loaded = load_medicalnet(path).state_dict()
    assert torch.equal(loaded["layer2.0.conv1.weight"], state["module.layer2.0.conv1.weight"])
    lost = dict(state)
    del lost["module.bn1.bias"]
    torch.save({"state_dict": {**lost, "module.other": torch.zeros(2)}}, path)
    with pytest.raises(WeightMismatch, match=r"bn1.bias is missing.*other is unknown"):
        load_medicalnet(path)


def _state() -> dict[str, torch.Tensor]:
    return dict(build_medicalnet(10).state_dict())
