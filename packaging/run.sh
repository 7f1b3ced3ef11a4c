#!/bin/sh
# Opens the window on the demo case. Without a display it writes the demo's pictures. Variable: BIN, the environment's bin.
set -eu
python="${BIN:-.venv/bin}/python"
case_dir=build/demo-case
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" = Darwin ]; then
    [ -e "$case_dir/truth.json" ] ||
        "$python" -m ctstudio phantom --region abdomen --seed 10007 --size 160 --spacing 2.4 --out "$case_dir"
    exec "$python" -m ctstudio "$case_dir/ct.nii.gz" "$case_dir/labels.nii.gz"
fi
echo "There is no display here, so the demo runs without a window."
"$python" -m ctstudio demo --out build/demo
