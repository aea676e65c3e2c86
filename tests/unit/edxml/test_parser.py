from __future__ import annotations

import gzip

import pytest

from connector.edxml.names import OLD_NS
from connector.edxml.parser import Limits, parse
from connector.errors import PermanentError


def _code(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(PermanentError) as caught:
        parse(data, limits=limits or Limits())
    return caught.value.code


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<?xml version='1.0'?>",
        b'<?xml version="1.0" encoding="UTF-8"?>\n',
        b'<?xml version="1.0" encoding="utf-8" standalone="yes" ?>\r\n',
        b"\n ",
    ],
)
def test_plain_documents_are_read(head: bytes) -> None:
    """A document is read with and without its declaration."""
    assert parse(head + "<a>ệ &amp; ß</a>".encode()).text == "ệ & ß"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EDX-2004"),
        (b"%PDF-1.4", "EDX-2004"),
        (b"MIME-Version: 1.0\r\n\r\n<a xmlns='" + OLD_NS.encode() + b"'/>", "EDX-2010"),
        (gzip.compress(b"<a/>", mtime=0), "EDX-2002"),
        (b"\xef\xbb\xbf<a/>", "EDX-2009"),
        ("<a/>".encode("utf-16"), "EDX-2009"),
        ("<a>é</a>".encode("latin-1"), "EDX-2003"),
        (b"<a>\xc0\x80</a>", "EDX-2003"),
        (b"<a>\xed\xa0\x80</a>", "EDX-2003"),
        (b"<a>\xe1\xbb", "EDX-2003"),
        (b"<?xml version='1.1'?><a/>", "EDX-2005"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", "EDX-2005"),
        (b"<?xml version='1.0' encoding='latin1'?><a/>", "EDX-2005"),
        (b"<!DOCTYPE a><a/>", "EDX-2006"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "EDX-2006"),
        (b"<a><!-- comment --></a>", "EDX-2006"),
        (b"<a><![CDATA[x]]></a>", "EDX-2006"),
        (b"<a/><?pi x?>", "EDX-2006"),
        (b"<a>", "EDX-2008"),
        (b"<a></b>", "EDX-2008"),
        (b"<a/><b/>", "EDX-2008"),
        (b"<a>&foo;</a>", "EDX-2008"),
        (b"<a>&#0;</a>", "EDX-2008"),
        (b"<a>\x00</a>", "EDX-2008"),
        (b"<a b='1' b='2'/>", "EDX-2008"),
        (b"<x:a/>", "EDX-2008"),
        (b"<a xmlns:b='u' xmlns:c='u' b:d='' c:d=''/>", "EDX-2008"),
    ],
)
def test_everything_else_is_refused(data: bytes, code: str) -> None:
    """Each kind of bad input has its own code."""
    assert _code(data) == code


def test_place_of_forbidden_markup_is_line_and_column() -> None:
    """The finding says where the markup stands."""
    with pytest.raises(PermanentError) as caught:
        parse(b"<a>\n <!-- x --></a>")
    assert caught.value.findings[0].place == "2:2"


def test_multibyte_characters_may_stand_on_a_chunk_edge() -> None:
    """The strict decoding in chunks does not cut characters."""
    text = "ệ" * 700_000
    data = f"<ContentTransferEncoded>{text}</ContentTransferEncoded>"
    assert parse(data.encode()).text == text


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"<a>" * 5 + b"</a>" * 5, Limits(max_depth=4)),
        (b"<a>" + b"<b/>" * 5 + b"</a>", Limits(max_elements=5)),
        (b"<a a='' b='' c=''/>", Limits(max_attributes=2)),
        (b"<a xmlns:b='u'><c xmlns:d='v' xmlns:e='w'/></a>", Limits(max_namespaces=2)),
        (b"<" + b"a" * 9 + b"/>", Limits(max_name_length=8)),
        (b"<a " + b"b" * 9 + b"=''/>", Limits(max_name_length=8)),
    ],
)
def test_limits_hold(data: bytes, limits: Limits) -> None:
    """What an attacker multiplies is counted."""
    assert _code(data, limits) == "EDX-2007"


def test_size_is_looked_at_first() -> None:
    """A packet over the size limit is not even decoded."""
    assert _code(b"\xff" * 11, Limits(max_bytes=10)) == "EDX-2001"


def test_text_over_ten_megabytes_is_read() -> None:
    """Attachments beyond libxml2's own limit pass."""
    for tag in (b"ContentTransferEncoded", b"edXML:ContentTransferEncoded "):
        data = b"<%b>%b</%b>" % (tag, b"A" * 11_000_000, tag)
        root = parse(b'<a xmlns:edXML="urn:x">' + data + b"</a>")
        assert len(root[0].text or "") == 11_000_000


@pytest.mark.parametrize("tag", [b"a", b"ContentTransferEncodedX", b"XContentTransferEncoded"])
def test_only_payloads_are_large(tag: bytes) -> None:
    """Any other text of more than a million bytes is refused, shorter ones are not."""
    limit = Limits().max_text_bytes
    fits = limit - len(tag) - 2
    assert parse(b"<%b>%b</%b>" % (tag, b" " * fits, tag)).tag == tag.decode()
    assert _code(b"<%b>%b</%b>" % (tag, b" " * (fits + 1), tag)) == "EDX-2007"
    assert _code(b"<%b/>" % tag + b" " * limit) == "EDX-2007"


def test_tags_are_short() -> None:
    """A tag has 65536 bytes at most, its end is looked for outside of quoted values."""
    longest = Limits().max_tag_bytes
    for start, end in ((b'<a b="', b'"/>'), (b"<a b='", b"'/>"), (b'<a b=">', b'"/>')):
        fits = longest - len(start) - len(end)
        assert parse(start + b">" * fits + end).tag == "a"
        longer = start + b">" * (fits + 1) + end
        assert _code(longer) == "EDX-2007"
        assert _code(longer + b" ") == "EDX-2007"
    assert _code(b"<" + b"a" * longest) == "EDX-2007"


def test_line_ends_and_escapes_are_counted() -> None:
    """Each line end, > and & counts; four million are let in, for base64 in short lines."""
    lines = b"<ContentTransferEncoded>%b</ContentTransferEncoded>"
    for sign, count in ((b"\n", 4), (b"\r", 4), (b"\r\n", 2), (b"&gt;", 4), (b">", 4)):
        limits = Limits(max_escapes=count * (2 if sign == b"\r\n" else 1) + 2)
        assert parse(lines % (sign * count), limits=limits).tag == "ContentTransferEncoded"
        assert _code(lines % (sign * (count + 1)), limits) == "EDX-2007"
    assert Limits().max_escapes == 4_000_000


def test_tags_are_counted_before_they_are_parsed() -> None:
    """More than two tags an element cannot be, whatever else is wrong with them."""
    assert _code(b"<" * 40_002) == "EDX-2007"
    assert _code(b"<" * 40_001) == "EDX-2008"


def test_deep_nesting_never_reaches_libxml2() -> None:
    """Half a million levels end in a finding, not in a crash."""
    assert _code(b"<a>" * 500_000) == "EDX-2007"
