#!/usr/bin/env bash
# Make the virtual environment .venv from the lock file, once; safe when two run at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}

# The directory belongs to it: an environment that was copied with its checkout runs the other one's code.
stamp() { { pwd -P; cat pyproject.toml requirements-dev.lock; } | sha256sum | cut -d' ' -f1; }

exec 9>.venv.lock
flock 9
[ "$(cat .venv/.ready 2>/dev/null)" = "$(stamp)" ] && exit 0

"$python" - <<'EOP' || exit 69
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; set PYTHON=…")
try:
    import ensurepip
except ImportError:
    sys.exit("Python's venv module is incomplete: apt-get install python3-venv")
EOP
echo "setting up .venv (once, about a minute) …" >&2
rm -rf .venv
"$python" -m venv .venv
.venv/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
.venv/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
stamp > .venv/.ready
