"""What a sink writes down about a document and about acts on it, JSON-ready."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from connector.clock import VIETNAM
from connector.edxml.plain import as_data
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks.names import attachment_name

__all__ = ["act_data", "attachment_names", "changes_data", "document_data", "moment"]

_TRANSPORT: Final = ("receivers", "to_places", "due_date", "other_info")


def document_data(item: Inbound, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the whole document as `connector show` has it, with the stored names of its files.

    `names` are those of `attachment_names`, if they are known already.
    """
    names = attachment_names(item) if names is None else names
    data = as_data(item.document)
    attachments = data.pop("attachments", [])
    return {
        "version": 1,
        "packet_id": item.packet_id,
        "digest": item.digest,
        "arrived_at": moment(item.arrived_at),
        "served": list(item.served),
        "code": str(item.document.code),
        "document": data,
        "attachments": [
            {"file": name, **attachment}
            for name, attachment in zip(names, attachments, strict=True)
        ],
    }


def attachment_names(item: Inbound) -> list[str]:
    """Return the generated names of a document's files, in packet order."""
    return [
        attachment_name(ordinal, attachment.name, attachment.content_type)
        for ordinal, attachment in enumerate(item.document.attachments, start=1)
    ]


def act_data(item: Inbound, target: InboundTarget) -> dict[str, Any]:
    """Return who asked for what, when and why: the metadata of an act that is kept.

    NĐ 30/2020 Phụ lục VI III.8: the metadata of a recall stays when the document is cancelled.
    """
    document = item.document
    return {
        "act": document.business_type.name.lower(),
        "packet_id": item.packet_id,
        "digest": item.digest,
        "document_id": document.document_id,
        "code": str(document.code),
        "sender": as_data(document)["sender"],
        "at": moment(item.arrived_at),
        "reason": document.business.reason if document.business else None,
        "target": {"packet_id": target.packet_id, "document_id": target.document_id},
    }


def changes_data(item: Inbound) -> dict[str, Any]:
    """Return what an update packet says: its changes, receivers and transport data."""
    data = as_data(item.document)
    business = data.get("business", {})
    told = {name: data[name] for name in _TRANSPORT if name in data}
    return told | {name: business[name] for name in ("changes", "staff") if name in business}


def moment(at: dt.datetime) -> str:
    """Return a moment in Vietnam time, ISO 8601 (QĐ 28/2018 Đ14(4))."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")
