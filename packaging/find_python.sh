#!/bin/sh
# Prints the first Python of at least 3.11 on this machine, or says how to get one.
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3 python; do
    found=$(command -v "$candidate" 2>/dev/null) || continue
    if "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$found"
        exit 0
    fi
done
echo "CT Studio needs Python 3.11 or later and found none. Install it (Debian: sudo apt-get install python3), or give its path: make PYTHON=/path/to/python3 run" >&2
exit 1
