"""`connector resend`: the same packet once more, under the same id."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option, json_option, opened_node, this_actor
from connector.cli.output import print_json

__all__ = ["resend"]


@click.command()
@config_option
@json_option
@click.option("--receiver", help="Only to this agency code.")
@click.argument("packet")
def resend(config_path: Path, packet: str, receiver: str | None, *, as_json: bool) -> None:
    """Queue the sent PACKET again; receivers that have it answer with their stored receipts."""
    with opened_node(config_path) as node:
        deliveries = node.operator(this_actor()).requeue(packet, receiver=receiver)
    receivers = [delivery.receiver for delivery in deliveries]
    if as_json:
        print_json({"packet": packet, "receivers": receivers})
    else:
        click.echo(f"queued again for {', '.join(receivers) or 'nobody'}")
