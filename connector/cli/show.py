"""`connector show`: any packet, either dialect, as normalised data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from connector.cli.nodes import json_option
from connector.cli.output import print_json, tell_findings

__all__ = ["show"]


@click.command()
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path, *, as_json: bool) -> None:
    """Print what the packet FILE says; exit with 65 if it cannot be read."""
    from connector.cli.files import read_file
    from connector.edxml.plain import as_data
    from connector.edxml.reader import read
    from connector.errors import PermanentError

    content = read_file(file)
    try:
        reading = read(content)
    except PermanentError as error:
        if as_json:
            findings = [finding.as_dict() for finding in error.findings]
            print_json({"dialect": None, "packet": None, "findings": findings})
        raise
    data = as_data(reading.envelope)
    if as_json:
        findings = [finding.as_dict() for finding in reading.findings]
        print_json({"dialect": str(reading.dialect), "packet": data, "findings": findings})
        return
    for line in _lines(data, 0):
        click.echo(line)
    tell_findings(reading.findings)


def _lines(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    entries = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for name, item in entries:
        if item is None or item in ([], {}):
            continue
        if isinstance(item, dict | list):
            yield f"{indent}{name}:"
            yield from _lines(item, depth + 1)
        else:
            yield f"{indent}{name}: {item}"
