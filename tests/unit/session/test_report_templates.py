"""Templates come with the program, can be kept, replaced and taken away."""

import pytest

from ctstudio.core.errors import ParameterError
from ctstudio.session.report_templates import BUILT_IN, LONGEST_NAME, ReportTemplates
from ctstudio.session.report_text import ReportText


@pytest.fixture
def templates(tmp_path):
    return ReportTemplates(tmp_path / "templates.json")


def named(templates, name):
    return next(each for each in templates.entries() if each.name == name)


def test_the_program_brings_every_kind_of_chest(templates):
    names = [each.name for each in templates.entries()]
    assert names[:4] == ["Normal chest", "Large left effusion", "Cardiomegaly", "Emphysema with bullae"]
    lobes = [each.title for each in templates.entries() if each.group == "Lobar consolidation"]
    assert lobes == [f"{lobe} lobe" for lobe in
                     ("right upper", "right middle", "right lower", "left upper", "left lower")]  # fmt: skip
    for each in BUILT_IN:
        assert each.text.findings
        assert each.text.impression
        assert not each.own


def test_a_kept_template_comes_after_the_programs_and_survives(templates):
    templates.save("  my   usual ", ReportText("clear", ""))
    again = ReportTemplates(templates.path).entries()
    assert again[-1].name == "my usual"
    assert again[-1].own
    templates.remove("my usual")
    assert templates.entries() == BUILT_IN


def test_one_of_the_same_name_replaces_the_programs_until_it_is_taken_away(templates):
    templates.save("Cardiomegaly", ReportText("big", "heart"))
    assert named(templates, "Cardiomegaly").text.findings == "big"
    assert len(templates.entries()) == len(BUILT_IN)
    templates.remove("Cardiomegaly")
    assert named(templates, "Cardiomegaly").text.findings.startswith("The heart is markedly")


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1)])
def test_a_name_is_wanted(templates, name):
    with pytest.raises(ParameterError, match="name"):
        templates.save(name, ReportText("clear"))
    with pytest.raises(ParameterError, match="no report"):
        templates.save("good", ReportText("  "))


def test_no_template_uses_a_word_that_training_does_not_know():
    """A template whose words the model never read would be amber from the start."""
    import re

    from ctstudio.phantom.chest_population import draw_chest_findings
    from ctstudio.phantom.chest_report import chest_report
    from ctstudio.phantom.patient import make_patient

    known: set[str] = set()
    for seed in range(150):
        report = chest_report(make_patient(seed, "chest", findings=draw_chest_findings(seed)), seed)
        known |= set(re.findall(r"[a-z]+", f"{report.findings} {report.impression}".lower()))
    for each in BUILT_IN:
        words = set(re.findall(r"[a-z]+", each.text.whole.lower()))
        assert words <= known, f"{each.name}: {words - known}"
