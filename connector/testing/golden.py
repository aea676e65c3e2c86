"""Golden packets: an adapter's own tests, and packets that are compared with a file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connector.agencies.files import load
from connector.clock import Clock, ManualClock
from connector.errors import Severity
from connector.flow.adapters.adapter import Adapter, stand_alone
from connector.flow.adapters.lint import lint_adapter
from connector.flow.adapters.trial import run_tests
from connector.flow.ours import Ours
from connector.testing.verdicts import require

__all__ = ["UPDATE", "adapter_at", "check_adapter", "check_golden", "updating"]

UPDATE: Final = "CONNECTOR_UPDATE_GOLDEN"
"""Environment variable that has golden files written anew instead of compared, if it is 1."""

_LONG_LINE: Final = 160


def updating(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether golden files are to be written anew."""
    return (os.environ if environ is None else environ).get(UPDATE) == "1"


def adapter_at(directory: Path, *, clock: Clock | None = None) -> Adapter:
    """Return an adapter with the shipped catalogue; raises ConfigError if it is wrong."""
    return stand_alone(directory, Ours({}, load(None)), clock or ManualClock())


def check_adapter(directory: Path, *, update: bool | None = None) -> int:
    """Lint an adapter and run its tests.yaml; return how many tests it has.

    Raises AssertionError with every finding and every difference.
    """
    found = lint_adapter(directory, Ours({}, load(None)), ManualClock())
    errors = [str(finding) for finding in found if finding.severity is Severity.ERROR]
    require(not errors, "\n".join(["the adapter has findings:", *errors]))
    renew = updating() if update is None else update
    outcomes = list(run_tests(adapter_at(directory), update=renew))
    failed = [f"{one.name}:\n{one.difference}" for one in outcomes if not one.passed]
    require(not failed, "\n".join(["tests of the adapter fail:", *failed]))
    return len(outcomes)


def check_golden(data: bytes, expected: Path, *, update: bool | None = None) -> None:
    """Compare bytes with a golden file, or write it where `update` says so.

    Raises AssertionError with the difference, element by element.
    """
    if updating() if update is None else update:
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_bytes(data)
        return
    before = expected.read_bytes() if expected.is_file() else b""
    if before != data:
        lines = difflib.unified_diff(_lines(before), _lines(data), str(expected), "now", "", "", 1)
        require(False, "\n".join(["the packet is another one:", *lines]))


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", errors="replace").replace("><", ">\n<")
    return [one[:_LONG_LINE] + ("…" if len(one) > _LONG_LINE else "") for one in text.split("\n")]
