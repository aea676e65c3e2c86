"""Packet → envelope, lenient to the variants that are known and to nothing else.

What could be normalised is reported as a warning; what could not raises `PermanentError` with
every finding. The reader proves nothing about signatures: that is the trust room's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from connector.edxml import codes
from connector.edxml.attachment_list import Found, read_attachments
from connector.edxml.cursor import Cursor
from connector.edxml.message_header import read_message_header
from connector.edxml.names import DS_NS, NS, OLD_NS, ROOT
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.edxml.status_header import read_status
from connector.edxml.trace_list import read_trace_list
from connector.errors import Finding, PermanentError, Severity
from connector.model.envelope import Document, Envelope
from connector.model.packet import AttachmentEncoding, ChildOrder

__all__ = ["Dialect", "Reading", "read", "read_tree"]

_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a packet was written; `signature_present` says nothing about its worth."""

    order: ChildOrder
    prefixed: bool
    attachment_encoding: AttachmentEncoding | None
    content_id_prefixed: bool
    signature_present: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """An envelope, the warnings of reading it, and the dialect in which it stood."""

    envelope: Envelope
    findings: tuple[Finding, ...]
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class _Packet:
    """Cursors on the elements that only carry others."""

    top: Cursor
    envelope: Cursor
    header: Cursor
    message: Cursor

    def dialect(self, order: ChildOrder, found: Found) -> Dialect:
        """Return how the packet was written."""
        return Dialect(
            order=order,
            prefixed=self.message.element.prefix is not None,
            attachment_encoding=next(iter(found.encodings)) if len(found.encodings) == 1 else None,
            content_id_prefixed=found.prefixed_ids,
            signature_present=bool(self.header.elements("Signature", DS_NS)),
        )


def read(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """Return what a packet says; raises `PermanentError` if that is not clear."""
    return read_tree(parse(data, limits=limits), limits=limits)


def read_tree(root: etree._Element, *, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """Return what a parsed packet says; raises `PermanentError` if that is not clear."""
    _check_root(root)
    report: list[Finding] = []
    packet = _open(root, report)
    _note_false_signatures(packet.header)
    is_status = bool(packet.message.elements("StatusCode"))
    envelope, dialect = _status(packet) if is_status else _document(packet, limits)
    for cursor in (packet.header, packet.envelope, packet.top):
        cursor.finish()
    report.sort(key=lambda finding: finding.severity is not Severity.ERROR)
    if report and report[0].severity is Severity.ERROR:
        raise PermanentError(*report)
    return Reading(envelope, tuple(report), dialect)


def _open(root: etree._Element, report: list[Finding]) -> _Packet:
    top = Cursor(root, "", report)
    envelope = top.required("edXMLEnvelope")
    header = envelope.required("edXMLHeader")
    return _Packet(top, envelope, header, header.required("MessageHeader"))


def _check_root(root: etree._Element) -> None:
    if root.tag == ROOT:
        return
    spaces = {etree.QName(each).namespace for each in root.iter(etree.Element)}
    if OLD_NS in spaces:
        raise PermanentError(codes.OLD_DIALECT.at())
    raise PermanentError(codes.WRONG_ROOT.at(found=str(root.tag)[:_SHOWN]))


def _note_false_signatures(header: Cursor) -> None:
    """Name what only looks signed: an SDK moves Signature into the packet's namespace."""
    for local in ("Signature", "DigitalSignature"):
        if header.elements(local, NS):
            header.note(codes.FALSE_SIGNATURE, name=f"edXML:{local}")


def _status(packet: _Packet) -> tuple[Envelope, Dialect]:
    return read_status(packet.header, packet.message), packet.dialect(ChildOrder.QCVN, Found())


def _document(packet: _Packet, limits: Limits) -> tuple[Envelope, Dialect]:
    fields, order = read_message_header(packet.message)
    traces, business = read_trace_list(packet.header.one("TraceHeaderList"))
    body = packet.envelope.one("edXMLBody")
    manifest = None if body is None else body.one("edXMLManifest")
    if body is not None:
        body.finish()
    found = read_attachments(manifest, packet.top.one("AttachmentEncoded"), limits)
    document = Document(**fields, traces=traces, business=business, attachments=found.attachments)
    return document, packet.dialect(order, found)
