#!/bin/sh
# Installs Debian packages when it may; otherwise says the exact command. Arguments: package names.
command="apt-get install -y --no-install-recommends $*"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
    if ! command -v sudo >/dev/null 2>&1 || { ! [ -t 0 ] && ! sudo -n true 2>/dev/null; }; then
        echo "Missing system packages: $*. Please run: sudo $command" >&2
        exit 1
    fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing system packages (Debian's names): $*. Please install them with this system's package tool." >&2
    exit 1
fi
echo "Installing system packages: $*" >&2
export DEBIAN_FRONTEND=noninteractive
# The lists of a fresh machine are empty, those of an old one out of date: try, refresh, try again.
$as_root $command >/dev/null 2>&1 && exit 0
$as_root apt-get update -qq >/dev/null 2>&1
$as_root $command >/dev/null && exit 0
echo "apt-get could not install: $*. Please run: sudo apt-get update && sudo $command" >&2
exit 1
