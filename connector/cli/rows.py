"""The rows of outbox and inbox that an operator means, in a store that is only read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli import usage_codes
from connector.cli.output import print_json
from connector.cli.stores import opened_store
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.store.inbox import InboxMessage
    from connector.store.outbox import OutboxPacket
    from connector.store.store import Transaction

__all__ = ["chosen_states", "received_message", "say_deliveries", "sent_packet"]


def chosen_states(kind: Any, names: tuple[str, ...]) -> list[Any] | None:
    """Return the states named by ``--state``, None for all; exit with 2 for an unknown name."""
    try:
        return [kind(name) for name in names] or None
    except ValueError as error:
        known = ", ".join(state.value for state in kind)
        unknown = next(name for name in names if name not in set(kind))
        raise WrongUsage(usage_codes.UNKNOWN_STATE, name=unknown, known=known) from error


def sent_packet(tx: Transaction, text: str) -> OutboxPacket:
    """Return the one sent packet that a text means; documents go before statuses.

    Raises:
        PermanentError: none, or several.
    """
    from connector.flow.refusals import only
    from connector.store import outbox

    found = outbox.find(tx, text=text)
    return only([row for row in found if row.kind == "document"] or found, text)


def say_deliveries(config_path: Path, text: str, action: str, *, as_json: bool) -> None:
    """Say of which packet and deliveries an action would be, for ``--dry-run``."""
    from connector.store import outbox

    with opened_store(config_path) as store, store.read() as tx:
        packet = sent_packet(tx, text)
        states = {d.receiver: d.state.value for d in outbox.deliveries(tx, packet.packet_id)}
    if as_json:
        print_json({"would": action, "packet_id": packet.packet_id, "deliveries": states})
        return
    for receiver, state in states.items():
        click.echo(f"would {action} {packet.packet_id} {packet.code} {receiver}: {state}")


def received_message(tx: Transaction, text: str) -> InboxMessage:
    """Return the one received message that a text means; duplicates and statuses come last.

    Raises:
        PermanentError: none, or several.
    """
    from connector.flow.refusals import only
    from connector.model.states import InboxState
    from connector.store import inbox

    found = inbox.find(tx, text=text)
    documents = [
        row for row in found if row.kind != "status" and row.state is not InboxState.DUPLICATE
    ]
    return only(documents or found, text)
