"""What was answered to a packet, with its reasons, as it stands in the statuses themselves."""

from __future__ import annotations

from dataclasses import dataclass

from connector.flow.bodies import Bodies
from connector.model.envelope import StatusCode, StatusReport
from connector.store import inbox, outbox
from connector.store.inbox import Receipt
from connector.store.spool import Spool
from connector.store.store import Transaction

__all__ = ["Said", "said_of"]


@dataclass(frozen=True, slots=True)
class Said:
    """A status that was given for one addressed code."""

    addressed: str
    status: StatusCode
    reason: str | None


def said_of(tx: Transaction, spool: Spool, packet_id: str) -> list[Said]:
    """Return what was answered to a packet, in the order in which it was.

    Reasons are kept nowhere but in the statuses that were sent; raises StorageError if one of
    them cannot be made again.
    """
    return [
        Said(
            addressed=receipt.addressed_code,
            status=StatusCode(receipt.status_code),
            reason=_reason(tx, spool, receipt),
        )
        for receipt in inbox.receipts(tx, packet_id)
    ]


def _reason(tx: Transaction, spool: Spool, receipt: Receipt) -> str | None:
    sent = outbox.packet(tx, receipt.receipt_packet_id)
    if sent is None:
        return None
    recipe = outbox.recipe(tx, sent.packet_id)
    envelope = Bodies(spool).envelope(sent, recipe)
    return envelope.description if isinstance(envelope, StatusReport) else None
