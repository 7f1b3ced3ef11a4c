"""A TotalSegmentator that knows two organs: reads the real NIfTI, says what the real one says, writes real NIfTI.

    found = scripted_totalsegmentator.install(folder)

makes both commands in a folder. What they do is told by words in a file "script" there: "hang", "fail", "killed".
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ctstudio.jobs.total_segmentator import LOADER, PROGRAM, TotalSegmentator

LIVER, SPLEEN = 5, 1
_FULL, _FAST = (291, 292, 293, 294, 295), (297,)


def install(folder: Path, weights: str = "fast", script: str = "") -> TotalSegmentator:
    """Both commands in a folder, with weights "", "fast" or "all"."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PROGRAM, LOADER):
        command = folder / name
        command.write_text(f"#!{sys.executable} -P\nimport runpy, sys\n"
                           f"sys.argv += [{name!r}, {str(folder)!r}]\n"
                           f"runpy.run_path({str(Path(__file__).resolve())!r}, run_name='__main__')\n")  # fmt: skip
        command.chmod(0o755)
    (folder / "script").write_text(script)
    found = TotalSegmentator(folder / PROGRAM, folder / LOADER, folder / "weights")
    put_weights(found.weights, {"": (), "fast": _FAST, "all": (*_FULL, *_FAST)}[weights])
    return found


def put_weights(folder: Path, numbers: tuple[int, ...]) -> None:
    """Folders as the real weights lie there."""
    for number in numbers:
        place = folder / f"Dataset{number}_scripted" / "trainer" / "fold_0"
        place.mkdir(parents=True, exist_ok=True)
        (place / "checkpoint_final.pth").write_bytes(b"weights")


def _main() -> None:
    *words, program, folder = sys.argv[1:]
    told = {"words": words, "environment": dict(os.environ), "pid": os.getpid()}
    Path(folder, f"{program}.json").write_text(json.dumps(told))
    script = Path(folder, "script").read_text()
    if script == "fail":
        sys.exit("RuntimeError: no such network")
    if program == LOADER:
        put_weights(Path(os.environ["TOTALSEG_WEIGHTS_PATH"]), _FAST if words[-1] == "total_fast" else _FULL)
        return
    given = {key: value for key, value in itertools.pairwise(words) if key.startswith("-")}
    if "Dataset" not in " ".join(path.name for path in Path(os.environ["TOTALSEG_WEIGHTS_PATH"]).iterdir()):
        sys.exit("would load weights")
    parts = 1 if "--fast" in words else 5
    print("Resampling...", flush=True)
    for part in range(1, parts + 1):
        print(f"Predicting part {part} of {parts} ...", flush=True)
        for percent in (0, 50, 100):
            sys.stderr.write(f"\r{percent:3d}%|{'#' * (percent // 10):10s}| {percent // 25}/4 [00:01<00:01]")
            sys.stderr.flush()
            time.sleep(0.02)
        print(file=sys.stderr, flush=True)
        if script == "hang":
            time.sleep(600)
        if script == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    print("Saving segmentations...", flush=True)
    _write(Path(given["-i"]), Path(given["-o"]))


def _write(scan: Path, labels: Path) -> None:
    """A liver on the patient's right and a spleen on the left, where there is tissue, on the scan's own voxels."""
    import numpy as np
    import SimpleITK

    image = SimpleITK.ReadImage(str(scan))
    array = SimpleITK.GetArrayFromImage(image)
    organs = np.zeros(array.shape, np.uint8)
    half = array.shape[2] // 2
    organs[..., :half], organs[..., half:] = LIVER, SPLEEN
    made = SimpleITK.GetImageFromArray(np.where(array > -200, organs, 0).astype(np.uint8))
    made.CopyInformation(image)
    SimpleITK.WriteImage(made, str(labels))


if __name__ == "__main__":
    _main()
