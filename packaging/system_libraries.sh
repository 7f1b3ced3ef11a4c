#!/bin/sh
# Makes sure that Qt and VTK find the system libraries they load at run time. Argument: a Python to ask the loader with.
[ "$(uname -s)" = Linux ] || exit 0
here=$(dirname "$0")
python=${1:-python3}

missing() {
    "$python" - "$@" <<'PYTHON'
import ctypes, sys
for pair in sys.argv[1:]:
    package, _, library = pair.partition("=")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
PYTHON
}

# Needed everywhere, also without a display: Qt's offscreen platform and VTK's EGL.
needed=$(missing libegl1=libEGL.so.1 libgl1=libGL.so.1 libxkbcommon0=libxkbcommon.so.0 libdbus-1-3=libdbus-1.so.3 \
    libfontconfig1=libfontconfig.so.1 libglib2.0-0=libglib-2.0.so.0)
# Needed for a window on X.
window=$(missing libxcb-cursor0=libxcb-cursor.so.0 libxcb-icccm4=libxcb-icccm.so.4 libxcb-keysyms1=libxcb-keysyms.so.1 \
    libxcb-shape0=libxcb-shape.so.0 libxkbcommon-x11-0=libxkbcommon-x11.so.0)
fonts=
find /usr/share/fonts /usr/local/share/fonts "${HOME:-/root}/.fonts" "${HOME:-/root}/.local/share/fonts" \
    -name '*.[ot]tf' 2>/dev/null | head -n 1 | grep -q . || fonts=fonts-dejavu-core

[ -z "$needed$window$fonts" ] && exit 0
# shellcheck disable=SC2086  # the lists are words
"$here/apt_install.sh" $needed $window $fonts && exit 0
[ -z "$needed" ]  # without the window's libraries the program still works without a display
