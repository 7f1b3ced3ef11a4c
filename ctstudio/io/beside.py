"""What lies beside a sample's volumes for people and spreadsheets: the list of findings, the receipt of a change."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

from ctstudio.core.labels import LabelMap
from ctstudio.core.volume import Volume
from ctstudio.measure.anomaly import Finding, listed_findings
from ctstudio.protocol.result import Sample

FINDINGS, RECEIPT = "findings", "receipt"
_COLUMNS = ("number", "volume_ml", "mean_hu", "peak_hu", "diameter_mm", "x_mm", "y_mm", "z_mm")


def texts_beside(sample: Sample) -> dict[str, str]:
    """Texts by file name: `findings.csv` and `.json` of anomalies, `receipt.json` of a changed scan."""
    anomaly, labels = sample.outputs.get("anomaly"), sample.outputs.get("labels")
    if isinstance(anomaly, Volume) and isinstance(labels, LabelMap):
        table = listed_findings(anomaly, labels)
        return {f"{FINDINGS}.csv": findings_csv(table), f"{FINDINGS}.json": _json([asdict(one) for one in table])}
    if "outside_unchanged" in sample.measures:
        digests = {name: one for name, one in sample.provenance.outputs.items() if name.endswith("beyond the margin")}
        return {f"{RECEIPT}.json": _json({**sample.measures, "sha256": digests})}
    return {}


def findings_csv(table: tuple[Finding, ...]) -> str:
    """Findings as a table: mL, HU, mm; world positions in LPS."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in table:
        writer.writerow((one.number, one.volume_ml, one.mean_hu, one.peak_hu, one.diameter_mm, *one.centre_mm))
    return text.getvalue()


def _json(facts: object) -> str:
    return json.dumps(facts, indent=2, sort_keys=True) + "\n"
