"""The one resolver of data files: next to the package in a wheel, at the top in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["examples_dir", "schemas_dir"]

_PACKAGE: Final = Path(__file__).resolve().parent


def schemas_dir() -> Path:
    """Return the directory of XSDs, JSON Schemas, code lists and the agency seed."""
    return _find("schemas")


def examples_dir() -> Path:
    """Return the directory of example adapters and demo material."""
    return _find("examples")


def _find(name: str) -> Path:
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
