"""Rows 4 to 6, 9 to 12 and 20: what markup, namespaces, sizes and encodings may not do."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from typing import Any, Final

from tests.corpus.large import large
from tests.corpus.signing import C14N, ENVELOPED, sign
from tests.corpus.vector import (
    Vector,
    accepted,
    as_it_is,
    document,
    edited,
    g22,
    packet,
    refused,
    signed,
)

__all__ = ["markup"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_NUMBER: Final = b"05</edXML:CodeNumber>"
_ID: Final = b"<edXML:DocumentId>"
_SUBJECT: Final = b"<edXML:Subject>"
_OPEN: Final = b"<edXML "
_MANY: Final = 1_000_000


def markup() -> Iterator[Vector]:
    """Yield the vectors of rows 4, 5, 6, 9, 10, 11, 12 and 20."""
    yield from _comments()
    yield from _namespaces()
    yield from _same_form()
    yield from _unsound_namespaces()
    yield from _doctypes()
    yield from _floods()
    yield from large()
    yield from _encodings()


def _after(
    name: str, row: int, stage: str, code: int, *pairs: tuple[bytes, bytes], c14n: str = ""
) -> Vector:
    """Return a genuine packet that was changed after it was signed."""
    options: dict[str, Any] = {}
    if c14n:
        options = {"c14n": c14n, "transforms": (ENVELOPED, c14n)}
    return refused(name, row, stage, code, signed(_PLAIN, edits=pairs, **options))


def _comments() -> Iterator[Vector]:
    for name, old, new in (
        ("comment-in-text", _NUMBER, b"0<!-- -->5</edXML:CodeNumber>"),
        ("comment-truncates", b"<edXML:OrganId>G22", b"<edXML:OrganId>G22<!-- -->.evil"),
        ("cdata", _NUMBER, b"<![CDATA[05]]></edXML:CodeNumber>"),
        ("instruction", _NUMBER, b"05<?x y?></edXML:CodeNumber>"),
        ("stylesheet", _OPEN, b'\n<?xml-stylesheet href="http://127.0.0.1:9/x"?>' + _OPEN),
        ("comment-before-root", _OPEN, b"<!-- x -->" + _OPEN),
        ("comment-behind-root", b"</edXML>", b"</edXML><!-- x -->"),
        ("instruction-behind-root", b"</edXML>", b"</edXML><?x?>"),
        ("comment-in-signed-info", b"<ds:SignedInfo>", b"<ds:SignedInfo><!-- -->"),
    ):
        yield _after(f"markup-{name}", 4, "form", 2006, (old, new))
    yield refused(
        "markup-signed-comment",
        4,
        "form",
        2006,
        lambda w: sign(edited(_PLAIN, (_NUMBER, b"05<!-- x --></edXML:CodeNumber>")), g22(w)),
    )


def _namespaces() -> Iterator[Vector]:
    yield _after(
        "element-moved-out-of-namespace",
        5,
        "signature",
        3108,
        (b"<AttachmentEncoded>", b'<AttachmentEncoded xmlns="">'),
    )
    yield _after("undeclaring-text", 5, "signature", 3108, (_SUBJECT, _SUBJECT + b' xmlns=""'))
    yield _after(
        "prefix-rebound",
        5,
        "signature",
        3108,
        (b"<edXML:SignerInfo>", b'<edXML:SignerInfo xmlns:edXML="urn:x">'),
    )
    yield _after(
        "type-attribute",
        5,
        "signature",
        3108,
        (_OPEN, b'<edXML xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x" '),
    )
    yield _after(
        "unused-namespace-inclusive", 5, "signature", 3108, (_OPEN, b'<edXML xmlns:u="urn:u" '),
        c14n=C14N,
    )  # fmt: skip
    yield _after(
        "prefix-respelled",
        5,
        "signature",
        3108,
        (
            b"<edXML:SignerInfo>",
            b'<e:SignerInfo xmlns:e="http://www.mic.gov.vn/TBT/QCVN_102_2016">',
        ),
        (b"</edXML:SignerInfo>", b"</e:SignerInfo>"),
    )


def _same_form() -> Iterator[Vector]:
    """Yield changes that the canonical form does not show."""
    for name, pair in (
        ("unused-namespace-exclusive", (_OPEN, b'<edXML xmlns:u="urn:u" ')),
        ("undeclared-in-signed-info", (b"<ds:SignedInfo>", b'<ds:SignedInfo xmlns="">')),
        ("attribute-quotes", (b'version="1.0"', b"version='1.0'")),
        ("space-in-tag", (b"</edXML:Subject>", b"</edXML:Subject\n>")),
        ("character-reference", (_NUMBER, b"&#48;5</edXML:CodeNumber>")),
    ):
        yield accepted(
            f"same-canonical-form-{name}",
            5,
            _DOCUMENT,
            signed(_PLAIN, edits=[pair]),
        )


def _unsound_namespaces() -> Iterator[Vector]:
    """Yield what has no canonical form: it is refused, never taken for empty."""
    relative = b'xmlns:r="relative/uri" '
    yield _after("relative-namespace-root", 6, "signature", 3108, (_OPEN, _OPEN + relative))
    yield _after(
        "relative-namespace-part",
        6,
        "signature",
        3108,
        (_SUBJECT, b'<edXML:Subject xmlns:r="relative/uri" r:a="">'),
    )
    yield _after(
        "relative-namespace-signature",
        6,
        "structure",
        3103,
        (b"<ds:SignedInfo>", b'<ds:SignedInfo xmlns:r="relative/uri" r:a="">'),
    )
    yield _after("undeclared-prefix", 6, "form", 2008, (_SUBJECT, b'<edXML:Subject nowhere:a="">'))
    yield _after("prefix-undeclared", 6, "form", 2008, (_OPEN, b'<edXML xmlns:u="" '))
    yield _after("xml-prefix-rebound", 6, "form", 2008, (_OPEN, b'<edXML xmlns:xml="urn:x" '))


def _doctypes() -> Iterator[Vector]:
    for row, name, doctype in (
        (9, "empty", b"<!DOCTYPE edXML>"),
        (9, "file-entity", b'<!DOCTYPE edXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        (9, "http-entity", b'<!DOCTYPE edXML [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'),
        (9, "parameter", b'<!DOCTYPE edXML [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>'),
        (9, "external-dtd", b'<!DOCTYPE edXML SYSTEM "http://127.0.0.1:9/x.dtd">'),
        (9, "public-dtd", b'<!DOCTYPE edXML PUBLIC "-//x" "http://127.0.0.1:9/x.dtd">'),
        (9, "attribute-default", b'<!DOCTYPE edXML [<!ATTLIST edXML a CDATA "x">]>'),
        (9, "attribute-id", b"<!DOCTYPE edXML [<!ATTLIST edXML a ID #IMPLIED>]>"),
        (10, "laughs", _laughs()),
        (10, "quadratic", b'<!DOCTYPE edXML [<!ENTITY a "' + b"a" * 50_000 + b'">]>'),
        (10, "attribute-entity", b'<!DOCTYPE edXML [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>'),
        (10, "recursive", b'<!DOCTYPE edXML [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'),
    ):
        use = b"&a;" * 1000 if row == 10 else b"&x;"
        pairs = ((_OPEN, doctype + _OPEN), (_NUMBER, use + _NUMBER))
        yield _after(f"doctype-{name}", row, "form", 2006, *pairs)
    yield _after("entity-of-nothing", 10, "form", 2008, (_NUMBER, b"&a;" + _NUMBER))


def _laughs() -> bytes:
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20)]
    return f"<!DOCTYPE edXML [{''.join(lines)}<!ENTITY a '&a19;'>]>".encode()


def _floods() -> Iterator[Vector]:
    deep, wide = b"<a>" * 100_000 + b"</a>" * 100_000, b"<a/>" * 200_000
    attributes = b" ".join(b'a%d=""' % n for n in range(100_000))
    spaces = b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(20_000))
    for name, inside, code in (
        ("depth", deep, 2007),
        ("siblings", wide, 2007),
        ("attributes", b"<a " + attributes + b"/>", 2007),
        ("namespaces", b"<a " + spaces + b"/>", 2007),
        ("namespaces-nested", _nested_namespaces(), 2007),
        ("long-name", b"<" + b"a" * _MANY + b"/>", 2007),
        ("long-attribute-name", b"<a " + b"a" * _MANY + b'=""/>', 2007),
        ("comments", b"<!-- x -->" * 200_000, 2006),
        ("doubled-attribute", b'<a b="" b=""/>', 2008),
    ):
        yield refused(
            f"flood-{name}",
            11,
            "form",
            code,
            signed(_PLAIN, edits=[(_SUBJECT, inside + _SUBJECT)]),
        )
    ignored = _PLAIN.replace(_SUBJECT, b"<edXML:Unknown/>" * 15_000 + _SUBJECT)
    yield accepted(
        "flood-unknown-elements-below-the-limit",
        11,
        _DOCUMENT,
        lambda w: sign(ignored, g22(w)),
        warnings=("EDX-2016",),
        large=True,
    )


def _nested_namespaces() -> bytes:
    parts = [
        b'<a xmlns:n%d="urn:x" xmlns:m%d="urn:y" xmlns:k%d="u:z">' % (n, n, n) for n in range(25)
    ]
    return b"".join(parts) + b"</a>" * 25


def _encodings() -> Iterator[Vector]:
    text = _PLAIN.decode()
    declared = '<?xml version="1.0" encoding="{}"?>'
    for name, data, code in (
        ("utf16", text.encode("utf-16"), 2009),
        ("utf16-be", codecs.BOM_UTF16_BE + text.encode("utf-16-be"), 2009),
        ("utf16-without-mark", text.encode("utf-16-le"), 2003),
        ("utf16-declared", (declared.format("UTF-16") + "<a/>").encode(), 2005),
        ("utf7", (declared.format("UTF-7") + "+ADw-a/+AD4-").encode(), 2005),
        ("utf32", "<a/>".encode("utf-32"), 2009),
        ("latin1", (declared.format("ISO-8859-1") + "<a>é</a>").encode("latin-1"), 2003),
        ("latin1-lie", (declared.format("ISO-8859-1") + "<a/>").encode(), 2005),
        ("ebcdic", (declared.format("UTF-8") + "<a/>").encode("cp037"), 2003),
        ("mark", codecs.BOM_UTF8 + _PLAIN, 2009),
        ("version-11", b'<?xml version="1.1"?>' + _PLAIN, 2005),
        ("overlong", edited(_PLAIN, (_NUMBER, b"\xc0\xb05</edXML:CodeNumber>")), 2003),
        ("surrogates", edited(_PLAIN, (_NUMBER, b"\xed\xa0\x80" + _NUMBER)), 2003),
        ("cut", _PLAIN + b"\xe1\xba", 2003),
        ("null", edited(_PLAIN, (_NUMBER, b"\x00" + _NUMBER)), 2008),
        ("control", edited(_PLAIN, (_NUMBER, b"\x08" + _NUMBER)), 2008),
        ("null-reference", edited(_PLAIN, (_NUMBER, b"&#0;" + _NUMBER)), 2008),
        ("gzip", gzip.compress(_PLAIN, mtime=0), 2002),
        ("not-xml", b"%PDF-1.7", 2004),
        ("empty", b"", 2004),
        ("half", _PLAIN[: len(_PLAIN) // 2], 2008),
        ("two-roots", _PLAIN + _PLAIN, 2008),
    ):
        yield refused(f"encoding-{name}", 20, "form", code, as_it_is(data))
