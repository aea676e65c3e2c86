"""Row 12: packets of the greatest size that is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pybase64

from connector.model.content import BytesContent
from connector.model.envelope import Document
from connector.model.packet import AttachmentEncoding, WriteOptions
from tests.corpus.signing import sign
from tests.corpus.vector import (
    Build,
    Vector,
    accepted,
    document,
    edited,
    g22,
    packet,
    refused,
)
from tests.corpus.world import World

__all__ = ["large"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_NUMBER: Final = b"05</edXML:CodeNumber>"
_ID: Final = b"<edXML:DocumentId>"
_SUBJECT: Final = b"<edXML:Subject>"
_OPEN: Final = b"<edXML "
_MANY: Final = 1_000_000


def large() -> Iterator[Vector]:
    """Yield packets of the greatest size that is let in, made of whatever costs most."""
    for megabytes in (12, 70, 74):
        size = megabytes * _MANY
        yield accepted(
            f"large-attachment-{megabytes}-megabytes",
            12,
            _large_document(size),
            _large_packet(size),
            large=True,
        )
    yield from _swollen_parts()
    yield from _many_texts()
    yield from _many_payloads()
    yield from _costly()


def _swollen_parts() -> Iterator[Vector]:
    swelling = b"<edXML:Unknown>" + b">" * 950_000 + b"</edXML:Unknown>"
    yield refused(
        "swelling-canonical-form",
        12,
        "signature",
        3108,
        lambda w: sign(edited(_PLAIN, (_ID, swelling * 3 + _ID)), g22(w)),
    )
    yield refused(
        "large-packet", 12, "form", 2001, _swollen(b"</edXML>", b" ", 100_000_000), large=True
    )
    for name, old, sign_, stage, code in (
        ("text", _SUBJECT, b"a", "form", 2007),
        ("text-of-two-bytes", _SUBJECT, "đ".encode(), "form", 2007),
        ("text-of-four-bytes", _SUBJECT, "𝄞".encode(), "form", 2007),
        ("line-ends", _SUBJECT, b"\n", "form", 2007),
        ("returns", _SUBJECT, b"\r", "form", 2007),
        ("greater-than", _SUBJECT, b">", "form", 2007),
        ("escapes", _SUBJECT, b"&gt;", "form", 2007),
        ("references", _SUBJECT, b"&#13;", "form", 2007),
        ("less-than", _SUBJECT, b"<", "form", 2007),
        ("attribute", b'<edXML:edXMLManifest version="', b"a", "form", 2007),
        ("attribute-of-ends", b'<edXML:edXMLManifest version="', b">", "form", 2007),
        ("name", b"<edXML:", b"a", "form", 2007),
        ("space-in-digest", b"<ds:DigestValue>", b" ", "form", 2007),
        ("space-in-value", b"<ds:SignatureValue>", b" ", "form", 2007),
        ("space-behind-signature", b"</ds:Signature>", b" ", "form", 2007),
        ("space-in-payload", b"<ContentTransferEncoded>", b" ", "signature", 3108),
    ):
        build = _swollen(old, sign_, 99_900_000)
        yield refused(f"large-{name}", 12, stage, code, build, large=True)


def _many_texts() -> Iterator[Vector]:
    many = b"<edXML:ReferenceCodes>" + "đ".encode() * 490_000 + b"</edXML:ReferenceCodes>"
    info = b"<edXML:OtherInfo>" + many * 98 + b"</edXML:OtherInfo>"
    yield refused(
        "large-texts-genuine",
        12,
        "form",
        2007,
        lambda w: sign(edited(_PLAIN, (_ID, info + b"<edXML:OtherInfo/>" + _ID)), g22(w)),
        large=True,
    )
    for name, sign_, stage, code in (
        ("", b"a", "signature", 3108),
        ("-of-four-bytes", "𝄞".encode(), "form", 2007),
    ):
        yield refused(
            f"large-payload{name}-changed",
            12,
            stage,
            code,
            _swollen(b"<ContentTransferEncoded>", sign_, 99_900_000),
            large=True,
        )


def _many_payloads() -> Iterator[Vector]:
    """Yield as many payloads as are cut out, beside as much text as there may be."""
    run = b"<edXML:ContentTransferEncoded>" + b"A" * 4096 + b"</edXML:ContentTransferEncoded>"
    text = b"<edXML:Unknown>" + b"x" * 900_000 + b"</edXML:Unknown>"
    filling = run * 4090 + text * 4
    yield refused(
        "large-number-of-payloads",
        12,
        "signature",
        3108,
        lambda w: edited(sign(_PLAIN, g22(w)), (_SUBJECT, filling + _SUBJECT)),
        large=True,
    )


def _costly() -> Iterator[Vector]:
    """Yield genuine packets, near the limits, of a hostile agency."""
    names = b" ".join(b'xmlns:n%d="u:%d" n%d:a=""' % (n, n, n) for n in range(30))
    attributes = b" ".join(b'a%d=""' % n for n in range(64))
    for name, filling in (
        ("namespaces", b"<edXML:Unknown " + names + b"/>"),
        ("attributes", b"<edXML:Unknown " + attributes + b"/>"),
    ):
        swollen = edited(_PLAIN, (_SUBJECT, filling * 19_000 + _SUBJECT))
        yield refused(f"flood-of-{name}", 11, "form", 2007, _signed_later(swollen), large=True)
        count = 3_900_000 // len(filling)
        most = edited(_PLAIN, (_SUBJECT, filling * count + _SUBJECT))
        yield accepted(
            f"flood-of-{name}-below-the-limit",
            11,
            _DOCUMENT,
            _signed_later(most),
            warnings=("EDX-2016",),
            large=True,
        )
    for name, line, count in (
        ("lines", b"A" * 76 + b"\n", 1_290_000),
        ("words", b"AA ", 33_000_000),
    ):
        yield accepted(
            f"large-payload-of-{name}",
            12,
            _filled(line, count),
            _filled_packet(line, count),
            large=True,
        )


def _filled(line: bytes, count: int) -> Callable[[], Document]:
    """Return a document whose attachment is what a payload of many lines says."""
    return lambda: _with_content(pybase64.b64decode(b"JVBERi0x" + line.strip() * count))


def _filled_packet(line: bytes, count: int) -> Build:
    raw = packet(_DOCUMENT, WriteOptions(attachment_encoding=AttachmentEncoding.RAW))
    before, rest = raw.split(b"<ContentTransferEncoded>")
    behind = rest[rest.index(b"<") :]

    def build(world: World) -> bytes:
        payload = b"<ContentTransferEncoded>JVBERi0x" + line * count
        return sign(before + payload + behind, g22(world))

    return build


def _signed_later(data: bytes) -> Build:
    return lambda w: sign(data, g22(w))


def _swell(data: bytes, old: bytes, part: bytes, size: int) -> bytes:
    return edited(data, (old, old + part * (size // len(part))))


def _swollen(old: bytes, part: bytes, size: int) -> Build:
    return lambda w: _swell(sign(_PLAIN, g22(w)), old, part, size)


def _large_document(size: int) -> Callable[[], Document]:
    return lambda: _with_attachment(size)


def _large_packet(size: int) -> Build:
    return lambda w: sign(packet(_with_attachment(size)), g22(w))


def _with_attachment(size: int) -> Document:
    return _with_content(b"%PDF-1.7\n" + bytes(size))


def _with_content(data: bytes) -> Document:
    content = BytesContent(data)
    return replace(_DOCUMENT, attachments=(replace(_DOCUMENT.attachments[0], content=content),))
