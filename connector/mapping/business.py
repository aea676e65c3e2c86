"""What the packet does: new, recall, update or replace, with the reasons that the field uses."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Final

from connector.mapping import codes
from connector.mapping.reading import Reading
from connector.mapping.values import Refusal
from connector.model.envelope import (
    Business,
    BusinessType,
    DocumentCode,
    InformationChange,
    Organization,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Staff,
)

__all__ = ["REASONS", "business", "own_response", "responses"]

REASONS: Final = MappingProxyType(
    {
        BusinessType.NEW: "Văn bản điện tử mới",
        BusinessType.RECALL: "Thu hồi văn bản điện tử",
        BusinessType.UPDATE: "Cập nhật văn bản điện tử",
        BusinessType.REPLACE: "Văn bản thay thế",
    }
)
"""Reasons as the samples of the axis operator word them."""

_STAFF: Final = ("department", "staff", "mobile", "email")
_RESPONSE: Final = ("organ_id", "code", "promulgation_date", "document_id")


def business(
    reading: Reading,
    document_id: str,
    receivers: tuple[Organization, ...],
    changes: tuple[ReceiverChange, ...],
) -> Business:
    """Return the Business of a document; contradictions become findings."""
    replaces = reading.get("business.replaces")
    kind = _kind(reading, bool(replaces))
    _check(reading, kind, bool(replaces), bool(changes))
    reason = reading.get("business.reason")
    if reason is None:
        reason = REASONS[kind]
        reading.derived("business.reason", "reason of the type", reason, before=int(kind))
    target = reading.get("business.document_id")
    if kind in {BusinessType.RECALL, BusinessType.UPDATE} and target is None:
        target = document_id
        reading.derived("business.document_id", "own document_id", target)
    codes_of_receivers = tuple(receiver.organ_id for receiver in receivers)
    change = InformationChange(document_info=False, document_receiver=True, receivers=changes)
    return Business(
        type=kind,
        reason=reason,
        paper=reading.get("business.paper"),
        document_id=target,
        changes=(change,) if changes else (),
        replacements=tuple(Replacement(one, codes_of_receivers) for one in replaces),
        staff=_staff(reading),
    )


def responses(
    reading: Reading, kind: BusinessType, own: ResponseFor | None
) -> tuple[ResponseFor, ...]:
    """Return the documents that are answered; a recall names the recalled one here too."""
    parts = [reading.get(f"response_for.{name}") for name in _RESPONSE]
    counts = [len(part) for part in parts]
    if not any(counts):
        return (own,) if kind is BusinessType.RECALL and own is not None else ()
    if len(set(counts)) > 1:
        named = ", ".join(f"{name}: {count}" for name, count in zip(_RESPONSE, counts, strict=True))
        if not any(f"response_for.{name}" in reading.failed for name in _RESPONSE):
            refusal = Refusal(codes.RESPONSE_UNEVEN, counts=named)
            reading.refuse("response_for.document_id", refusal)
        return ()
    return tuple(
        ResponseFor(organ_id=organ, code=code, promulgation_date=day, document_id=document)
        for organ, code, day, document in zip(*parts, strict=True)
    )


def own_response(
    sender: Organization, code: DocumentCode, day: dt.date, document_id: str
) -> ResponseFor:
    """Return how a document is named by an answer to it."""
    return ResponseFor(
        organ_id=sender.organ_id,
        code=str(code),
        promulgation_date=day,
        document_id=document_id,
    )


def _kind(reading: Reading, replaces: bool) -> BusinessType:
    given = reading.get("business.type")
    if given is not None:
        return BusinessType(given)
    kind = BusinessType.REPLACE if replaces else BusinessType.NEW
    reading.derived("business.type", "default type", int(kind))
    return kind


def _check(reading: Reading, kind: BusinessType, replaces: bool, changes: bool) -> None:
    replacing, updating = kind is BusinessType.REPLACE, kind is BusinessType.UPDATE
    update_failed = bool({"business.added", "business.removed"} & reading.failed)
    if replaces and not replacing:
        reading.refuse("business.replaces", Refusal(codes.REPLACES_CONFLICT, type=int(kind)))
    if replacing and not replaces and "business.replaces" not in reading.failed:
        reading.refuse("business.replaces", Refusal(codes.REPLACES_MISSING))
    if changes and not updating:
        reading.refuse("business.added", Refusal(codes.UPDATE_CONFLICT, type=int(kind)))
    if updating and not changes and not update_failed:
        reading.refuse("business.added", Refusal(codes.UPDATE_EMPTY))


def _staff(reading: Reading) -> tuple[Staff, ...]:
    values = {name: reading.get(f"business.staff.{name}") for name in _STAFF}
    return (Staff(**values),) if any(values.values()) else ()
