"""The words that fill the phrases of a chest report: synonyms for sizes, sides, lobes and findings."""

from __future__ import annotations

from ctstudio.phantom.chest_facts import ChestFact

Words = dict[str, tuple[str, ...]]

_BY_SIZE: dict[str, dict[str, Words]] = {
    "effusion": {
        "size": {
            "small": ("small", "small", "minor", "mild"),
            "moderate": ("moderate", "moderate", "moderate-sized", "medium-sized"),
            "large": ("large", "large", "sizeable", "massive", "extensive"),
        },
        "amount": {
            "small": ("a small amount of", "a little", "a small volume of"),
            "moderate": ("a moderate amount of", "a moderate volume of"),
            "large": ("a large amount of", "a large volume of", "a lot of"),
        },
    },
    "cardiomegaly": {
        "size": {
            "small": ("mild", "slight"),
            "moderate": ("moderate",),
            "large": ("marked", "severe", "massive"),
        },
        "much": {
            "small": ("mildly", "slightly"),
            "moderate": ("moderately",),
            "large": ("markedly", "severely", "massively"),
        },
        "bigger": {
            "small": ("a little larger than normal", "slightly larger than normal"),
            "moderate": ("moderately larger than normal", "clearly larger than normal"),
            "large": ("much larger than normal", "far larger than normal"),
        },
    },
    "emphysema": {
        "size": {
            "small": ("mild", "slight"),
            "moderate": ("moderate",),
            "large": ("severe", "marked", "advanced", "extensive"),
        },
    },
    "consolidation": {
        "size": {
            "small": ("small", "minor", "limited"),
            "moderate": ("moderate", "moderate-sized", "medium-sized"),
            "large": ("large", "extensive", "sizeable"),
        },
    },
    "nodule": {
        "size": {
            "small": ("small", "small", "tiny"),
            "moderate": ("moderate-sized", "medium-sized", "moderate"),
            "large": ("large", "large", "sizeable"),
        },
    },
    "liver_lesion": {"size": {"small": ("small",), "moderate": ("moderate-sized",), "large": ("large",)}},
    "kidney_lesion": {"size": {"small": ("small",), "moderate": ("moderate-sized",), "large": ("large",)}},
    "nodes": {"size": {"small": ("slightly",), "moderate": ("moderately",), "large": ("markedly",)}},
    "tumour": {"size": {"small": ("small",), "moderate": ("moderate-sized", "medium-sized"), "large": ("large",)}},
}
"""Words for a size, by finding and slot."""

_NOUNS: dict[str, Words] = {
    "effusion": {
        "noun": ("pleural effusion", "pleural effusion", "effusion", "pleural fluid collection"),
        "nouns": ("pleural effusions", "pleural effusions", "effusions", "pleural fluid collections"),
        "fluid": ("pleural fluid", "fluid in the pleural space", "free pleural fluid"),
    },
    "cardiomegaly": {
        "noun": ("cardiomegaly", "cardiomegaly", "cardiac enlargement", "enlargement of the heart"),
    },
    "emphysema": {
        "noun": ("emphysema", "emphysema", "bullous emphysema", "emphysematous change", "bullous change",
                 "emphysematous destruction"),
        "upper": ("in the upper lungs", "in the upper zones", "mainly in the upper parts of the lungs"),
    },
    "consolidation": {
        "noun": ("consolidation", "consolidation", "airspace consolidation", "airspace opacification",
                 "airspace opacity", "pneumonia"),
    },
    "nodule": {
        "noun": ("nodule", "pulmonary nodule", "lung nodule", "nodular opacity"),
        "nouns": ("nodules", "pulmonary nodules", "lung nodules", "nodular opacities"),
    },
    "liver_lesion": {"noun": ("liver lesion", "focal liver lesion"), "nouns": ("liver lesions", "focal liver lesions")},
    "kidney_lesion": {"noun": ("kidney lesion", "renal lesion"), "nouns": ("kidney lesions", "renal lesions")},
    "nodes": {"nouns": ("mediastinal lymph nodes", "lymph nodes in the mediastinum")},
    "tumour": {"noun": ("mass", "lung mass", "tumour")},
}  # fmt: skip
"""Words for a finding, by slot."""

_COUNTED = ("nodule", "liver_lesion", "kidney_lesion")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def words_for(fact: ChestFact) -> Words:
    """Slot to the words that may fill it: only slots of which the fact says something."""
    words = dict(_NOUNS[fact.finding])
    if fact.size:
        words |= {slot: by_size[fact.size] for slot, by_size in _BY_SIZE[fact.finding].items()}
    words |= _places(fact)
    if fact.figure:
        words["figure"] = (str(fact.figure),)
    if fact.count > 1:
        words["count"] = (_NUMBERS[fact.count] if fact.count < len(_NUMBERS) else str(fact.count),)
    if fact.count > 2:
        words["many"] = ("multiple", "several")
    if fact.finding in _COUNTED and fact.count:
        del words["nouns" if fact.count == 1 else "noun"]
    return words


def _places(fact: ChestFact) -> Words:
    side, effusion = fact.side, fact.finding == "effusion"
    if not side:
        return {}
    if side == "bilateral":
        everywhere = ("on both sides", "bilaterally", "in both pleural spaces", "on the left and on the right")
        return {"both": ("bilateral", "bilateral", "two-sided"), "everywhere": everywhere}
    where: tuple[str, ...] = (f"on the {side}", f"on the {side} side", f"in the {side} lung")
    if effusion:
        where = (f"on the {side}", f"on the {side} side", f"in the {side} hemithorax", f"in the {side} chest")
    places: Words = {"side": (side, side, f"{side}-sided"), "where": where, "hand": (side,)}
    if fact.lobe:
        places = {"lobe": (f"{side} {fact.lobe} lobe",), "side": places["side"], "where": where, "hand": (side,)}
        places["within"] = (
            f"in the {side} {fact.lobe} lobe",
            f"in the {side} {fact.lobe} lobe",
            f"in the {fact.lobe} lobe of the {side} lung",
            f"within the {side} {fact.lobe} lobe",
        )
    return places
