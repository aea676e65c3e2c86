"""Rows 21 to 28 as far as they show in one packet: what is data stays data."""

from __future__ import annotations

import io
import random
import stat
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pybase64

from connector.edxml.writer import write
from connector.model.content import BytesContent
from connector.model.envelope import Document, Evidence, Organization, StatusCode
from connector.model.packet import AttachmentEncoding, WriteOptions
from tests.corpus.signing import sign
from tests.corpus.vector import (
    ID,
    Vector,
    accepted,
    document,
    edited,
    g22,
    packet,
    refused,
    signed,
    status,
)

__all__ = ["packets"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_RAW: Final = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
_UUID: Final = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def packets() -> Iterator[Vector]:
    """Yield the vectors of rows 21 to 28."""
    yield from _replays()
    yield from _receipts()
    yield from _names()
    yield from _archives()
    yield from _disguised()
    yield from _texts()
    yield from _base64()


def _replays() -> Iterator[Vector]:
    """Yield what only the inbox can tell apart: each is a genuine packet of its own."""
    yield accepted("replay-same-bytes", 21, _DOCUMENT, lambda w: sign(_PLAIN, g22(w)))
    other = document(subject="Nội dung khác dưới cùng DocumentId")
    yield accepted("replay-same-id-other-content", 21, other, lambda w: sign(packet(other), g22(w)))
    elsewhere = document(receivers=(Organization(organ_id="G09", organ_name="Bộ Nội vụ"),))
    yield accepted(
        "replay-other-receiver", 21, elsewhere, lambda w: sign(packet(elsewhere), g22(w))
    )
    yield refused(
        "replay-redirected",
        21,
        "signature",
        3108,
        lambda w: edited(sign(_PLAIN, g22(w)), (b"<edXML:OrganId>H41", b"<edXML:OrganId>G09")),
    )
    yield refused(
        "replay-under-another-id",
        21,
        "signature",
        3108,
        lambda w: edited(sign(_PLAIN, g22(w)), (b"05/VPCP-KSTT</", b"06/VPCP-KSTT</")),
    )
    yield refused(
        "replay-signed-by-another",
        (18, 21),
        "identity",
        3311,
        lambda w: sign(_PLAIN, w.identity("H41")),
    )


def _receipts() -> Iterator[Vector]:
    own = packet(status())
    yield accepted("receipt", 22, status(), lambda w: sign(own, w.identity("H41")))
    yield refused(
        "receipt-of-a-third", 22, "identity", 3311, lambda w: sign(own, w.identity("G09"))
    )
    yield refused("receipt-of-the-sender", 22, "identity", 3311, lambda w: sign(own, g22(w)))
    refusal = status(status_code=StatusCode.REFUSED, description="Sai thẩm quyền")
    yield accepted(
        "receipt-refusal", 22, refusal, lambda w: sign(packet(refusal), w.identity("H41"))
    )
    for name, old, new in (
        ("status-flipped", b"<edXML:StatusCode>01", b"<edXML:StatusCode>02"),
        ("digest-changed", b"<c:Digest>ab", b"<c:Digest>cd"),
        (
            "document-changed",
            b"05/VPCP-KSTT</edXML:DocumentId>",
            b"06/VPCP-KSTT</edXML:DocumentId>",
        ),
        ("evidence-renamed", b"urn:connector:evidence:1", b"urn:connector:evidence:2"),
    ):
        yield refused(
            f"receipt-{name}",
            22,
            "signature",
            3108,
            signed(own, "H41", edits=[(old, new)]),
        )
    for name, code, found in (("14", b"14", 2028), ("99", b"99", 2022), ("words", b"xong", 2022)):
        odd = edited(own, (b"StatusCode>01", b"StatusCode>" + code))
        yield refused(
            f"receipt-status-{name}",
            22,
            "content",
            found,
            signed(odd, "H41"),
        )
    bare = edited(own, (b"<c:Digest>" + b"ab" * 32, b"<c:Digest>"))
    yield refused(
        "receipt-without-digest", 22, "content", 2012, lambda w: sign(bare, w.identity("H41"))
    )
    other = status(evidence=Evidence(digest="00" * 32))
    yield accepted(
        "receipt-for-another-digest", 22, other, lambda w: sign(packet(other), w.identity("H41"))
    )


def _named(name: str) -> Document:
    return replace(_DOCUMENT, attachments=(replace(_DOCUMENT.attachments[0], name=name),))


def _names() -> Iterator[Vector]:
    """Yield names that no file ever gets: they are kept as data, whatever they hold."""
    for label, name in (
        ("traversal", "../../etc/passwd.pdf"),
        ("absolute", "/etc/cron.d/x.pdf"),
        ("backslash", "..\\..\\windows\\x.pdf"),
        ("device", "con.pdf"),
        ("reversed", "hợp\u202efdp.pdf"),
        ("zero-width", "công\u200bvăn.pdf"),
        ("tab", "a\tb.pdf"),
        ("markup", '"><img src=x onerror=alert(1)>.pdf'),
        ("long", "x" * 2000 + ".pdf"),
        ("decomposed", "công văn.pdf".replace("ô", "o\u0302")),
    ):
        named = _named(name)
        yield accepted(f"attachment-{label}", 23, named, signed(packet(named)))
    first = _DOCUMENT.attachments[0]
    same = (first, replace(first, content_id=_UUID))
    twins = document(attachments=same)
    yield accepted("attachment-twice", 23, twins, lambda w: sign(packet(twins), g22(w)))
    null = edited(_PLAIN, ("công văn.pdf".encode(), b"a&#0;.pdf"))
    yield refused("attachment-null", 23, "form", 2008, lambda _: null)
    for label, name in (
        ("program", "công văn.pdf.exe"),
        ("script", "a.js"),
        ("dots", "a.bat. "),
        ("soft-hyphen", "a.b\u00adat"),
        ("join", "a.exe\u2060"),
        ("stream", "a.exe::$DATA"),
        ("panel", "a.cpl"),
    ):
        named = _named(name)
        yield refused(
            f"attachment-{label}",
            23,
            "content",
            2318,
            signed(packet(named)),
        )
    bare = _named("giấy mời").attachments[0]
    typed = document(attachments=(replace(bare, content_type="application/javascript"),))
    yield refused("attachment-of-a-script-type", 23, "content", 2318, signed(packet(typed)))


def _zip(
    data: bytes,
    name: str = f"{ID}.pdf",
    method: int = zipfile.ZIP_DEFLATED,
    mode: int = 0,
    more: tuple[str, ...] = (),
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for each in (name, *more):
            info = zipfile.ZipInfo(each)
            info.compress_type = method
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return out.getvalue()


def _carrying(payload: bytes, name: str = "công văn.pdf") -> bytes:
    """Return the packet with other bytes in its attachment, as they are."""
    data = write(_named(name), _RAW)
    old = pybase64.b64encode(b"%PDF-1.7\n" + bytes(range(256)))
    return edited(data, (old, pybase64.b64encode(payload)))


def _holding(payload: bytes, name: str = "công văn.pdf", **change: Any) -> Document:
    content = BytesContent(payload)
    return replace(
        _named(name),
        attachments=(replace(_named(name).attachments[0], content=content, **change),),
    )


def _patched(archive: bytes, offset: int, value: int, size: int = 4) -> bytes:
    """Return an archive with a field of its central header replaced."""
    at = archive.index(b"PK\x01\x02") + offset
    return archive[:at] + value.to_bytes(size, "little") + archive[at + size :]


def _archives() -> Iterator[Vector]:
    bomb = _zip(bytes(30_000_000))
    good = _zip(b"%PDF-1.7 content")
    for name, payload, code in (
        ("bomb", bomb, 2309),
        ("bomb-that-lies", _patched(bomb, 24, 1000), 2310),
        ("bomb-of-a-ratio", _zip(bytes(1_000_000)), 2309),
        ("larger-than-it-says", _patched(good, 24, 10), 2310),
        ("smaller-than-it-says", _patched(good, 24, 17), 2310),
        ("checksum", _patched(good, 16, 1), 2310),
        ("damaged", good[:80] + b"\xff" + good[81:], 2310),
        ("endless-size", _patched(bomb, 24, 0xFFFFFFFF), 2302),
    ):
        data = _carrying(payload)
        yield refused(f"archive-{name}", 24, "content", code, signed(data))
    for name, payload in (
        ("climbing", _zip(b"x", name="../../x.pdf")),
        ("link", _zip(b"/etc/passwd", name="link", mode=stat.S_IFLNK | 0o777)),
        ("two-entries", _zip(b"x", more=("b.pdf",))),
        ("bomb-in-an-archive", _zip(bytes(30_000_000), name="a.bin")),
        ("encrypted", _patched(good, 8, 1, 2)),
        ("slack", good + b"behind"),
        ("before", b"PK\x03\x04" + good),
    ):
        data = _carrying(payload, "hồ sơ.zip")
        said = _holding(payload, "hồ sơ.zip")
        yield accepted(
            f"archive-stays-closed-{name}",
            24,
            said,
            signed(data),
            warnings=("EDX-2319",),
        )


def _disguised() -> Iterator[Vector]:
    """Yield files that are not what they are called, and archives that only swell together."""
    program = _carrying(b"MZ" + bytes(100))
    yield refused(
        "archives-that-swell-together",
        24,
        "content",
        2309,
        lambda w: sign(_swelling(6), g22(w)),
        large=True,
    )
    yield refused("program-as-pdf", 24, "content", 2318, lambda w: sign(program, g22(w)))
    page = b"<html><script>alert(1)</script></html>"
    yield accepted(
        "page-as-pdf",
        24,
        _holding(page),
        lambda w: sign(_carrying(page), g22(w)),
        warnings=("EDX-2319",),
    )


def _swelling(count: int) -> bytes:
    """Return a packet of packed attachments of thirty megabytes each, none of them a bomb."""
    ids = [str(uuid.UUID(int=number)) for number in range(1, count + 1)]
    one = _DOCUMENT.attachments[0]
    files = tuple(replace(one, content_id=each) for each in ids)
    data = write(document(attachments=files), _RAW)
    old = pybase64.b64encode(b"%PDF-1.7\n" + bytes(range(256)))
    noise = random.Random(1).randbytes(400)  # noqa: S311 - repeatable is what is wanted
    content = (noise + bytes(59_600)) * 500
    for each in ids:
        packed = _zip(content, name=f"{each}.pdf")
        data = edited(data, (old, pybase64.b64encode(packed)))
    return data


def _texts() -> Iterator[Vector]:
    """Yield texts that are dangerous elsewhere; reading changes nothing in them."""
    for row, name, text in (
        (25, "formula", "=cmd|' /C calc'!A0"),
        (25, "formula-plus", "+1+1"),
        (25, "formula-at", "@SUM(1)"),
        (25, "formula-full-width", "＝1+1"),
        (26, "sql-quote", "'; DROP TABLE van_ban; --"),
        (26, "sql-percent", "%s %(x)s :x ? {x}"),
        (26, "sql-union", '" UNION SELECT 1 --'),
        (27, "template", "{{ 7*7 }} ${7*7} {0.__class__} %n"),
        (27, "html", "<script>alert(1)</script>"),
        (27, "log-line", "a\nERROR forged\r\nb"),
        (27, "jndi", "${jndi:ldap://127.0.0.1:9/x}"),
        (27, "bidi", "\u202ecod\u2066"),
    ):
        said = document(subject=text)
        yield accepted(f"text-{name}", row, said, signed(packet(said)))
    escape = edited(_PLAIN, (b"<edXML:Subject>", b"<edXML:Subject>&#27;[2J"))
    yield refused("text-terminal-escape", 27, "form", 2008, lambda _: escape)


def _base64() -> Iterator[Vector]:
    payload = pybase64.b64encode(b"%PDF-1.7\n" + bytes(range(256)))
    raw = write(_DOCUMENT, _RAW)
    loose = pybase64.b64encode(b"%PDF-1.7\n" + bytes(range(254)))
    for name, text in (
        ("illegal-character", payload[:20] + b"*" + payload[20:]),
        ("alphabet-of-urls", payload.replace(b"+", b"-").replace(b"/", b"_")),
        ("padding-missing", loose.rstrip(b"=")),
        ("padding-inside", payload[:20] + b"=" + payload[20:]),
        ("padding-too-much", payload + b"===="),
        ("loose-bits", loose[:-3] + b"/=" if loose.endswith(b"==") else loose[:-2] + b"/="),
        ("other-spaces", payload[:20] + "\u00a0".encode() + payload[20:]),
        ("joined", loose + loose),
        ("not-ascii", payload[:20] + "ô".encode() + payload[20:]),
    ):
        data = edited(raw, (payload, text))
        yield refused(f"base64-{name}", 28, "content", 2303, signed(data))
    wrapped = b"\r\n".join(payload[n : n + 76] for n in range(0, len(payload), 76))
    for name, text in (("wrapped", wrapped), ("tabs", b"\t" + payload + b" \n")):
        data = edited(raw, (payload, text))
        yield accepted(f"base64-{name}", 28, _DOCUMENT, signed(data))
    for part in (b"DigestValue", b"SignatureValue", b"X509Certificate"):
        end = b"</ds:" + part
        for name, junk in (("padded", b"===="), ("illegal", b"*"), ("unicode", "ａ".encode())):
            yield refused(
                f"base64-{name}-{part.decode()}",
                28,
                "structure",
                3106,
                signed(_PLAIN, edits=[(end, junk + end)]),
            )
