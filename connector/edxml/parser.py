"""The one hardened XML parser of the project (security: stages 0 and 1).

Bytes first, in linear time and before any XML library; then one pass of expat for the limits
that libxml2 gives up with ``huge_tree``; then libxml2 without network, entities and DTD.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from connector.edxml import codes
from connector.edxml.names import OLD_NS
from connector.errors import Finding, PermanentError

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "check_bytes",
    "hard_parser",
    "parse",
    "tree",
    "wants_memory",
]

_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*("1\.0"|'1\.0')"""
    rb"""([ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8'))?"""
    rb"""([ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*("(yes|no)"|'(yes|no)'))?[ \t\r\n]*\?>"""
)
_TAG: Final = re.compile(rb"""<[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>""")
"""A tag up to its end; quoted values may hold what elsewhere would end it."""

_PAYLOAD: Final = re.compile(rb"<([^<>:\s]{1,64}:)?ContentTransferEncoded\s{0,8}>")
"""The one element whose text may be large."""

_FORBIDDEN: Final = frozenset({b"!", b"?"})
"""Behind ``<``: document types, comments, CDATA, processing instructions."""

_SPACE: Final = b" \t\r\n"
_EXPAT_NO_MEMORY: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]
_CHUNK: Final = 1 << 20
_SNIFF: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What no real packet exceeds; sizes in bytes.

    `max_tree_bytes` limits packets whose attachments cannot be cut out before parsing;
    `max_inflate_growth` is what all packed attachments of a packet may gain together.
    """

    max_bytes: int = 100_000_000
    max_tree_bytes: int = 100_000_000
    max_depth: int = 32
    max_elements: int = 20_000
    max_attributes: int = 64
    max_namespaces: int = 64
    max_name_length: int = 256
    max_tag_bytes: int = 65_536
    max_text_bytes: int = 1_000_000
    max_bytes_beside_payloads: int = 4_000_000
    max_escapes: int = 4_000_000
    max_attachment_bytes: int = 100_000_000
    max_inflate_ratio: int = 200
    max_inflate_growth: int = 100_000_000


DEFAULT_LIMITS: Final = Limits()


def parse(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> etree._Element:
    """Return the root element of a packet's bytes; raises `PermanentError` for all else.

    Where memory does not suffice that is a MemoryError: it says nothing about the packet.
    """
    start = check_bytes(data, limits)
    _check_tags(data, start, limits)
    _check_escapes(data, limits)
    _check_shape(data, limits)
    return tree(data)


def _refuse(finding: Finding) -> PermanentError:
    return PermanentError(finding)


def check_bytes(data: bytes, limits: Limits) -> int:
    """Check what can be seen without XML; return the offset behind the declaration."""
    if len(data) > limits.max_bytes:
        raise _refuse(codes.TOO_LARGE.at(size=len(data), limit=limits.max_bytes))
    if data.startswith(b"\x1f\x8b"):
        raise _refuse(codes.COMPRESSED.at())
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refuse(codes.BYTE_ORDER_MARK.at())
    _check_utf8(data, limits)
    head = data[:_SNIFF].lstrip(_SPACE)
    if not head.startswith(b"<"):
        old = OLD_NS.encode() in head
        raise _refuse((codes.OLD_DIALECT if old else codes.NOT_XML).at())
    if not data.startswith(b"<?xml"):
        return 0
    declaration = _DECLARATION.match(data)
    if declaration is None:
        raise _refuse(codes.BAD_DECLARATION.at())
    return declaration.end()


def _check_utf8(data: bytes, limits: Limits) -> None:
    """Decode strictly, a chunk at a time: a large packet is never copied as text.

    Payloads are ASCII, so only what stands beside them may hold other characters.
    """
    view, offset, others = memoryview(data), 0, 0
    try:
        while offset < len(view):
            chunk = view[offset : offset + _CHUNK]
            final = offset + len(chunk) == len(view)
            text, used = codecs.utf_8_decode(chunk, "strict", final)
            offset, others = offset + used, others + used - len(text)
    except UnicodeDecodeError as error:
        raise _refuse(codes.NOT_UTF8.at(offset=offset + error.start)) from None
    limit = limits.max_bytes_beside_payloads
    _cap(others, limit, "bytes beyond ASCII", "byte ngoài ASCII")


def _check_tags(data: bytes, start: int, limits: Limits) -> None:
    """Refuse markup that no packet needs; cap number and length of tags, and texts beside payloads.

    expat takes seconds over a tag of many megabytes, and Python gigabytes over such a text.
    """
    at, count, beside = data.find(b"<", start), 0, 0
    while at >= 0:
        count += 1
        if count > 2 * limits.max_elements + 1:
            _cap(limits.max_elements + 1, limits.max_elements, "elements", "phần tử")
        if data[at + 1 : at + 2] in _FORBIDDEN:
            raise _forbidden(data, at)
        behind = data.find(b"<", at + 1)
        end = behind if behind >= 0 else len(data)
        if _PAYLOAD.match(data, at) is None:
            _check_tag(data, at, end, limits)
            beside += end - at
        at = behind
    limit = limits.max_bytes_beside_payloads
    _cap(beside, limit, "bytes beside attachments", "byte ngoài tệp kèm theo")


def _forbidden(data: bytes, at: int) -> PermanentError:
    line = data.count(b"\n", 0, at) + 1
    column = at - data.rfind(b"\n", 0, at)
    markup = data[at : at + 2].decode()
    return _refuse(codes.FORBIDDEN_MARKUP.at(f"{line}:{column}", markup=markup))


def _check_tag(data: bytes, at: int, end: int, limits: Limits) -> None:
    longest = limits.max_tag_bytes
    if end - at > longest and _TAG.match(data, at, at + longest) is None:
        _cap(end - at, longest, "bytes in one tag", "byte trong một thẻ")
    longest = limits.max_text_bytes
    _cap(end - at, longest, "bytes in one text", "byte trong một đoạn chữ")


def _check_escapes(data: bytes, limits: Limits) -> None:
    """Cap what XML libraries handle one by one; enough for base64 broken into short lines.

    A hundred megabytes of line ends or of ``>`` would cost seconds, or gigabytes of ``&gt;``.
    """
    count = sum(data.count(sign) for sign in (b"&", b">", b"\r", b"\n"))
    _cap(count, limits.max_escapes, "line ends and escapes", "dấu xuống dòng và ký tự thoát")


class _Shape:
    """Counts what an attacker multiplies; one per document."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.elements = 0
        self.namespaces: list[int] = []

    def start(self, name: str, attributes: list[str]) -> None:
        """Count one start tag; `attributes` holds names and values in turn."""
        names = attributes[::2]
        self.elements += 1
        declared = sum(1 for each in names if each == "xmlns" or each.startswith("xmlns:"))
        self.namespaces.append(declared)
        limits = self.limits
        _cap(len(self.namespaces), limits.max_depth, "levels of elements", "cấp phần tử")
        _cap(self.elements, limits.max_elements, "elements", "phần tử")
        _cap(len(names), limits.max_attributes, "attributes in one element", "thuộc tính")
        _cap(sum(self.namespaces), limits.max_namespaces, "namespaces", "không gian tên")
        longest = max(map(len, (name, *names)))
        _cap(longest, limits.max_name_length, "characters in a name", "ký tự trong một tên")

    def end(self, _name: str) -> None:
        """Leave one element."""
        self.namespaces.pop()


def _cap(count: int, limit: int, what_en: str, what_vi: str) -> None:
    if count > limit:
        raise _refuse(codes.OVER_LIMIT.at(limit=limit, what_en=what_en, what_vi=what_vi))


def _check_shape(data: bytes, limits: Limits) -> None:
    shape = _Shape(limits)
    parser: Any = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler = shape.start
    parser.EndElementHandler = shape.end
    try:
        # In one call: expat before 2.6 is quadratic in large tokens that come in pieces.
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if error.code == _EXPAT_NO_MEMORY:
            raise MemoryError from None
        place = f"{error.lineno}:{error.offset + 1}"
        reason = expat.ErrorString(error.code) or "syntax error"
        raise _refuse(codes.NOT_WELL_FORMED.at(place, reason=reason)) from None


def hard_parser() -> etree.XMLParser[etree._Element]:
    """Return libxml2's parser as it may read packets, for bytes of which the shape was checked."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=True,
        recover=False,
        remove_comments=False,
        remove_pis=False,
        collect_ids=False,
    )


def tree(data: bytes) -> etree._Element:
    """Return the root element of bytes that passed all other checks, as libxml2 reads them."""
    try:
        return etree.fromstring(data, hard_parser())
    except etree.XMLSyntaxError as error:
        if wants_memory(error):
            raise MemoryError from None
        line, column = error.position
        reason = error.msg or "syntax error"
        raise _refuse(codes.NOT_WELL_FORMED.at(f"{line}:{column}", reason=reason)) from None


def wants_memory(error: etree.LxmlError) -> bool:
    """Tell whether libxml2 failed for want of memory, and not because of what it was given."""
    return any(entry.type == etree.ErrorTypes.ERR_NO_MEMORY for entry in error.error_log or ())
