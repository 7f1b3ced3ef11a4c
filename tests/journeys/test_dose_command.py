"""`ctstudio dose` as a person types it: what a scan lacks, regimes, kernels, two scans, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from command_line import ctstudio_here
from ctstudio.core.grid import Grid
from ctstudio.core.volume import Volume
from ctstudio.io.reading import read_volume
from ctstudio.io.samples import read_provenance
from ctstudio.io.writing import write_volume
from ctstudio.phantom.patient import make_patient
from ctstudio.phantom.render import render

GRID = Grid.centred((6, 96, 96), (4.0, 4.0, 8.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients without noise, and the first with noise of full and of quarter dose, as two scans."""
    place = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(0)
    for seed in (1, 2):
        clean = render(make_patient(seed, "abdomen"), GRID, pet=False, mr=False).ct.array.astype(np.float32)
        write_volume(Volume(clean, GRID, synthetic=True), place / f"phantom_{seed}.nii.gz")
        for name, sd in (("full", 20.0), ("quarter", 40.0)):
            noisy = clean + rng.normal(0, sd, clean.shape).astype(np.float32)
            write_volume(Volume(noisy, GRID), place / f"{name}_{seed}.nii.gz")
    coarse = Grid.centred((6, 48, 48), (8.0, 8.0, 8.0))
    write_volume(Volume(clean[:, ::2, ::2].copy(), coarse), place / "coarse.nii.gz")
    write_volume(Volume(np.full(GRID.shape, np.nan, np.float32), GRID), place / "nan.nii.gz")
    return place


@pytest.fixture
def dose(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path):
    """Run the command on a scan of the folder; the output is out.nii.gz."""

    def run(scan: str, *words: object):
        return ctstudio_here(capsys, "dose", folder / scan, *words, "--out", tmp_path / "out.nii.gz")

    return run


def spread(a: Path, b: Path) -> float:
    """SD of the difference of two scans in the body."""
    first, second = read_volume(a).array, read_volume(b).array
    return float((first - second)[second > -300].std())


def test_a_real_scan_gets_what_it_lacks_and_a_phantom_all(dose, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.nii.gz"
    real = dose("full_1.nii.gz", "--dose", 0.25, "--json").facts
    assert (real["noise_free"], real["held_noise_sd_hu"]) == (False, pytest.approx(20.0, rel=0.2))
    lacking = spread(out, folder / "full_1.nii.gz")
    assert lacking == pytest.approx(20 * np.sqrt(3), rel=0.4)
    assert dose("full_1.nii.gz", "--dose", 1, "--json").code == 0
    assert spread(out, folder / "full_1.nii.gz") == pytest.approx(0.0, abs=0.02)
    phantom = dose("phantom_1.nii.gz", "--dose", 1, "--json").facts
    assert phantom["noise_free"]
    assert spread(out, folder / "phantom_1.nii.gz") > 3
    assert dose("full_1.nii.gz", "--dose", 1, "--regime", "clean", "--json").facts["noise_free"]


def test_kernel_photons_and_matching_are_obeyed_and_recorded(dose, folder: Path, tmp_path: Path) -> None:
    words = ("--dose", 0.5, "--kernel", "sharp", "--photons", 1e5, "--bow-tie", "--tube-current-modulation")
    facts = dose("full_1.nii.gz", *words, "--electronic-noise", 3, "--json").facts
    assert (facts["kernel"], facts["photons"]) == ("sharp", 1e5)
    told = read_provenance(tmp_path / "out.nii.gz").parameters
    assert (told["bow_tie"], told["tube_current_modulation"], told["electronic_noise"]) == (True, True, 3.0)
    reference = dose("full_1.nii.gz", "--dose", 0.5, "--no-match-noise", "--json").facts["photons"]
    assert reference == dose("phantom_1.nii.gz", "--dose", 0.5, "--json").facts["photons"]


def test_two_scans_of_one_patient_in_their_regimes(dose, folder: Path, tmp_path: Path) -> None:
    both = ("--low-dose", folder / "quarter_1.nii.gz", "--low-dose-fraction", 0.25)
    noise = {}
    for regime in ("auto", "inserted", "independent"):
        facts = dose("full_1.nii.gz", "--dose", 0.1, *both, "--regime", regime, "--json").facts
        assert facts["likeness"] > 0.9
        noise[facts["regime"]] = spread(tmp_path / "out.nii.gz", folder / "phantom_1.nii.gz")
    assert noise["independent"] == pytest.approx(20 / np.sqrt(0.1), rel=0.03)  # two scans of their own, as made above
    assert noise["inserted"] != pytest.approx(noise["independent"], rel=0.03)


def test_pairs_that_are_none_are_refused(dose, folder: Path, tmp_path: Path) -> None:
    def pair(first: str, second: str, *words: object) -> None:
        said = dose(first, "--dose", 0.1, "--low-dose", folder / second)
        said.complains_of(*words)
        assert not (tmp_path / "out.nii.gz").exists()

    pair("full_1.nii.gz", "quarter_2.nii.gz", "same slices", "correlates")
    pair("full_1.nii.gz", "coarse.nii.gz", "same voxels", "grid")
    pair("quarter_1.nii.gz", "full_1.nii.gz", "not the noisier")
    pair("full_1.nii.gz", "nan.nii.gz", "NaN")


@pytest.mark.parametrize("value", [0, -0.5, 1.2, "nan", "", "a quarter"])
def test_doses_that_are_none_are_refused(dose, value: object, tmp_path: Path) -> None:
    dose("full_1.nii.gz", "--dose", value).complains_of()
    assert not (tmp_path / "out.nii.gz").exists()


def test_options_that_do_not_go_together_are_refused(dose, folder: Path) -> None:
    low = ("--low-dose", folder / "quarter_1.nii.gz")
    dose("full_1.nii.gz", "--dose", 0.1, "--regime", "independent").complains_of("independent", "--low-dose")
    dose("full_1.nii.gz", "--dose", 0.1, "--regime", "guessed").complains_of("guessed", "inserted")
    dose("full_1.nii.gz", "--dose", 0.1, "--kernel", "cosine").complains_of("cosine", "hann")
    dose("full_1.nii.gz", "--dose", 0.1, "--electronic-noise", -1).complains_of("Electronic")
    dose("full_1.nii.gz", "--dose", 0.1, "--photons", -5).complains_of("Photons")
    dose("full_1.nii.gz", "--dose", 0.1, *low, "--kernel", "ramp").complains_of("--kernel", "one scan")
    dose("full_1.nii.gz", "--dose", 0.1, *low, "--low-dose-fraction", 1.5).complains_of("1.5")
    dose("nan.nii.gz", "--dose", 0.1).complains_of("NaN")
