"""Rows and tables of the MedDiff-FM evaluation: intervals, what could not be measured, stand-ins, round trips."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from ctstudio.evaluation.meddiff_charts import dice_picture, roc_picture
from ctstudio.evaluation.meddiff_reading import is_found, organ_dice
from ctstudio.evaluation.meddiff_rows import NAN, Row, mean_row, share_row
from ctstudio.evaluation.meddiff_tables import as_csv, as_markdown, rows_of
from ctstudio.evaluation.report import as_json


def facts(*rows: Row) -> dict[str, Any]:
    told = {"title": "T", "model": "m", "notes": ["A note."], "rows": [asdict(row) for row in rows], "roc": {}}
    return dict(json.loads(as_json(told)))


def test_a_mean_has_its_interval_and_says_what_is_missing() -> None:
    row = mean_row("synthesis", "head", "Dice", [0.8, 0.9, NAN, 1.0], [0.95])
    assert (row.count, round(row.value, 3), row.beside) == (3, 0.9, 0.95)
    assert row.low < row.value < row.high
    assert "1 of 4" in row.note


def test_a_share_has_wilsons_interval() -> None:
    row = share_row("removal", "liver_lesion", "gone", [True] * 9 + [False], [True] * 10)
    assert (row.value, row.beside, row.unit) == (90.0, 100.0, "%")
    assert 55 < row.low < 60


def test_tables_keep_every_row_and_name_stand_ins() -> None:
    rows = (
        Row("synthesis", "head", "FID", 1.5, better="lower", measured_by="reader", published=False, paper="0.1269"),
        Row("denoising", "chest", "PSNR", NAN, note="needs the package bm3d"),
    )
    told = facts(*rows)
    text = as_markdown(told)
    for said in ("A note.", "table 3", "reader; not comparable", "0.1269", "bm3d", "FID ↓", "PSNR ↑"):
        assert said in text
    written = list(csv.DictReader(as_csv(told).splitlines()))
    assert [each["value"] for each in written] == ["1.5", ""]
    assert rows_of(told)[0] == rows_of(facts(rows[0]))[0]


def test_pictures_are_drawn_of_what_there_is() -> None:
    assert dice_picture(facts()) is None
    assert roc_picture(facts()) is None
    short, long = (
        dice_picture(facts(*(mean_row("synthesis", "head", f"Dice of {n}", [v, v], model="m") for n in range(4))))
        for v in (0.2, 0.9)
    )
    assert short is not None
    assert long is not None
    assert (long == (0, 114, 178)).all(axis=2).sum() > 3 * (short == (0, 114, 178)).all(axis=2).sum()
    line = np.linspace(0, 1, 5).tolist()
    curves = {"model false": line, "model true": line, "plain false": line, "plain true": line}
    assert roc_picture({**facts(), "roc": {"liver": curves, "lung": curves}}) is not None


def test_organs_are_judged_by_what_the_volume_holds() -> None:
    anatomy = np.zeros((6, 6, 6), np.uint8)
    anatomy[:3], anatomy[3:5] = 90, 91  # brain, skull
    assert organ_dice(anatomy, anatomy, "head", 0.1) == {"brain": 1.0, "skull": 1.0}
    found = organ_dice(np.where(anatomy == 90, 90, 0).astype(np.uint8), anatomy, "head", 0.1)
    assert found == {"brain": 1.0, "skull": 0.0}
    assert np.isnan(organ_dice(anatomy, anatomy, "abdomen", 0.1)["liver"])


def test_a_lesion_is_found_only_where_the_mask_is() -> None:
    mask = np.zeros((8, 8, 8), bool)
    mask[2:6, 2:6, 2:6] = True
    elsewhere = np.zeros_like(mask)
    elsewhere[7] = True
    one = np.zeros_like(mask)
    one[3, 3, 3] = True
    assert is_found(mask, mask, 0.001)
    assert not is_found(elsewhere, mask, 0.001)
    assert not is_found(one, mask, 0.001)
    assert is_found(one, mask, 0.2)
