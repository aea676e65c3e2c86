"""`connector reply`: a processing status from a script of the legacy system."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli import usage_codes
from connector.cli.nodes import config_option, json_option, opened_node, this_actor
from connector.cli.output import print_json
from connector.cli.usage import WrongUsage

__all__ = ["reply"]


@click.command()
@config_option
@json_option
@click.option("--reason", help="Told to the sender; needed for 02 and 16.")
@click.argument("packet")
@click.argument("status", type=click.Choice(["02", "03", "04", "05", "06", "15", "16"]))
def reply(
    config_path: Path, packet: str, status: str, reason: str | None, *, as_json: bool
) -> None:
    """Send STATUS for the received document PACKET (packet id, document id or số/ký hiệu).

    02 refused, 03 accepted, 04 assigned, 05 in process, 06 finished, 15 and 16 answer a request
    to take back.
    """
    from connector.model.envelope import StatusCode

    if status in {"02", "16"} and not reason:
        raise WrongUsage(usage_codes.STATUS_NEEDS_REASON, status=status)
    with opened_node(config_path) as node:
        sent = node.operator(this_actor()).reply(packet, StatusCode(status), reason)
    if as_json:
        print_json({"packet": packet, "status": status, "sent": sent})
    else:
        click.echo("\n".join(sent) if sent else f"status {status} was sent before")
