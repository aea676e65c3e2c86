"""`connector inbox`: look at and act on what this node received."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli import usage_codes
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
from connector.cli.rows import chosen_states, received_message
from connector.cli.stores import opened_spool, opened_store
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.flow.operate import Operator
    from connector.store.inbox import InboxMessage
    from connector.store.store import Store

__all__ = ["inbox"]

_RETRIED: Final = ("parked", "held", "quarantined")
_AT_ONCE: Final = 1 << 20


@click.group()
def inbox() -> None:
    """Messages that this node received: documents, statuses, and what was set aside."""


@inbox.command("list")
@config_option
@json_option
@click.option("--state", "states", multiple=True, help="Only messages in this state.")
@click.option("--kind", type=click.Choice(["document", "status"]), help="Only these packets.")
@limit_option
def list_(
    config_path: Path, states: tuple[str, ...], kind: str | None, limit: int, *, as_json: bool
) -> None:
    """List messages, newest first."""
    from connector.model.states import InboxState
    from connector.store import inbox as rows

    chosen = chosen_states(InboxState, states)
    with opened_store(config_path) as store, store.read() as tx:
        found = rows.list_messages(tx, states=chosen, kind=kind, limit=limit)
    if as_json:
        print_json([_as_dict(row) for row in found])
        return
    table(
        ("packet", "kind", "số/ký hiệu", "sender", "state", "arrived", "reason"),
        [
            (
                (row.packet_id or row.message_key)[:8],
                f"status {row.status_code}" if row.kind == "status" else row.kind,
                row.code or row.document_id,
                row.sender or row.user_id,
                f"{row.state.value}, closed" if row.closed_at else row.state.value,
                row.received_at,
                row.findings[0]["en"] if row.findings else "",
            )
            for row in found
        ],
    )


@inbox.command()
@config_option
@json_option
@click.argument("packet")
def show(config_path: Path, packet: str, *, as_json: bool) -> None:
    """Show the message PACKET, its findings and how it was verified."""
    with opened_store(config_path) as store, store.read() as tx:
        row = received_message(tx, packet)
    facts = _as_dict(row) | {"verification": row.verification, "headers": row.headers}
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name}: {value}")


@inbox.command()
@config_option
@yes_option
@packets_or_all(_RETRIED, _RETRIED[:1])
def retry(
    config_path: Path,
    packets: tuple[str, ...],
    states: tuple[str, ...],
    kind: str | None,
    *,
    every: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Process the parked, held or quarantined PACKETs again.

    Nothing is done if one of the names is unknown. Then each is a transaction of its own; one that
    cannot be processed is told, the others are. With --all, closed cases stay closed.
    """
    insist_on_one_way(packets, every=every, chosen=bool(states or kind))
    with opened_node(config_path, dry_run=dry_run) as node:
        operator = node.operator(this_actor())
        chosen = (
            _set_aside(node.store, states or _RETRIED[:1], kind)
            if every
            else _named(operator, packets)
        )
        if not chosen:
            talk("there is nothing to process again")
            return
        one_by_one(
            chosen,
            lambda row: operator.process_again(row.message_key),
            told=lambda row: f"process {row.packet_id or row.message_key} again",
            together=lambda count: f"process {counted(count, 'message')} again",
            dry_run=dry_run,
            yes=yes,
        )


inbox.add_command(retry, "release")


@inbox.command()
@config_option
@yes_option
@click.option("--reason", required=True, help="Journalled.")
@click.argument("packet")
def park(config_path: Path, packet: str, reason: str, *, dry_run: bool, yes: bool) -> None:
    """Set PACKET aside until somebody retries it."""
    with opened_node(config_path, dry_run=dry_run) as node:
        operator = node.operator(this_actor())
        row = operator.received(packet)
        if confirmed(f"set {row.packet_id or packet} aside", dry_run=dry_run, yes=yes):
            operator.park_received(row.message_key, reason)


@inbox.command()
@config_option
@yes_option
@click.option("--reason", required=True, help="Journalled: what was found out, and by whom.")
@click.argument("packets", nargs=-1, required=True, metavar="PACKET...")
def close(
    config_path: Path, packets: tuple[str, ...], reason: str, *, dry_run: bool, yes: bool
) -> None:
    """Close the cases of quarantined PACKETs, when somebody has seen to them.

    They stay quarantined, as evidence, and nobody is told; `status` counts them as no concern any
    more. `inbox retry` opens a case again.
    """
    if not reason.strip():
        raise WrongUsage(usage_codes.NO_REASON)
    with opened_node(config_path, dry_run=dry_run) as node:
        operator = node.operator(this_actor())
        one_by_one(
            _named(operator, packets),
            lambda row: operator.close_quarantined(row.message_key, reason),
            told=lambda row: f"close the case of {row.packet_id or row.message_key}",
            together=lambda count: f"close {counted(count, 'case')}",
            dry_run=dry_run,
            yes=yes,
        )


@inbox.command()
@config_option
@click.argument("packet")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(config_path: Path, packet: str, file: Path) -> None:
    """Write the bytes of PACKET, exactly as received, to the new FILE."""
    with opened_store(config_path) as store, store.read() as tx:
        row = received_message(tx, packet)
    with opened_spool(config_path).get(row.body_sha256).open() as stream:
        write_new(file, iter(partial(stream.read, _AT_ONCE), b""))


def _set_aside(store: Store, states: Sequence[str], kind: str | None) -> list[InboxMessage]:
    """Return all messages in some states whose cases are open, the oldest first."""
    from connector.model.states import InboxState
    from connector.store import inbox as rows

    wanted = [InboxState(name) for name in states]
    with store.read() as tx:
        found = rows.list_messages(tx, states=wanted, kind=kind, limit=MOST)
    return [row for row in reversed(found) if row.closed_at is None]


def _named(operator: Operator, packets: Sequence[str]) -> list[InboxMessage]:
    """Return the messages that are named, each once.

    Raises:
        PermanentError: a name means none, or several.
    """
    found = (operator.received(text) for text in packets)
    return list({row.message_key: row for row in found}.values())


def _as_dict(row: InboxMessage) -> dict[str, Any]:
    return {
        "message_key": row.message_key,
        "packet_id": row.packet_id,
        "kind": row.kind,
        "sender": row.sender,
        "user_id": row.user_id,
        "document_id": row.document_id,
        "code": row.code,
        "subject": row.subject,
        "business_type": row.business_type,
        "status_code": row.status_code,
        "state": row.state.value,
        "served": list(row.served),
        "received_at": row.received_at.isoformat(),
        "attempts": row.attempts,
        "copies": row.copies,
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
        "findings": row.findings,
        "digest": row.digest,
        "bytes": row.body_size,
    }
