"""The particulars of agencies come from configuration and catalogue, not from the record.

So a record is the same as before if only they have changed since its packet was sent.
"""

from __future__ import annotations

from dataclasses import replace

from connector.edxml.reader import read
from connector.errors import StorageError
from connector.flow.bodies import Bodies
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


def same_but_for_parties(tx: Transaction, spool: Spool, document: Document, packet_id: str) -> bool:
    """Tell whether a document is what went out in a packet.

    Names, addresses and the like of the agencies may be others than then.
    """
    packet = outbox.packet(tx, packet_id)
    if packet is None:
        return False
    try:
        data = Bodies(spool).data(packet, outbox.recipe(tx, packet_id))
    except StorageError:  # what cannot be compared is told as changed
        return False
    sent = read(data, scratch=spool.scratch).envelope
    if not isinstance(sent, Document):
        return False
    return content_digest(with_parties_of(sent, document)) == packet.content_digest
