"""The particulars of agencies come from configuration and catalogue, not from the record.

So a record is the same as before if only they have changed since its packet was sent.
"""

from __future__ import annotations

from dataclasses import replace

from connector.edxml.parser import Limits
from connector.errors import PermanentError, StorageError
from connector.flow.bodies import Bodies
from connector.flow.containment import concerns_one_body
from connector.model.envelope import Document
from connector.model.identity import content_digest
from connector.store import outbox
from connector.store.spool import Spool
from connector.store.store import Transaction

__all__ = ["same_but_for_parties", "with_parties_of"]


def with_parties_of(sent: Document, document: Document) -> Document:
    """Return a document with the sender and receivers as a sent one spells those codes."""
    spelled = {each.organ_id: each for each in sent.receivers}
    same_sender = sent.sender.organ_id == document.sender.organ_id
    return replace(
        document,
        sender=sent.sender if same_sender else document.sender,
        receivers=tuple(spelled.get(each.organ_id, each) for each in document.receivers),
    )


def same_but_for_parties(
    tx: Transaction, spool: Spool, document: Document, packet_id: str, limits: Limits
) -> bool:
    """Tell whether a document is what went out in a packet.

    Names, addresses and the like of the agencies may be others than then. A packet that cannot
    be compared, because it is damaged or cannot be read, is told as another one.

    Raises:
        StorageError: the store or the disk failed; that says nothing about the packet.
    """
    packet = outbox.packet(tx, packet_id)
    if packet is None:
        return False
    try:
        sent = Bodies(spool).envelope(packet, outbox.recipe(tx, packet_id), limits)
    except PermanentError:
        return False
    except StorageError as error:
        if not concerns_one_body(error):
            raise
        return False
    if not isinstance(sent, Document):
        return False
    return content_digest(with_parties_of(sent, document)) == packet.content_digest
