"""XML exports of any shape, hostile ones included."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.sources import codes, file_codes, markup
from connector.text.codecs import register
from tests.unit.sources.conftest import Desk

XML = "type: xml, path: e.xml, record: VanBan"


def test_every_path_is_a_column(desk: Desk) -> None:
    """Elements, attributes and repeated elements, whatever their namespaces."""
    desk.file(
        "e.xml",
        "<?xml version='1.0'?><!-- x --><n:a xmlns:n='urn:n'><VanBan ma='1'>"
        "<n:So loai='QĐ'> 15 </n:So><Noi>G22</Noi><Noi>H41</Noi><Ve>a <b>đậm</b> c</Ve>"
        "</VanBan><VanBan/></n:a>",
    )

    records, refusals = desk.results(XML)

    assert dict(records[0].values) == {
        "@ma": "1",
        "So/@loai": "QĐ",
        "So": "15",
        "Noi": "G22;H41",
        "Ve": "a đậm c",
    }
    assert [record.place for record in records] == ["e.xml:VanBan[1]"]
    assert not refusals


def test_columns_are_paths(desk: Desk) -> None:
    """All text of an element counts, and the record itself is a dot."""
    desk.file("e.xml", "<a><VanBan k='7'><T><Ve>a <b>đậm</b> c</Ve></T></VanBan></a>")

    records, _ = desk.results(f"{XML}, columns: {{V: T/Ve, K: '@k', A: ., N: X/Y}}")

    assert dict(records[0].values) == {"V": "a đậm c", "K": "7", "A": "a đậm c", "N": None}


@pytest.mark.parametrize(
    ("record", "count"), [("v", 3), ("b/v", 2), ("/a/b/v", 2), ("/b/v", 0), ("/a/v", 1)]
)
def test_records_are_found_by_path(desk: Desk, record: str, count: int) -> None:
    """From the root with a slash, else anywhere."""
    desk.file("e.xml", "<a><b><v>1</v><v>2</v></b><v>3</v></a>")

    records, _ = desk.results(f"type: xml, path: e.xml, record: {record}, columns: {{A: .}}")

    assert len(records) == count


@pytest.mark.parametrize("path", ["//v", "a[1]", "a/..", "*", "a/@b/c", "text()", ""])
def test_only_plain_paths_are_paths(desk: Desk, path: str) -> None:
    """No predicates, functions or axes."""
    with pytest.raises(ConfigError):
        desk.open(f"type: xml, path: e.xml, record: v, columns: {{A: '{path}'}}")


@pytest.mark.parametrize("charset", ["windows-1258", "utf-16", "iso-8859-1", "viscii", "tcvn3"])
def test_the_declared_charset_is_used(desk: Desk, charset: str) -> None:
    """Any that Python or this package knows, not only those of libxml2."""
    register()
    text = f"<?xml version='1.0' encoding='{charset}'?>\n<a><VanBan><So>số é</So></VanBan></a>"
    if charset in {"iso-8859-1", "windows-1258"}:
        text = text.replace("số", "so")
    desk.file("e.xml", text.encode(charset))

    records, refusals = desk.results(XML)

    assert not refusals
    assert records[0].values["So"] in {"số é", "so é"}


def test_a_configured_charset_is_stronger_than_the_declared_one(desk: Desk) -> None:
    """Old programs declare what they do not write."""
    desk.file(
        "e.xml", b"<?xml version='1.0' encoding='utf-8'?><a><VanBan><So>s\xe8</So></VanBan></a>"
    )

    assert desk.results(f"{XML}, charset: tcvn3")[0][0].values["So"] == "số"
    _, refusals = desk.results(XML)
    assert refusals[0].findings[0].code == file_codes.BAD_XML.code


HOSTILE = {
    "bomb": "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;&x;'>]><a>&y;</a>",
    "file": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "external": "<!DOCTYPE a SYSTEM 'http://localhost/x.dtd'><a/>",
    "parameter": "<!-- --><?p?><!DOCTYPE a [<!ENTITY % x SYSTEM 'http://localhost/'>%x;]><a/>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_definitions_are_refused(desk: Desk, text: str) -> None:
    """Nothing is defined, so nothing can be expanded or fetched."""
    desk.file("e.xml", text)

    _, refusals = desk.results(XML)

    assert [refused.findings[0].code for refused in refusals] == [file_codes.XML_FORBIDDEN.code]
    with pytest.raises(ConfigError):
        desk.open(XML).columns()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "<a>&unknown;</a>",
        "<a><b></a>",
        "<a>\x01</a>",
        "<a/><a/>",
        "<?xml version='1.0' encoding='nonsense-9'?><a/>",
        "<a xmlns:x='u' x:b='1' x:b='2'/>",
        "<" + "a" * 70_000,
    ],
)
def test_what_is_not_xml_refuses_the_file(desk: Desk, text: str) -> None:
    """With the parser's reason; nothing of it is repaired."""
    desk.file("e.xml", text)

    records, refusals = desk.results(XML)

    assert not records
    assert refusals[0].findings[0].code in {file_codes.BAD_XML.code, codes.CHARSET_UNKNOWN.code}


def test_records_before_damage_stand(desk: Desk) -> None:
    """The rest is refused once, at its line."""
    good = "<VanBan><So>1</So></VanBan>\n"
    desk.file("e.xml", f"<a>\n{good * 3}<VanBan><So>4</VanBan></a>")

    records, refusals = desk.results(XML)

    assert len(records) == 3
    assert len(refusals) == 1
    assert refusals[0].findings[0].place.startswith("e.xml:5:")


@pytest.mark.parametrize(
    "text", ["<a>" + "<b>" * 5000, "<a><VanBan>" + "<b/>" * 100_001, "<a><VanBan>" + "x" * 90_000]
)
def test_a_record_has_limits(desk: Desk, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In depth, in elements and in bytes."""
    if "xxx" in text:
        monkeypatch.setattr(markup, "MAX_RECORD_BYTES", 50_000)
    desk.file("e.xml", text)

    _, refusals = desk.results(XML)

    assert refusals[0].findings[0].code == file_codes.RECORD_TOO_LARGE.code


def test_memory_does_not_grow_with_the_file(desk: Desk) -> None:
    """Records are thrown away one by one, and so is what stands between them."""
    one = "<x><y>" + "<z/>" * 40 + "</y></x><VanBan><So>1</So>" + "<w/>" * 40 + "</VanBan>"
    desk.file("e.xml", "<a>" + one * 8_000 + "</a>")
    source = desk.open(f"{XML}, columns: {{So: So}}")
    before = resident_bytes()

    count = sum(len(batch.records) for batch in source.read(None))

    assert count == 8_000
    assert resident_bytes() - before < 24 << 20


def resident_bytes() -> int:
    """Return the memory of this process, that of libxml2 too."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()
