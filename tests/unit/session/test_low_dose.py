"""The live low dose without window and engine: what is asked, what is shown, and what is never asked twice."""

from __future__ import annotations

import numpy as np
import pytest

from ctstudio.core.errors import GeometryError, IntensityError, ParameterError
from ctstudio.core.grid import Grid
from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.volume import Volume
from ctstudio.measure.scanner import Exposure, Scanner
from ctstudio.protocol.events import Failed
from ctstudio.protocol.live_noise import ExposureFound, FindExposure, NoiseSimulated, SimulateNoise
from ctstudio.session.document import Case, Document
from ctstudio.session.known_noise import KnownNoise
from ctstudio.session.low_dose import LowDose
from ctstudio.session.low_dose_request import low_dose_request, trouble_of

GRID = Grid((12, 32, 40), (2.0, 2.0, 5.0))


class Desk:
    """A live low dose and all that it said."""

    def __init__(self, case: Case | None) -> None:
        self.low_dose = LowDose()
        self.asked: list[FindExposure | SimulateNoise] = []
        self.shown: list[Volume | None] = []
        self.words: list[str] = []
        self.low_dose.asked.connect(self.asked.append)
        self.low_dose.shown.connect(self.shown.append)
        self.low_dose.words.connect(self.words.append)
        self.low_dose.show_case(case)
        self.low_dose.on = True

    def answer(self, noise_free: bool = False) -> None:
        """As the engine would: the photons' noise is the slice's number + 1 everywhere."""
        question = self.asked[-1]
        if isinstance(question, FindExposure):
            exposure = Exposure(1e6, noise_free, 10.0)
            self.low_dose.take(ExposureFound(question.request_id, exposure, Scanner(), "Found."))
        else:
            noise = Volume(np.full(question.scan.grid.shape, question.place + 1.0, np.float32), question.scan.grid)
            self.low_dose.take(NoiseSimulated(question.request_id, noise, None))

    def image(self) -> np.ndarray:
        assert self.shown[-1] is not None
        return self.shown[-1].array


@pytest.fixture
def case() -> Case:
    array = np.zeros(GRID.shape, np.int16) + np.arange(12, dtype=np.int16)[:, None, None] * 100
    return Document().open_volume(Volume(array, GRID, name="scan"))


def test_first_the_exposure_then_the_noise_then_the_picture(case: Case) -> None:
    desk = Desk(case)
    assert isinstance(desk.asked[0], FindExposure)
    assert desk.asked[0].scan.array.shape == (8, 32, 40)
    assert desk.shown[-1] is None
    assert "noise" in desk.words[-1]
    desk.answer()
    question = desk.asked[-1]
    assert isinstance(question, SimulateNoise)
    assert (question.place, question.photons, question.scan.array.shape) == (6, 1e6, (1, 32, 40))
    desk.answer()
    assert desk.words[-1] == ""
    np.testing.assert_allclose(desk.image(), 600 + 7 * np.sqrt(1 / 0.25 - 1), rtol=1e-6)
    assert desk.shown[-1] is not None
    assert desk.shown[-1].synthetic
    assert case.volume.array[6].max() == 600


def test_turning_the_dial_asks_nothing(case: Case) -> None:
    desk = Desk(case)
    desk.answer()
    desk.answer()
    count = len(desk.asked)
    for dose in (0.05, 0.5, 1.0):
        desk.low_dose.set("dose", dose)
        np.testing.assert_allclose(desk.image(), 600 + 7 * np.sqrt(1 / dose - 1), rtol=1e-6)
    assert len(desk.asked) == count


def test_a_noise_free_scan_gets_all_the_noise(case: Case) -> None:
    desk = Desk(case)
    desk.answer(noise_free=True)
    desk.answer()
    np.testing.assert_allclose(desk.image(), 600 + 7 / np.sqrt(0.25), rtol=1e-6)


def test_scrolling_shows_the_new_slice_at_once_and_asks_for_its_noise_once(case: Case) -> None:
    desk = Desk(case)
    desk.answer()
    desk.answer()
    case.viewing.crosshair = (9, 0, 0)
    desk.low_dose.refresh()
    np.testing.assert_allclose(desk.image(), 900 + 7 * np.sqrt(3), rtol=1e-6)  # another slice's noise, for a moment
    assert "10" in desk.words[-1]
    desk.answer()
    np.testing.assert_allclose(desk.image(), 900 + 10 * np.sqrt(3), rtol=1e-6)
    count = len(desk.asked)
    case.viewing.crosshair = (6, 0, 0)
    desk.low_dose.refresh()
    np.testing.assert_allclose(desk.image(), 600 + 7 * np.sqrt(3), rtol=1e-6)
    assert len(desk.asked) == count


def test_a_late_answer_for_another_slice_is_kept_and_not_shown(case: Case) -> None:
    desk = Desk(case)
    desk.answer()
    late = desk.asked[-1]
    case.viewing.crosshair = (2, 0, 0)
    desk.low_dose.refresh()
    desk.answer()
    assert isinstance(late, SimulateNoise)
    noise = Volume(np.full(late.scan.grid.shape, 50.0, np.float32), late.scan.grid)
    desk.low_dose.take(NoiseSimulated(late.request_id, noise, None))
    np.testing.assert_allclose(desk.image(), 200 + 3 * np.sqrt(3), rtol=1e-6)
    desk.low_dose.take(NoiseSimulated("from nowhere", noise, None))
    np.testing.assert_allclose(desk.image(), 200 + 3 * np.sqrt(3), rtol=1e-6)


def test_neighbours_are_asked_for_while_nothing_else_is_wanted(case: Case) -> None:
    desk = Desk(case)
    desk.low_dose.look_ahead()
    assert len(desk.asked) == 1
    desk.answer()
    desk.answer()
    for place in (7, 5):
        desk.low_dose.look_ahead()
        question = desk.asked[-1]
        assert isinstance(question, SimulateNoise)
        assert question.place == place
        desk.answer()
    count = len(desk.asked)
    desk.low_dose.look_ahead()
    assert len(desk.asked) == count


def test_another_kernel_is_asked_anew_and_another_seed_gives_other_noise(case: Case) -> None:
    desk = Desk(case)
    desk.answer()
    desk.answer()
    desk.low_dose.set("kernel", "sharp")
    assert isinstance(desk.asked[-1], FindExposure)
    desk.answer()
    desk.answer()
    desk.low_dose.set("seed", 8)
    assert isinstance(desk.asked[-1], SimulateNoise)
    assert desk.asked[-1].seed == 8
    with pytest.raises(ParameterError, match="Dose"):
        desk.low_dose.set("dose", 1.5)
    assert desk.low_dose.values["dose"] == 0.25


def test_modulated_current_follows_the_slices(case: Case) -> None:
    desk = Desk(case)
    desk.low_dose.set("tube_current_modulation", True)
    desk.answer()
    question = desk.asked[-1]
    assert isinstance(question, SimulateNoise)
    assert question.photons != 1e6


def test_a_failure_is_said_and_not_asked_again(case: Case) -> None:
    desk = Desk(case)
    desk.low_dose.take(Failed(desk.asked[-1].request_id, "The scan has NaN.", "Replace them.", "", 2))
    assert desk.shown[-1] is None
    assert desk.words[-1] == "The scan has NaN. Replace them."
    count = len(desk.asked)
    desk.low_dose.refresh()
    assert len(desk.asked) == count


def test_off_shows_nothing_and_a_closed_case_is_forgotten(case: Case) -> None:
    desk = Desk(case)
    desk.answer()
    desk.answer()
    desk.low_dose.on = False
    assert desk.shown[-1] is None
    desk.low_dose.forget(case)
    assert desk.low_dose.found is None
    assert desk.low_dose.noise is None


def test_cases_that_cannot_be_simulated_say_why(case: Case) -> None:
    document = Document()
    labels = LabelMap(np.ones((2, 8, 8), np.uint8), Grid((2, 8, 8)), standard_table())
    pet = Volume(np.zeros((2, 8, 8), np.float32), Grid((2, 8, 8)), "PT", "SUV")
    thin = Volume(np.zeros((2, 2, 8), np.float32), Grid((2, 2, 8)))
    for bad, word, error in (
        (document.open_mask(labels), "no scan", IntensityError),
        (document.open_volume(pet), "SUV", IntensityError),
        (document.open_volume(thin), "voxels", GeometryError),
    ):
        desk = Desk(bad)
        assert desk.asked == []
        assert word in desk.words[-1]
        with pytest.raises(error, match=word):
            low_dose_request(bad, desk.low_dose.values)
    assert trouble_of(case) == ""
    assert Desk(None).asked == []
    with pytest.raises(IntensityError, match="no scan"):
        low_dose_request(None, {})
    whole = low_dose_request(case, {"dose": 0.1})
    assert (whole.task, whole.parameters["dose"], whole.inputs["scan"]) == ("dose", 0.1, case.volume)


def test_the_oldest_noise_goes_when_there_is_too_much() -> None:
    known, grid = KnownNoise(budget_bytes=3 * 4 * 100), Grid((1, 10, 10))
    for z in range(5):
        noise = Volume(np.zeros(grid.shape, np.float32), grid)
        known.keep_noise(("case", "settings", "0", str(z)), NoiseSimulated(str(z), noise, None))
    kept = [z for z in range(5) if known.noise(("case", "settings", "0", str(z))) is not None]
    assert kept == [2, 3, 4]
    newest = known.any_noise(("case", "settings"))
    assert newest is not None
    assert newest.request_id == "4"
    assert known.any_noise(("case", "others")) is None
