"""Reads a status packet: MessageHeader without receivers, and our own evidence beside it."""

from __future__ import annotations

from connector.edxml import codes
from connector.edxml.cursor import Cursor
from connector.edxml.message_header import read_organization, read_response_for, read_staff
from connector.edxml.names import EVIDENCE_NS
from connector.model.envelope import Evidence, StatusCode, StatusReport

__all__ = ["read_status"]


def read_status(header: Cursor, message: Cursor) -> StatusReport:
    """Return a status; `header` is edXMLHeader, `message` its MessageHeader."""
    staff = message.one("StaffInfo")
    report = StatusReport(
        sender=read_organization(message.required("From")),
        response_for=read_response_for(message.required("ResponseFor")),
        staff=None if staff is None else read_staff(staff),
        status_code=_status_code(message),
        description=message.text("Description"),
        timestamp=message.required_moment("Timestamp"),
        evidence=_evidence(header.one("Evidence", EVIDENCE_NS)),
    )
    message.finish()
    return report


def _status_code(message: Cursor) -> StatusCode:
    value = message.required_token("StatusCode")
    padded = value.zfill(2)
    if padded in set(StatusCode):
        if padded != value:
            message.note(codes.NORMALISED, "StatusCode", value=value, read=padded)
        return StatusCode(padded)
    if value == "14":
        message.note(codes.STATUS_14, "StatusCode")
    elif value:
        message.note(codes.BAD_CHOICE, "StatusCode", value=value, allowed=", ".join(StatusCode))
    return StatusCode.ARRIVED


def _evidence(cursor: Cursor | None) -> Evidence | None:
    if cursor is None:
        return None
    evidence = Evidence(
        digest=cursor.token("Digest", EVIDENCE_NS) or "",
        journal_head=cursor.token("JournalHead", EVIDENCE_NS),
    )
    if not evidence.digest:
        cursor.note(codes.MISSING, "Digest")
    cursor.finish()
    return evidence
