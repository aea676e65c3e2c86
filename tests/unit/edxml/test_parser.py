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
        (gzip.compress(b"<a/>"), "EDX-2002"),
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
    assert parse(f"<a>{text}</a>".encode()).text == text


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
    assert len(parse(b"<a>" + b"A" * 11_000_000 + b"</a>").text or "") == 11_000_000


def test_deep_nesting_never_reaches_libxml2() -> None:
    """Half a million levels end in a finding, not in a crash."""
    assert _code(b"<a>" * 500_000) == "EDX-2007"
