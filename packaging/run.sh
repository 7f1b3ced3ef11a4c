#!/bin/sh
# Opens the window on the demo case. Without a display it writes the demo's pictures. Variable: BIN, the environment's bin.
set -eu
python="${BIN:-.venv/bin}/python"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" = Darwin ]; then
    exec "$python" -m ctstudio window --demo
fi
echo "There is no display here, so the demo runs without a window."
"$python" -m ctstudio demo --out build/demo
