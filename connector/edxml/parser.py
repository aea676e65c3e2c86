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

__all__ = ["DEFAULT_LIMITS", "Limits", "parse"]

_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*("1\.0"|'1\.0')"""
    rb"""([ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8'))?"""
    rb"""([ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*("(yes|no)"|'(yes|no)'))?[ \t\r\n]*\?>"""
)
_TAG: Final = re.compile(rb"""<[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>""")
"""A tag up to its end; quoted values may hold what elsewhere would end it."""

_PAYLOAD: Final = re.compile(rb"<([^<>:\s]{1,64}:)?ContentTransferEncoded\s{0,8}>")
"""The one element whose text may be large."""

_SPACE: Final = b" \t\r\n"
_CHUNK: Final = 1 << 20
_SNIFF: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What no real packet exceeds; sizes in bytes."""

    max_bytes: int = 100_000_000
    max_depth: int = 32
    max_elements: int = 20_000
    max_attributes: int = 64
    max_namespaces: int = 64
    max_name_length: int = 256
    max_tag_bytes: int = 65_536
    max_text_bytes: int = 1_000_000
    max_escapes: int = 4_000_000
    max_attachment_bytes: int = 100_000_000
    max_inflate_ratio: int = 200


DEFAULT_LIMITS: Final = Limits()


def parse(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> etree._Element:
    """Return the root element of a packet's bytes; raises `PermanentError` for all else."""
    start = _check_bytes(data, limits)
    _check_markup(data, start)
    _check_tags(data, limits)
    _check_escapes(data, limits)
    _check_shape(data, limits)
    return _tree(data)


def _refuse(finding: Finding) -> PermanentError:
    return PermanentError(finding)


def _check_bytes(data: bytes, limits: Limits) -> int:
    """Check what can be seen without XML; return the offset behind the declaration."""
    if len(data) > limits.max_bytes:
        raise _refuse(codes.TOO_LARGE.at(size=len(data), limit=limits.max_bytes))
    if data.startswith(b"\x1f\x8b"):
        raise _refuse(codes.COMPRESSED.at())
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refuse(codes.BYTE_ORDER_MARK.at())
    _check_utf8(data)
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


def _check_utf8(data: bytes) -> None:
    """Decode strictly, a chunk at a time: a large packet is never copied as text."""
    view, offset = memoryview(data), 0
    try:
        while offset < len(view):
            chunk = view[offset : offset + _CHUNK]
            final = offset + len(chunk) == len(view)
            offset += codecs.utf_8_decode(chunk, "strict", final)[1]
    except UnicodeDecodeError as error:
        raise _refuse(codes.NOT_UTF8.at(offset=offset + error.start)) from None


def _check_markup(data: bytes, start: int) -> None:
    for markup in (b"<!", b"<?"):
        at = data.find(markup, start)
        if at >= 0:
            line = data.count(b"\n", 0, at) + 1
            column = at - data.rfind(b"\n", 0, at)
            raise _refuse(codes.FORBIDDEN_MARKUP.at(f"{line}:{column}", markup=markup.decode()))


def _check_tags(data: bytes, limits: Limits) -> None:
    """Cap number and length of tags, and texts that are no payload.

    expat takes seconds over a tag of many megabytes, and Python gigabytes over such a text.
    """
    longest, most = limits.max_tag_bytes, 2 * limits.max_elements + 1
    at, count = data.find(b"<"), 0
    while at >= 0:
        count += 1
        if count > most:
            _cap(limits.max_elements + 1, limits.max_elements, "elements", "phần tử")
        behind = data.find(b"<", at + 1)
        end = behind if behind >= 0 else len(data)
        if end - at > longest and _TAG.match(data, at, at + longest) is None:
            _cap(end - at, longest, "bytes in one tag", "byte trong một thẻ")
        if end - at > limits.max_text_bytes and _PAYLOAD.match(data, at) is None:
            _cap(end - at, limits.max_text_bytes, "bytes in one text", "byte trong một đoạn chữ")
        at = behind


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
        place = f"{error.lineno}:{error.offset + 1}"
        reason = expat.ErrorString(error.code) or "syntax error"
        raise _refuse(codes.NOT_WELL_FORMED.at(place, reason=reason)) from None


def _tree(data: bytes) -> etree._Element:
    parser = etree.XMLParser(
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
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = error.msg or "syntax error"
        raise _refuse(codes.NOT_WELL_FORMED.at(f"{line}:{column}", reason=reason)) from None
