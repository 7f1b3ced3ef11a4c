"""The bow-tie by hand, and tube current that follows the body."""

import math

import numpy as np
import pytest
import torch

from ctstudio.measure.scanner import Scanner
from ctstudio.physics.attenuation import attenuation_from_hu
from ctstudio.physics.fluence import BOW_TIE_BODY_MM, BOW_TIE_SHARE, bow_tie, fluence
from ctstudio.physics.full_dose_noise import full_dose_noise
from ctstudio.physics.geometry import ParallelGeometry
from ctstudio.physics.radon import project

GEOMETRY = ParallelGeometry(96, 4.0, 60)


def ellipse() -> torch.Tensor:
    step = (np.arange(96) - 48) * 4.0
    water = (step[None, :] / 165) ** 2 + (step[:, None] / 90) ** 2 <= 1
    return torch.from_numpy(np.where(water, 0.0, -1000.0).astype(np.float32))[None, None]


def test_a_bow_tie_lets_all_through_in_the_middle_and_the_least_beyond_its_cylinder() -> None:
    let_through = bow_tie(GEOMETRY)[:, 0]
    edge = math.exp(-BOW_TIE_SHARE * 0.0192 * BOW_TIE_BODY_MM)
    assert float(let_through[48]) == pytest.approx(1.0)
    assert float(let_through[48 + 42]) == pytest.approx(edge, rel=1e-4)  # 168 mm
    assert torch.equal(let_through[48 + 1 :], let_through[1:48].flip(0))
    assert bool((let_through[48:].diff() <= 1e-6).all())


def test_current_follows_the_square_root_of_the_attenuation_at_the_same_mean() -> None:
    lines = project(attenuation_from_hu(ellipse()), GEOMETRY)
    shares = fluence(lines, GEOMETRY, Scanner(modulated=True))[0, 0, 0]
    assert float(shares.mean()) == pytest.approx(1.0)
    largest = lines[0, 0].amax(0)
    lean, thick = int(largest.argmin()), int(largest.argmax())
    assert float(shares[thick] / shares[lean]) == pytest.approx(math.exp(0.5 * float(largest[thick] - largest[lean])))
    assert fluence(lines, GEOMETRY, Scanner()).flatten().tolist() == [1.0]


def test_modulation_makes_the_worst_direction_better_and_a_bow_tie_the_rim_noisier() -> None:
    def noise(scanner: Scanner) -> torch.Tensor:
        sent = torch.full((8,), 50_000.0)
        return full_dose_noise(ellipse().expand(8, 1, 96, 96), (4.0, 4.0), sent, scanner, range(8)).photons[:, 0]

    plain, modulated, bow_tied = (noise(s) for s in (Scanner(), Scanner(modulated=True), Scanner(bow_tie=True)))
    assert float(modulated[:, 44:53, 44:53].std()) < 0.95 * float(plain[:, 44:53, 44:53].std())
    middle, rim = slice(44, 53), slice(8, 14)
    more = [float(bow_tied[:, middle, where].std() / plain[:, middle, where].std()) for where in (middle, rim)]
    assert more[1] > more[0] + 0.02
