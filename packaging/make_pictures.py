"""Make the README's contact sheet: five held-out masks at six doses, generated, beside the phantom's truth.

python packaging/make_pictures.py resources/pictures/contact_sheet.png
python packaging/make_pictures.py resources/pictures/scene.png          the 3D view instead
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ctstudio.catalog.shelf import find_model
from ctstudio.evaluation.held_out import held_out_slices, with_noise
from ctstudio.evaluation.na_diff import DOSES, generate_slices
from ctstudio.io.pictures import contact_sheet
from ctstudio.measure.noise import noise_sd_hu
from ctstudio.systems.na_diff.weights import load

MASKS = 5
FIRST_SEED = 150_000
CROP = (slice(36, 220), slice(8, 248))
TRUTH_DOSES = (0.05, 0.25, 1.0)
GREYS = 64
"""Of the picture in the repository: nobody sees the difference, and it is less than half as large."""


def main(path: Path) -> None:
    """Generate the sheet and write it as PNG."""
    found = find_model("na-diff-demo")
    model = load(found.folder, found.info, torch.device("cpu"), torch.float32)
    slices = held_out_slices(MASKS, model.config, FIRST_SEED)
    made = [generate_slices(model, slices.labels, None, dose, seed=3) for dose in DOSES]
    truth = [with_noise(slices, dose, model.config) for dose in TRUTH_DOSES]
    liver, window = slices.liver(), model.config.window
    rows, captions = [], []
    for row in range(MASKS):
        images = [*(column[row] for column in made), *(column[row] for column in truth)]
        rows.append([window.to_grey(image)[CROP] for image in images])
        captions.append([f"liver SD {noise_sd_hu(image, liver[row]):.0f} HU" for image in images])
    columns = [*(f"generated, {dose:.0%}" for dose in DOSES), *(f"phantom, {dose:.0%}" for dose in TRUTH_DOSES)]
    titles = [f"mask {row + 1}" for row in range(MASKS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(np.asarray(contact_sheet(rows, titles, columns, captions), np.uint8))
    sheet.quantize(GREYS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    asked = Path(sys.argv[1])
    if asked.stem == "scene":
        import scene_picture

        scene_picture.write(asked)
    else:
        main(asked)
