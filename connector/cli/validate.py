"""`connector validate`: schema and business rules of a packet file."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import json_option
from connector.cli.output import print_json, talk, tell_findings

__all__ = ["validate"]


@click.command()
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def validate(file: Path, *, as_json: bool) -> None:
    """Check the packet FILE; exit with 65 if it has errors."""
    from connector.cli.files import read_file
    from connector.clock import SystemClock, vietnam_date
    from connector.edxml.validate import validate as check
    from connector.errors import Severity

    findings = check(read_file(file), today=vietnam_date(SystemClock().now()))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if as_json:
        entries = [finding.as_dict() for finding in findings]
        print_json({"file": str(file), "valid": not errors, "findings": entries})
    else:
        tell_findings(findings)
        talk(f"{file}: {'valid' if not errors else f'{len(errors)} errors'}")
    if errors:
        raise click.exceptions.Exit(65)
