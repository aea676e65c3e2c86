"""`connector resend`: the same packet once more, under the same id."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.asking import confirmed
from connector.cli.nodes import (
    config_option,
    json_option,
    opened_node,
    this_actor,
    yes_option,
)
from connector.cli.output import print_json
from connector.cli.rows import say_deliveries

__all__ = ["resend"]


@click.command()
@config_option
@json_option
@click.option("--receiver", help="Only to this agency code.")
@yes_option
@click.argument("packet")
def resend(
    config_path: Path,
    packet: str,
    receiver: str | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Queue the sent PACKET again; receivers that have it answer with their stored receipts.

    Asks at a terminal; a script of the legacy system is not asked.
    """
    if dry_run:
        say_deliveries(config_path, packet, "resend", as_json=as_json)
        return
    if not confirmed(f"send {packet} again", dry_run=False, yes=yes, for_scripts=True):
        return
    with opened_node(config_path) as node:
        deliveries = node.operator(this_actor()).requeue(packet, receiver=receiver)
    receivers = [delivery.receiver for delivery in deliveries]
    if as_json:
        print_json({"packet": packet, "receivers": receivers})
    else:
        click.echo(f"queued again for {', '.join(receivers)}")
