"""Envelope → valid packet: what does not follow schema and rules never becomes one."""

from __future__ import annotations

import datetime as dt

from connector.edxml.document_form import follows_schema, pack_document
from connector.edxml.rules import check_rules
from connector.edxml.schema import check_schema, read_back
from connector.edxml.status_form import pack_status
from connector.edxml.writer import DEFAULT_OPTIONS, draft, write_skeleton
from connector.errors import Finding, PermanentError, Severity
from connector.model.envelope import Document, Envelope, StatusReport
from connector.model.packet import Packet, WriteOptions

__all__ = ["check", "pack"]


def pack(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS, *, today: dt.date) -> Packet:
    """Return the written and valid packet; raises `PermanentError` with every error found.

    The schema looks at the packet with a stand-in for each payload: of these it would only ask
    that they are base64, which they are by their making.
    """
    packet = _of_form(envelope, options, today)
    if packet is not None:
        return packet
    written = draft(envelope, options)
    findings = _check(envelope, written.skeleton(), today)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise PermanentError(*errors)
    return Packet(written.parts(), envelope)


def _of_form(envelope: Envelope, options: WriteOptions, today: dt.date) -> Packet | None:
    """Return the packet if all but its texts was checked before, and nothing is wrong with it."""
    if isinstance(envelope, StatusReport):
        return pack_status(envelope, today=today)
    return pack_document(envelope, options, today=today)


def check(
    envelope: Envelope,
    options: WriteOptions = DEFAULT_OPTIONS,
    *,
    today: dt.date,
    written: bytes | None = None,
) -> tuple[Finding, ...]:
    """Return what schema and rules find in an envelope, written as `options` say.

    `written` is what the writer would make of it, payloads aside, where that is known.
    """
    if written is not None and isinstance(envelope, Document) and follows_schema(envelope, options):
        return check_rules(envelope, today=today, written=written.decode())
    return _check(envelope, written or write_skeleton(envelope, options), today)


def _check(envelope: Envelope, skeleton: bytes, today: dt.date) -> tuple[Finding, ...]:
    """Return what schema and rules find in an envelope that was written as `skeleton`."""
    return (
        *check_schema(read_back(skeleton)),
        *check_rules(envelope, today=today, written=skeleton.decode()),
    )
