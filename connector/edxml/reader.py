"""Packet → envelope, lenient to the variants that are known and to nothing else.

What could be normalised is reported as a warning; what could not raises `PermanentError` with
every finding. The reader proves nothing about signatures: that is the trust room's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from connector.edxml import codes
from connector.edxml.attachment_list import Found, Payloads, read_attachments
from connector.edxml.cursor import Cursor
from connector.edxml.cut import Run, Skeleton, cut
from connector.edxml.message_header import read_message_header
from connector.edxml.names import DS_NS, NS, OLD_NS, ROOT
from connector.edxml.own_form import OwnForm, read_own
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse, tree
from connector.edxml.quick import parse_skeleton
from connector.edxml.status_header import read_status
from connector.edxml.stored import NewScratch, Shelf
from connector.edxml.trace_list import read_trace_list
from connector.errors import Finding, PermanentError, Severity
from connector.model.content import BytesContent, Content, read_all
from connector.model.envelope import Document, Envelope
from connector.model.packet import AttachmentEncoding, ChildOrder

__all__ = ["Dialect", "Reading", "read", "read_tree", "tree_of", "whole"]

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
    """An envelope, the warnings of reading it, and the dialect in which it stood.

    `written` is what the writer makes of the envelope, payloads aside, where that is known.
    """

    envelope: Envelope
    findings: tuple[Finding, ...]
    dialect: Dialect
    written: bytes | None = field(default=None, repr=False, compare=False)


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
            attachment_encoding=found.encoding,
            content_id_prefixed=found.prefixed_ids,
            signature_present=bool(self.header.elements("Signature", DS_NS)),
        )


def read(
    source: bytes | Content,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
) -> Reading:
    """Return what a packet says; raises `PermanentError` if that is not clear.

    Large payloads go into what `scratch` makes, and never into a tree if they are plain base64.
    """
    skeleton = cut(source, limits=limits, scratch=scratch)
    root = None if skeleton is None or not skeleton.runs else _fitting(skeleton, limits)
    if skeleton is not None and root is not None:
        return read_tree(root, limits=limits, runs=skeleton.runs, scratch=scratch)
    return read_tree(parse(whole(source, limits), limits=limits), limits=limits, scratch=scratch)


def tree_of(
    source: bytes | Content,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
) -> etree._Element:
    """Return the root element of a packet, with tokens for payloads that could be cut out."""
    skeleton = cut(source, limits=limits, scratch=scratch)
    root = None if skeleton is None else _fitting(skeleton, limits)
    return parse(whole(source, limits), limits=limits) if root is None else root


def _fitting(skeleton: Skeleton, limits: Limits) -> etree._Element | None:
    """Return the tree of a skeleton; None if the whole has to be looked at."""
    try:
        root = parse_skeleton(skeleton.data, limits=limits)
    except PermanentError:
        return None  # places in the findings are those of the whole
    return root if skeleton.fits(root) else None


def whole(source: bytes | Content, limits: Limits) -> bytes:
    """Return all bytes of a packet that has to be one tree; raises PermanentError if too many."""
    content = BytesContent(source) if isinstance(source, bytes) else source
    limit = limits.max_tree_bytes
    if limit < content.size <= limits.max_bytes:
        raise PermanentError(codes.TREE_TOO_LARGE.at(size=content.size, limit=limit))
    return source if isinstance(source, bytes) else read_all(source)


def read_tree(
    root: etree._Element | OwnForm,
    *,
    limits: Limits = DEFAULT_LIMITS,
    runs: Mapping[str, Run] | None = None,
    scratch: NewScratch | None = None,
) -> Reading:
    """Return what a packet that was parsed or taken apart says; raises `PermanentError` if unclear.

    `runs` are the payloads for which tokens stand in the tree; files that have to be unpacked go
    into what `scratch` makes.
    """
    payloads = Payloads(limits=limits, runs=runs or {}, shelf=Shelf.of(scratch))
    if isinstance(root, OwnForm):
        reading = _own(root, payloads)
        if reading is not None:
            return reading
        root = tree(root.data)
    _check_root(root)
    report: list[Finding] = []
    packet = _open(root, report)
    _note_false_signatures(packet.header)
    is_status = bool(packet.message.elements("StatusCode"))
    envelope, dialect = _status(packet) if is_status else _document(packet, payloads)
    for cursor in (packet.header, packet.envelope, packet.top):
        cursor.finish()
    report.sort(key=lambda finding: finding.severity is not Severity.ERROR)
    if report and report[0].severity is Severity.ERROR:
        raise PermanentError(*report)
    return Reading(envelope, tuple(report), dialect)


def _own(own: OwnForm, payloads: Payloads) -> Reading | None:
    """Return what a packet of our own form says; None if its tree has to be read."""
    read = read_own(own, payloads)
    if read is None:
        return None
    document, found = read
    dialect = Dialect(
        order=ChildOrder.QCVN,
        prefixed=True,
        attachment_encoding=found.encoding,
        content_id_prefixed=found.prefixed_ids,
        signature_present=False,
    )
    return Reading(document, (), dialect, own.written())


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


def _document(packet: _Packet, payloads: Payloads) -> tuple[Envelope, Dialect]:
    fields, order = read_message_header(packet.message)
    traces, business = read_trace_list(packet.header.one("TraceHeaderList"))
    body = packet.envelope.one("edXMLBody")
    manifest = None if body is None else body.one("edXMLManifest")
    if body is not None:
        body.finish()
    found = read_attachments(manifest, packet.top.one("AttachmentEncoded"), payloads)
    document = Document(**fields, traces=traces, business=business, attachments=found.attachments)
    return document, packet.dialect(order, found)
