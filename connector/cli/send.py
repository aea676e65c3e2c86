"""`connector send`: ready packets into the outbox."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option, json_option, opened_node, this_actor
from connector.cli.output import print_json

__all__ = ["send"]


@click.command()
@config_option
@json_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
def send(config_path: Path, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Validate FILES, sign them in the name of their sender, and put them into the outbox."""
    from connector.cli.files import read_file

    results = []
    with opened_node(config_path) as node:
        operator = node.operator(this_actor())
        for path in files:
            packet_id, fresh = operator.send(read_file(path))
            results.append({"file": str(path), "packet_id": packet_id, "queued": fresh})
            if not as_json:
                click.echo(f"{packet_id}  {'queued' if fresh else 'already there'}  {path}")
    if as_json:
        print_json(results)
