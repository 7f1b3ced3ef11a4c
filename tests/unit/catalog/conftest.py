"""A small model folder on disk."""

from pathlib import Path

import pytest

from ctstudio.catalog.model_card import ModelInfo, Range, Ranges
from ctstudio.catalog.shelf import file_digest


@pytest.fixture
def ranges():
    return Ranges(
        region="abdomen",
        fov_mm=Range(low=300, high=420),
        spacing_mm=Range(low=0.7, high=3.0),
        dose=Range(low=0.05, high=1.0),
        labels=["liver", "spleen"],
        label_area_mm2={"liver": Range(low=400, high=20_000)},
    )


@pytest.fixture
def make_model(ranges):
    """Write a model folder with two files and their digests; return its folder."""

    def make(place: Path, name: str = "na-diff-demo") -> Path:
        folder = place / name
        (folder / "vae").mkdir(parents=True)
        (folder / "vae" / "weights.safetensors").write_bytes(b"vae of " + name.encode())
        (folder / "network.safetensors").write_bytes(b"network of " + name.encode())
        files = {p.relative_to(folder).as_posix(): file_digest(p) for p in folder.rglob("*.safetensors")}
        info = ModelInfo(name=name, size="demo", title="NA-Diff", system="na_diff", ranges=ranges, files=files)
        info.write(folder)
        return folder

    return make
