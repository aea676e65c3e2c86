"""`connector outbox`: look at and act on what this node sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.nodes import config_option, json_option, opened_node, this_actor, yes_option
from connector.cli.output import print_json, table, talk
from connector.cli.stores import opened_store

if TYPE_CHECKING:
    from connector.store.outbox import Delivery, OutboxPacket

__all__ = ["outbox"]


@click.group()
def outbox() -> None:
    """Packets that this node sends: documents and statuses."""


@outbox.command("list")
@config_option
@json_option
@click.option("--state", "states", multiple=True, help="Only deliveries in this state.")
@click.option("--receiver", help="Only deliveries to this agency code.")
@click.option("--kind", type=click.Choice(["document", "status"]))
@click.option("--limit", default=100, show_default=True)
def list_(
    config_path: Path,
    states: tuple[str, ...],
    receiver: str | None,
    kind: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List deliveries, newest first."""
    from connector.model.states import DeliveryState
    from connector.store import outbox as rows

    chosen = _states(DeliveryState, states)
    with opened_store(config_path) as store, store.read() as tx:
        found = rows.list_deliveries(tx, states=chosen, receiver=receiver, kind=kind, limit=limit)
    if as_json:
        print_json([_as_dict(packet, delivery) for packet, delivery in found])
        return
    table(
        ("packet", "kind", "số/ký hiệu", "receiver", "state", "attempts", "since", "reason"),
        [
            (
                p.packet_id[:8],
                _kind(p),
                p.code,
                d.receiver,
                d.state.value,
                d.attempts,
                d.updated_at,
                d.reason,
            )
            for p, d in found
        ],
    )


@outbox.command()
@config_option
@json_option
@click.argument("packet")
def show(config_path: Path, packet: str, *, as_json: bool) -> None:
    """Show a packet with all of its deliveries."""
    with opened_node(config_path) as node:
        found = node.operator(this_actor()).sent_packet(packet)
        from connector.store import outbox as rows

        with node.store.read() as tx:
            deliveries = rows.deliveries(tx, found.packet_id)
    facts = [_as_dict(found, delivery) for delivery in deliveries]
    if as_json:
        print_json(facts)
        return
    for fact in facts:
        for name, value in fact.items():
            click.echo(f"{name}: {value}")
        click.echo("")


@outbox.command()
@config_option
@yes_option
@click.option("--receiver", help="Only to this agency code.")
@click.argument("packet")
def retry(
    config_path: Path, packet: str, receiver: str | None, *, dry_run: bool, yes: bool
) -> None:
    """Send a returned, blocked or parked packet again."""
    with opened_node(config_path) as node:
        operator = node.operator(this_actor())
        found = operator.sent_packet(packet)
        if confirmed(f"send {found.packet_id} again", dry_run=dry_run, yes=yes):
            operator.requeue(found.packet_id, receiver=receiver)


@outbox.command()
@config_option
@yes_option
@click.option("--reason", required=True, help="Journalled.")
@click.argument("packet")
def park(config_path: Path, packet: str, reason: str, *, dry_run: bool, yes: bool) -> None:
    """Stop sending a packet until somebody retries it."""
    with opened_node(config_path) as node:
        operator = node.operator(this_actor())
        found = operator.sent_packet(packet)
        if confirmed(f"stop sending {found.packet_id}", dry_run=dry_run, yes=yes):
            operator.park_delivery(found.packet_id, reason)


outbox.add_command(retry, "release")


@outbox.command()
@config_option
@click.argument("packet")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(config_path: Path, packet: str, file: Path) -> None:
    """Write the packet's bytes, exactly as sent, to FILE."""
    with opened_node(config_path) as node:
        found = node.operator(this_actor()).sent_packet(packet)
        write_new(file, node.spool.get(found.body_sha256).path.read_bytes())


def confirmed(act: str, *, dry_run: bool, yes: bool) -> bool:
    """Say or ask what is about to be done; True if it shall be done."""
    if dry_run:
        click.echo(f"would {act}")
        return False
    if not yes and not click.confirm(f"{act}?", err=True):
        raise click.Abort
    talk(act)
    return True


def write_new(file: Path, data: bytes) -> None:
    """Write a file that does not exist yet; exit with 73 if it does or cannot be written."""
    try:
        with file.open("xb") as stream:
            stream.write(data)
    except OSError as error:
        talk(f"cannot write {file}: {error.strerror}")
        raise click.exceptions.Exit(73) from error


def _states(kind: Any, names: tuple[str, ...]) -> list[Any] | None:
    try:
        return [kind(name) for name in names] or None
    except ValueError as error:
        known = ", ".join(state.value for state in kind)
        raise click.BadParameter(f"{error}; known: {known}", param_hint="--state") from error


def _kind(packet: OutboxPacket) -> str:
    return f"status {packet.status_code}" if packet.kind == "status" else "document"


def _as_dict(packet: OutboxPacket, delivery: Delivery) -> dict[str, Any]:
    return {
        "packet_id": packet.packet_id,
        "kind": packet.kind,
        "document_id": packet.document_id,
        "code": packet.code,
        "subject": packet.subject,
        "business_type": packet.business_type,
        "status_code": packet.status_code,
        "priority": packet.priority,
        "sender": packet.sender,
        "receiver": delivery.receiver,
        "state": delivery.state.value,
        "last_status": delivery.last_status,
        "attempts": delivery.attempts,
        "reason": delivery.reason,
        "error_code": delivery.error_code,
        "sealed_at": packet.sealed_at.isoformat(),
        "sent_at": delivery.sent_at.isoformat() if delivery.sent_at else None,
        "not_before": delivery.not_before.isoformat(),
        "adapter": packet.adapter,
        "place": packet.place,
        "digest": packet.digest,
        "bytes": packet.body_size,
    }
