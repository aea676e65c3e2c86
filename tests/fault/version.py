"""Which version of the program a slice has tried: results of different ones are not added up."""

from __future__ import annotations

import functools
import hashlib
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["UNKNOWN", "commit", "fingerprint"]

UNKNOWN: Final = "unknown"
_ROOT: Final = Path(__file__).parents[2]


@functools.cache
def fingerprint() -> str:
    """Return a digest of the program's own code, whatever is committed of it."""
    found = hashlib.sha256()
    package = _ROOT / "connector"
    for path in sorted(package.rglob("*.py")):
        found.update(f"{path.relative_to(package)}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


@functools.cache
def commit() -> str:
    """Return the present commit, with a + if the code beside it differs; unknown without git."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "connector", "tests/fault")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return f"{head}+" if changed else head


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(_ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
