"""Which received documents a recall, update or replacement means.

Where a recalled document is named is not settled in the field: the header's DocumentId,
Bussiness/DocumentId or ResponseFor. An act is carried out only if all that is stated agrees and
the issuer is From; else a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import Finding
from connector.flow import codes
from connector.model.envelope import BusinessType, Document
from connector.model.inbound import Inbound, InboundTarget
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.store import Transaction

__all__ = ["Acts", "Waiting", "named_documents"]

_REACHABLE = frozenset({InboxState.DELIVERED, InboxState.CANCELLED})
_RECALLABLE = _REACHABLE | {InboxState.VERIFIED, InboxState.PARKED}
_TARGET_TYPES = frozenset({int(BusinessType.NEW), int(BusinessType.REPLACE)})


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act cannot be carried out yet, or only by a person."""

    finding: Finding
    for_person: bool = False


class Acts:
    """Finds the targets of acts among what was received."""

    def targets(
        self, tx: Transaction, item: Inbound, sender: str
    ) -> tuple[InboundTarget, ...] | Waiting:
        """Return the packets that a verified packet acts on; empty for new documents.

        A recall reaches a document on which the sinks failed so far, too: it may not be refused
        (QĐ 28/2018 Đ9(2)), and the document must not be delivered any more.
        """
        act = item.document.business_type
        if act is BusinessType.NEW:
            return ()
        named = named_documents(item)
        if not named or (act is not BusinessType.REPLACE and len(named) > 1):
            text = ", ".join(named) or "-"
            return Waiting(codes.ACT_AMBIGUOUS.at(named=text), for_person=True)
        reachable = _RECALLABLE if act is BusinessType.RECALL else _REACHABLE
        found: list[InboundTarget] = []
        for document_id in named:
            rows = [
                row
                for row in inbox.by_document(tx, sender, document_id)
                if row.business_type in _TARGET_TYPES
                and row.state in reachable
                and row.packet_id != item.packet_id
            ]
            if not rows:
                return Waiting(codes.ACT_TARGET_UNKNOWN.at(document_id=document_id))
            found += [InboundTarget(row.packet_id or "", document_id) for row in rows]
        return tuple(found)


def named_documents(item: Inbound) -> tuple[str, ...]:
    """Return the document ids that an act names, each once."""
    document = item.document
    business = document.business
    if document.business_type is BusinessType.REPLACE:
        replacements = business.replacements if business else ()
        return tuple(dict.fromkeys(entry.document_id for entry in replacements))
    stated = _stated(document)
    return tuple(dict.fromkeys(stated))


def _stated(document: Document) -> list[str]:
    named = [document.business.document_id] if document.business else []
    if document.business_type is BusinessType.RECALL:
        named += [answer.document_id for answer in document.response_for]
    explicit = [name for name in named if name]
    return explicit or [document.document_id]
