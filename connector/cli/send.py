"""`connector send`: ready packets into the outbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from connector.cli.nodes import config_option, json_option, opened_node, this_actor
from connector.cli.output import print_json, tell_findings
from connector.errors import Finding, NoInputError, PermanentError, TrustError

__all__ = ["send"]


@click.command()
@config_option
@json_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
def send(config_path: Path, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Validate FILES, sign them in the name of their sender, and put them into the outbox.

    A signature in a file is replaced if it is unbroken and the sender's own; a packet with a
    broken one, or another's, is refused.

    A file that cannot be sent does not hold up the others; the exit status is that of the first.
    """
    from connector.cli.files import read_file

    results: list[dict[str, object]] = []
    status = 0
    with opened_node(config_path) as node:
        operator = node.operator(this_actor())
        for path in files:
            try:
                packet_id, fresh = operator.send(read_file(path))
            except (PermanentError, NoInputError, TrustError) as error:
                findings = [replace(each, place=_place(path, each)) for each in error.findings]
                tell_findings(findings)
                results.append({"file": str(path), "findings": [f.as_dict() for f in findings]})
                status = status or error.exit_status
                continue
            results.append({"file": str(path), "packet_id": packet_id, "queued": fresh})
            if not as_json:
                click.echo(f"{packet_id}  {'queued' if fresh else 'already there'}  {path}")
    if as_json:
        print_json(results)
    if status:
        raise click.exceptions.Exit(status)


def _place(path: Path, finding: Finding) -> str:
    return f"{path} {finding.place}" if finding.place else str(path)
