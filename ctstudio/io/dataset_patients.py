"""Who is who: cases of one patient must not be parted, or a model is judged on patients it was trained on.

Where nothing is certain, two cases count as one patient rather than as two: that costs a few cases, not the truth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ctstudio.core.errors import ParameterError
from ctstudio.io.dataset_grouping import FoundCase
from ctstudio.io.dataset_privacy import words_pattern

_BETWEEN = re.compile(r"[_\-]+")
_ENOUGH_TO_STRIP = 4
_LEAST_ID = 4
_NOBODY = ("", "0", "anon", "anonymous", "anonymized", "anonymised", "unknown", "none", "patient", "na", "n/a")


@dataclass
class Patients:
    """Whose the cases are.

    Attributes:
        of: Case name to a key of the patient. Keys of DICOM patients hold their ID and are never written.
        how: How they were told apart, a sentence each, for people.
        warnings: What should be checked.
    """

    of: dict[str, str]
    how: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def unite(self, one: str, other: str) -> None:
        """Make one patient of those of two cases."""
        kept, gone = sorted((self.of[one], self.of[other]))
        self.of = {case: kept if patient == gone else patient for case, patient in self.of.items()}


def tell_apart(cases: Sequence[FoundCase], pattern: str) -> Patients:
    """Patients of cases: by DICOM Patient ID, else by the pattern, else by name.

    Raises:
        ParameterError: The pattern finds nothing in any case that it is needed for.
    """
    ids = {case.patient_id for case in cases if case.patient_id.lower() not in _NOBODY}
    known = {case.name: f"dicom:{case.patient_id}" for case in cases if case.patient_id in ids}
    patients = Patients(dict(known), [f"{len(cases)} cases were found, also those that were left out later."])
    if known:
        patients.how.append(f"{len(known)} by the DICOM Patient ID, which is replaced by a pseudonym.")
    rest = [case for case in cases if case.name not in known]
    rest = _by_ids_in_names(patients, rest, ids)
    if pattern and rest:
        rest = _by_pattern(patients, rest, pattern)
    if rest:
        _by_name(patients, rest)
    count = len(set(patients.of.values()))
    if len(cases) > 2 and count == 1:
        patients.warnings.append(
            "All cases count as one patient. If they are not, repair their DICOM Patient IDs or give --patient-pattern."
        )
    return patients


def by_name(names: Iterable[str]) -> dict[str, str]:
    """Case names to the part that names the patient: up to the first word with a digit.

    "liver_001_pre" and "liver_001_post" are "liver_001". Words that at least four cases all begin with are of the data
    set ("BraTS2021_00001"), when every name goes on with a word that has a digit. A name without digits stands for
    itself. Source: ours.
    """
    words = {name: [word for word in _BETWEEN.split(name) if word] or [name] for name in names}
    skip = _shared(list(words.values()))
    return {name: "_".join(parts[: _first_number(parts, skip) + 1]) for name, parts in words.items()}


def _by_ids_in_names(patients: Patients, cases: list[FoundCase], ids: set[str]) -> list[FoundCase]:
    """Cases of files that bear the Patient ID of a DICOM case in their path are that patient's; the others stay."""
    long = sorted(one for one in ids if len(one) >= _LEAST_ID and any(letter.isdigit() for letter in one))
    patterns = {one: words_pattern([one]) for one in long}
    rest = []
    for case in cases:
        found = next((one for one, bounded in patterns.items() if bounded.search(case.place)), "")
        if found:
            patients.of[case.name] = f"dicom:{found}"
        else:
            rest.append(case)
    if len(rest) < len(cases):
        patients.how.append(f"{len(cases) - len(rest)} by the Patient ID of a DICOM case, which their path bears too.")
    return rest


def _by_pattern(patients: Patients, cases: list[FoundCase], pattern: str) -> list[FoundCase]:
    rest = []
    for case in cases:
        found = re.search(pattern, case.place)
        said = next((one for one in found.groups() if one), found[0]) if found else ""
        if said:
            patients.of[case.name] = f"named:{said}"
        else:
            rest.append(case)
    if len(rest) == len(cases):
        raise ParameterError(
            f"The patient pattern {pattern!r} finds nothing, for example not in {cases[0].place!r}.",
            "It is searched in paths below the source folder; its first group is the patient.",
        )
    patients.how.append(f"{len(cases) - len(rest)} by the pattern {pattern!r}.")
    if rest:
        patients.warnings.append(
            f"The patient pattern finds nothing in {len(rest)} cases, such as {rest[0].name}; their names decide."
        )
    return rest


def _by_name(patients: Patients, cases: list[FoundCase]) -> None:
    names = {case.name: "_".join(case.key).strip("_").replace("/", "_") or case.name for case in cases}
    told = by_name(names.values())
    patients.of |= {case: f"named:{told[name]}" for case, name in names.items()}
    count = len(set(told.values()))
    patients.how.append(
        f"{len(cases)} by name, up to the first word with a digit: {count} patients, such as {min(told.values())!r}."
    )
    if len(cases) > 1:
        patients.warnings.append(
            f"{len(cases)} cases give {count} patients by their names alone. Check this, or give --patient-pattern."
        )


def _shared(names: list[list[str]]) -> int:
    """How many leading words belong to the data set and not to a patient."""
    if len(names) < _ENOUGH_TO_STRIP:
        return 0
    shortest = min(len(parts) for parts in names)
    same = next((n for n in range(shortest) if len({parts[n] for parts in names}) > 1), 0)
    goes_on = all(len(parts) > same and _has_digit(parts[same]) for parts in names)
    several = Counter(parts[same] for parts in names if len(parts) > same)
    return same if goes_on and len(several) >= _ENOUGH_TO_STRIP else 0


def _first_number(parts: list[str], skip: int) -> int:
    return next((n for n in range(skip, len(parts)) if _has_digit(parts[n])), len(parts) - 1)


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
