#!/bin/sh
# Makes the environment: VENV with exactly the versions of constraints.txt, and CT Studio in it (editable).
# Does nothing when nothing changed. Variables: VENV (default .venv), PYTHON, and pip's own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
venv=${VENV:-$root/.venv}
python=$("$here/find_python.sh")

pins=$(cat "$here/constraints.txt" "$root/pyproject.toml" | cksum | tr -d " ")
stamp="$venv/ctstudio-environment"
wanted="$pins $root"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

"$here/system_libraries.sh" "$python"

if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        "$here/apt_install.sh" "python$version-venv"
    fi
    echo "Making the Python environment in $venv" >&2
    "$python" -m venv "$venv"
fi

install() {
    PIP_RESUME_RETRIES=5 "$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check \
        --no-warn-script-location --root-user-action=ignore --retries 5 --timeout 60 "$@"
}

case "$(cat "$stamp" 2>/dev/null)" in
"$pins "*) # the same versions, used by another checkout before
    install --no-deps --editable "$root"
    ;;
*)
    echo "Installing Python packages (several GB the first time; a broken download continues when you run this again)" >&2
    for attempt in 1 2 3; do
        if install --constraint "$here/constraints.txt" --editable "$root[dev]"; then break; fi
        if [ "$attempt" = 3 ]; then
            echo "The Python packages could not be installed. Check the network and run the same command again." >&2
            exit 1
        fi
        sleep 5
    done
    ;;
esac
printf '%s' "$wanted" >"$stamp"
