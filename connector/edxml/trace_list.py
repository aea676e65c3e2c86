"""Reads TraceHeaderList: the hops, and what the packet does (Bussiness)."""

from __future__ import annotations

from connector.edxml.cursor import Cursor
from connector.edxml.message_header import read_staff
from connector.model.envelope import (
    Business,
    BusinessType,
    InformationChange,
    ReceiverChange,
    Replacement,
    TraceHeader,
)

__all__ = ["read_trace_list"]


def read_trace_list(cursor: Cursor | None) -> tuple[tuple[TraceHeader, ...], Business | None]:
    """Return hops and business; packets without either came back from the axis."""
    if cursor is None:
        return (), None
    traces = tuple(map(_trace, cursor.many("TraceHeader")))
    business = _business(cursor.one("Bussiness"))
    cursor.finish()
    return traces, business


def _trace(cursor: Cursor) -> TraceHeader:
    trace = TraceHeader(
        organ_id=cursor.token("OrganId"), timestamp=cursor.required_moment("Timestamp")
    )
    cursor.finish()
    return trace


def _business(cursor: Cursor | None) -> Business | None:
    if cursor is None:
        return None
    business = Business(
        type=cursor.required_choice("BussinessDocType", BusinessType),
        document_id=cursor.token("DocumentId"),
        reason=cursor.text("BussinessDocReason"),
        paper=cursor.flag("Paper"),
        changes=tuple(map(_change, cursor.many("BussinessDocumentInfo"))),
        replacements=tuple(
            replacement
            for listed in cursor.many("ReplacementInfoList")
            for replacement in _replacements(listed)
        ),
        staff=tuple(map(read_staff, cursor.many("StaffInfo"))),
    )
    cursor.finish()
    return business


def _change(cursor: Cursor) -> InformationChange:
    receivers = cursor.one("ReceiverList")
    change = InformationChange(
        document_info=cursor.flag("DocumentInfo"),
        document_receiver=cursor.flag("DocumentReceiver"),
        receivers=() if receivers is None else tuple(map(_receiver, receivers.many("Receiver"))),
    )
    if receivers is not None:
        receivers.finish()
    cursor.finish()
    return change


def _receiver(cursor: Cursor) -> ReceiverChange:
    change = ReceiverChange(
        organ_id=cursor.required_token("OrganId"), added=cursor.required_flag("ReceiverType")
    )
    cursor.finish()
    return change


def _replacements(cursor: Cursor) -> list[Replacement]:
    found = [_replacement(each) for each in cursor.many("ReplacementInfo")]
    cursor.finish()
    return found


def _replacement(cursor: Cursor) -> Replacement:
    listed = cursor.one("OrganIdList")
    replacement = Replacement(
        document_id=cursor.required_token("DocumentId"),
        organ_ids=() if listed is None else listed.tokens("OrganId"),
    )
    if listed is not None:
        listed.finish()
    cursor.finish()
    return replacement
