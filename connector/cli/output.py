"""How verbs speak: data on standard output, talk on standard error, both languages."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from connector.cli.codes import BUG, IO_FAILED
from connector.clock import VIETNAM
from connector.errors import ConnectorError, Finding

__all__ = [
    "counted",
    "finding_lines",
    "fold_time",
    "print_json",
    "table",
    "talk",
    "tell_error",
    "tell_findings",
]


def print_json(value: Any) -> None:
    """Print one JSON value on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def talk(text: str) -> None:
    """Print a line for people on standard error."""
    click.echo(text, err=True)


def counted(count: int, thing: str, things: str | None = None) -> str:
    """Return a number with its noun: ``1 finding``, ``2 findings``."""
    return f"{count} {thing}" if count == 1 else f"{count} {things or f'{thing}s'}"


def finding_lines(finding: Finding) -> Iterable[str]:
    """Yield a finding as people read it: code and place, both languages, the next step."""
    place = f" {finding.place}" if finding.place else ""
    yield f"{finding.severity.value} {finding.code}{place}"
    yield f"  {finding.vi}"
    yield f"  {finding.en}"
    if finding.hint_vi or finding.hint_en:
        yield f"  → {finding.hint_vi} / {finding.hint_en}"


def tell_findings(findings: Iterable[Finding]) -> None:
    """Print findings on standard error."""
    for finding in findings:
        for line in finding_lines(finding):
            talk(line)


def tell_error(error: Exception) -> int:
    """Print an error on standard error and return the exit status that belongs to it."""
    if isinstance(error, ConnectorError):
        tell_findings(error.findings)
        return error.exit_status
    if isinstance(error, OSError):
        place = str(error.filename) if error.filename else ""
        tell_findings([IO_FAILED.at(place, reason=error.strerror or type(error).__name__)])
        return 74
    tell_findings([BUG.at(reason=f"{type(error).__name__}: {error}")])
    return 70


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in aligned columns on standard output."""
    lines = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo(text.rstrip())
        if number == 0:
            click.echo("  ".join("-" * width for width in widths))


def fold_time(moment: dt.datetime | None) -> str:
    """Return a moment as people in Vietnam read it; empty if there is none."""
    if moment is None:
        return ""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return fold_time(value)
    return " ".join(str(value).split())
