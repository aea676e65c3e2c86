"""What the messages of one transaction have in common is done once, at its end.

Each is deferred where it is decided and made durable by the same commit. Nothing in a transaction
may look for what it deferred itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from connector.flow.ledger import Work
from connector.model.states import InboxState
from connector.store import inbox

__all__ = ["move", "wake_held"]


class _Move(NamedTuple):
    message_key: str
    state: InboxState
    columns: dict[str, Any]


def move(work: Work, message_key: str, state: InboxState, **columns: Any) -> None:
    """Move a message as `inbox.update` does, once this transaction ends."""
    work.defer(_move_all, _Move(message_key, state, columns))


def wake_held(work: Work, sender: str) -> None:
    """Let the held documents of a sender be looked at again, once this transaction ends."""
    work.defer(_wake_all, sender)


def _move_all(work: Work, moves: Sequence[_Move]) -> None:
    inbox.update_many(work.tx, moves, now=work.now)


def _wake_all(work: Work, senders: Sequence[str]) -> None:
    for sender in dict.fromkeys(senders):
        inbox.wake_held(work.tx, sender, now=work.now)
