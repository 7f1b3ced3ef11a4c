"""Moved label maps, and that the layout network learns."""

from __future__ import annotations

import numpy as np
import torch

from ctstudio.catalog.recipe_parts import StageSettings
from ctstudio.core.labels import values_of
from ctstudio.systems.na_diff.conditions import label_groups
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.layout import LayoutNetwork
from ctstudio.training.stages.layout import LayoutStage, affine_maps, moved

CONFIG = NaDiffConfig(
    label_groups={"body": ("body",), "liver": ("liver",), "lesion": ("lesion",)},
    layout=(32, 32),
    vae_factor=4,
    image_size=64,
)
BODY, LIVER = values_of(["body", "liver"])


def _labels(count: int) -> np.ndarray:  # type: ignore[type-arg]
    labels = np.zeros((count, 64, 64), np.uint8)
    labels[:, 12:52, 8:56], labels[:, 20:36, 14:30] = BODY, LIVER
    return labels


def test_maps_move_a_little_each_in_its_own_way_and_keep_their_values() -> None:
    labels = torch.from_numpy(_labels(6))
    made = moved(labels, affine_maps(6, torch.Generator().manual_seed(0)))
    assert made.dtype == torch.uint8
    assert set(made.unique().tolist()) == {0, BODY, LIVER}
    assert len({picture.numpy().tobytes() for picture in made}) == 6
    areas = (made == LIVER).sum(dim=(1, 2)) / (labels == LIVER).sum(dim=(1, 2))
    assert areas.min() > 0.78
    assert areas.max() < 1.25
    assert (made == labels).float().mean() > 0.75


def test_the_network_learns_where_the_body_is() -> None:
    torch.manual_seed(0)
    network = LayoutNetwork(CONFIG)
    stage = LayoutStage(network, _labels(4), StageSettings(steps=1, batch=4, learning_rate=1e-3), label_groups(CONFIG))
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for step in range(40):
        loss = stage.loss(stage.draw(step, torch.Generator().manual_seed(step)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
