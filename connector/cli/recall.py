"""`connector recall`: take a sent document back (QĐ 28/2018 Đ8(2))."""

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

__all__ = ["recall"]


@click.command()
@config_option
@json_option
@click.option("--reason", help="Told to the receivers.")
@yes_option
@click.argument("packet")
def recall(
    config_path: Path,
    packet: str,
    reason: str | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Recall the sent document PACKET from everybody whom it may have reached.

    Asks at a terminal; a script of the legacy system is not asked.
    """
    if dry_run:
        say_deliveries(config_path, packet, "recall", as_json=as_json)
        return
    if not confirmed(f"recall {packet}", dry_run=False, yes=yes, for_scripts=True):
        return
    with opened_node(config_path) as node:
        result = node.operator(this_actor()).recall(packet, reason)
    if as_json:
        print_json(
            {
                "packet_id": result.packet_id,
                "receivers": list(result.receivers),
                "never_sent": list(result.never_sent),
            }
        )
        return
    if result.packet_id:
        click.echo(f"{result.packet_id}  recall to {', '.join(result.receivers)}")
    if result.never_sent:
        click.echo(f"not sent at all: {', '.join(result.never_sent)}")
