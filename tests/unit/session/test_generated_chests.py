"""Samples that belong to no scan are opened as cases, looked at alike, and closed without being lost."""

import numpy as np
import pytest

from ctstudio.core.labels import LabelMap, standard_table
from ctstudio.core.provenance import Provenance
from ctstudio.core.volume import Volume
from ctstudio.core.windows import PRESETS
from ctstudio.protocol.result import Result, Sample
from ctstudio.session.document import Document
from ctstudio.session.generated_chests import GeneratedChests, name_of

LOBE = standard_table().by_name("lung_upper_lobe_left").value


@pytest.fixture
def chests():
    return GeneratedChests(Document())


@pytest.fixture
def document(chests):
    return chests._document


@pytest.fixture
def make(grid):
    def of(seed, text="There is a large effusion.", structures=True):
        ct = Volume(np.full(grid.shape, -seed, np.int16), grid, synthetic=True)
        drawn = np.zeros(grid.shape, np.uint8)
        drawn[3:6, 10:20, 10:20] = LOBE if structures else 0
        outputs = {"ct": ct, "labels": LabelMap(drawn, grid, standard_table(), synthetic=True)}
        told = Provenance("medsyn", "generate", {"text": text, "impression": ""}, seed, "demo")
        return Sample(seed, outputs, {}, told)

    return of


def test_a_sample_opens_as_a_synthetic_case_with_its_structures(chests, document, make):
    (view,) = chests.results.add(Result("r", (make(7),)))
    case = chests.open(view)
    assert case is document.active
    assert case.name == "There is a large effusion. · seed 7"
    assert case.volume.synthetic
    assert case.mask.synthetic
    assert case.mask.present() == (LOBE,)
    assert not case.mask.modified
    assert case.viewing.window == PRESETS["Lung"]
    assert chests.view_of(case) is view


def test_the_next_one_is_looked_at_as_the_one_before(chests, document, make, scan):
    first, second = chests.results.add(Result("r", (make(7), make(8))))
    case = chests.open(first)
    case.viewing.window, case.viewing.crosshair = PRESETS["Bone"], (2, 3, 4)
    case.viewing.overlay_visible = False
    other = chests.open(second)
    assert (other.viewing.window, other.viewing.crosshair) == (PRESETS["Bone"], (2, 3, 4))
    assert not other.viewing.overlay_visible
    assert chests.open(first) is case
    assert len(document.cases) == 2
    document.open_volume(scan)
    assert chests.open(chests.results.add(Result("s", (make(9),)))[0]).viewing.window == PRESETS["Lung"]


def test_a_closed_case_can_be_opened_again(chests, document, make):
    (view,) = chests.results.add(Result("r", (make(7),)))
    document.remove(chests.open(view))
    assert chests.case_of(view) is None
    assert chests.open(view) in document.cases


def test_a_sample_without_structures_or_words_opens_too(chests, make):
    view, blank = chests.results.add(Result("r", (make(7, structures=False), make(8, text=""))))
    assert chests.open(view).mask.empty
    assert name_of(blank.sample) == "Anatomy alone · seed 8"
