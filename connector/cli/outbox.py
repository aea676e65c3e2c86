"""`connector outbox`: look at and act on what this node sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli.asking import confirmed
from connector.cli.files import write_new
from connector.cli.many import MOST, insist_on_one_way, one_by_one, packets_or_all
from connector.cli.nodes import (
    config_option,
    json_option,
    limit_option,
    opened_node,
    this_actor,
    yes_option,
)
from connector.cli.output import counted, print_json, table, talk
from connector.cli.rows import chosen_states, sent_packet
from connector.cli.stores import opened_spool, opened_store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.model.states import DeliveryState
    from connector.store.outbox import Delivery, OutboxPacket
    from connector.store.store import Transaction

__all__ = ["outbox"]

_ACTS: Final = {1: "recall", 2: "update", 3: "replacement"}
_STUCK_FOR_GOOD: Final = ("returned", "parked", "blocked")
_STUCK: Final = (*_STUCK_FOR_GOOD, "unconfirmed", "queued")


@click.group()
def outbox() -> None:
    """Packets that this node sends: documents and statuses."""


@outbox.command("list")
@config_option
@json_option
@click.option("--state", "states", multiple=True, help="Only deliveries in this state.")
@click.option("--receiver", help="Only deliveries to this agency code.")
@click.option("--kind", type=click.Choice(["document", "status"]), help="Only these packets.")
@limit_option
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

    chosen = chosen_states(DeliveryState, states)
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
    """Show PACKET with all of its deliveries."""
    from connector.store import outbox as rows

    with opened_store(config_path) as store, store.read() as tx:
        found = sent_packet(tx, packet)
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
@json_option
@click.option("--adapter", help="Only records of this adapter.")
@limit_option
def refused(config_path: Path, adapter: str | None, limit: int, *, as_json: bool) -> None:
    """List the records that were refused and not corrected since, newest first.

    Of a secret record only its place, the rule and the time are known.
    """
    from connector.store import sources

    with opened_store(config_path) as store, store.read() as tx:
        found = sources.refusals(tx, adapter=adapter, limit=limit)
    if as_json:
        facts = ("adapter", "place", "source_key", "at", "findings")
        print_json([{name: getattr(row, name) for name in facts} for row in found])
        return
    rows = [
        (row.at, row.adapter, row.place, finding["code"], finding["vi"])
        for row in found
        for finding in row.findings
    ]
    table(("since", "adapter", "place", "rule", "reason"), rows)
    talk(f"{counted(len(found), 'record')} listed, secret ones included; a line for each rule")


@outbox.command()
@config_option
@yes_option
@packets_or_all(_STUCK, _STUCK_FOR_GOOD)
@click.option("--receiver", help="Only to this agency code.")
def retry(
    config_path: Path,
    packets: tuple[str, ...],
    receiver: str | None,
    states: tuple[str, ...],
    kind: str | None,
    *,
    every: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Send returned, blocked, parked or unanswered PACKETs again, to whom they did not get.

    Nothing is sent if one of the names is unknown or wrong. Then each packet is a transaction of
    its own; one that has left meanwhile is told, the others are sent.
    """
    from connector.model.states import DeliveryState

    insist_on_one_way(packets, every=every, chosen=bool(states or kind))
    wanted = frozenset(map(DeliveryState, (states or _STUCK_FOR_GOOD) if every else _STUCK))
    with opened_node(config_path, dry_run=dry_run) as node:
        operator = node.operator(this_actor())
        with node.store.read() as tx:
            chosen = (
                _stuck(tx, wanted, receiver, kind)
                if every
                else _named(tx, packets, wanted, receiver)
            )
        if not chosen:
            talk("there is nothing to send again")
            return
        one_by_one(
            chosen.items(),
            lambda one: operator.requeue(one[0], receiver=receiver, states=wanted),
            told=lambda one: f"send {one[0]} to {', '.join(one[1])} again",
            together=lambda count: (
                f"send {counted(count, 'packet')} again "
                f"({counted(sum(map(len, chosen.values())), 'delivery', 'deliveries')})"
            ),
            dry_run=dry_run,
            yes=yes,
        )


@outbox.command()
@config_option
@yes_option
@click.option("--reason", required=True, help="Journalled.")
@click.argument("packet")
def park(config_path: Path, packet: str, reason: str, *, dry_run: bool, yes: bool) -> None:
    """Stop sending PACKET until somebody retries it; what has left is not touched."""
    from connector.model.states import DeliveryState as State

    with opened_node(config_path, dry_run=dry_run) as node:
        operator = node.operator(this_actor())
        with node.store.read() as tx:
            waiting = {State.QUEUED, State.BLOCKED}
            found, receivers = _deliveries_in(tx, packet, waiting, None, action="park")
        act = f"stop sending {found.packet_id} to {', '.join(receivers)}"
        if confirmed(act, dry_run=dry_run, yes=yes):
            operator.park_delivery(found.packet_id, reason)


outbox.add_command(retry, "release")


@outbox.command()
@config_option
@click.argument("packet")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(config_path: Path, packet: str, file: Path) -> None:
    """Write the bytes of PACKET, exactly as sent, to the new FILE."""
    from connector.flow.bodies import Bodies
    from connector.store.outbox import recipe

    with opened_store(config_path) as store, store.read() as tx:
        found = sent_packet(tx, packet)
        made_of = recipe(tx, found.packet_id)
    write_new(file, Bodies(opened_spool(config_path)).chunks(found, made_of))


def _named(
    tx: Transaction, packets: Sequence[str], states: Collection[DeliveryState], receiver: str | None
) -> dict[str, list[str]]:
    """Return the packets that are named, with those of their receivers whom they did not reach.

    Raises:
        PermanentError: as `_deliveries_in` for the first one.
    """
    found = (_deliveries_in(tx, text, states, receiver, action="retry") for text in packets)
    return {packet.packet_id: receivers for packet, receivers in found}


def _stuck(
    tx: Transaction, states: Collection[DeliveryState], receiver: str | None, kind: str | None
) -> dict[str, list[str]]:
    """Return all packets with deliveries in some states and their receivers, the oldest first."""
    from connector.store import outbox as rows

    found = rows.list_deliveries(tx, states=states, receiver=receiver, kind=kind, limit=MOST)
    chosen: dict[str, list[str]] = {}
    for packet, delivery in reversed(found):
        chosen.setdefault(packet.packet_id, []).append(delivery.receiver)
    return chosen


def _deliveries_in(
    tx: Transaction,
    text: str,
    states: Collection[DeliveryState],
    receiver: str | None,
    *,
    action: str,
) -> tuple[OutboxPacket, list[str]]:
    """Return a packet and its receivers in some states.

    Raises:
        PermanentError: no such packet or receiver, or none of the deliveries is in these states.
    """
    from connector.flow.refusals import impossible
    from connector.model.states import DeliveryState as State
    from connector.store import outbox as rows

    found = sent_packet(tx, text)
    every = rows.deliveries(tx, found.packet_id)
    meant = [d for d in every if receiver in {None, d.receiver}]
    if not meant:
        raise impossible(action, "no receiver", text)
    chosen = [d for d in meant if d.state in states]
    if not chosen:
        told = ", ".join(f"{d.receiver} {d.state.value}" for d in meant)
        ended = {State.REFUSED, State.RECALLED, State.RECALL_REQUESTED}
        left = action == "retry" and any(d.state not in ended for d in meant)
        raise impossible(action, "has left" if left else "deliveries", text, states=told)
    return found, [delivery.receiver for delivery in chosen]


def _kind(packet: OutboxPacket) -> str:
    if packet.kind == "status":
        return f"status {packet.status_code}"
    return _ACTS.get(packet.business_type or 0, "document")


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
