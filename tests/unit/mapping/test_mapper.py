from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connector.errors import RecordError
from connector.mapping import codes
from connector.model.content import BytesContent, Content
from connector.model.envelope import (
    Business,
    BusinessType,
    DocumentCode,
    DocumentType,
    Organization,
    Priority,
    Signer,
)
from connector.model.record import Record
from tests.unit.mapping.desk import (
    ADAPTER,
    ROW,
    SENDER,
    mapper,
    refused,
    run,
    with_field,
)


def test_record_becomes_a_document() -> None:
    """Every field of the record stands where it belongs."""
    mapped = run()
    document = mapped.document
    assert mapped.source_key == "7816/VPCP-TTĐT|30/09/2025"
    assert mapped.provenance == ()
    assert document.sender == SENDER
    assert document.code == DocumentCode("7816", "VPCP-TTĐT")
    assert document.promulgation.date == dt.date(2025, 9, 30)
    assert document.promulgation.place == "Hà Nội"
    assert document.document_type == DocumentType(type=2, type_name="Công văn", type_detail=18)
    assert document.subject == "Về việc gửi, nhận văn bản"
    assert document.signer == Signer(
        full_name="Nguyễn Văn A", position="CHỦ NHIỆM", competence="KT."
    )
    assert document.priority is Priority.URGENT
    assert document.document_id == "G22,2025/09/30,7816/VPCP-TTĐT"
    assert document.business == Business(type=BusinessType.NEW, reason="Văn bản điện tử mới")
    assert document.response_for == ()
    assert document.traces == ()


def test_receivers_come_from_the_catalogue_each_once() -> None:
    """Codes of either scheme are made canonical, names are the catalogue's."""
    text = ADAPTER.replace(", {table: noi_nhan}", "")
    document = run(text, NoiNhan="000.00.00.H41; G09; H41").document
    assert document.receivers == (
        Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),
        Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
    )
    assert run().document.receivers == document.receivers


def test_closed_unknown_and_own_receivers_are_refused() -> None:
    """A closed code is refused with the catalogue's reason at the column; nothing is redirected."""
    (closed,) = refused(NoiNhan="Nội vụ; Cũ")
    assert closed.code.startswith("EDX-85")
    assert closed.place == "vb.csv:2 [NoiNhan]"
    assert "H41" in closed.en + closed.hint_en
    text = ADAPTER.replace(", {table: noi_nhan}", "")
    assert [one.code[:6] for one in refused(text, NoiNhan="H99; lạ")] == ["EDX-85", "EDX-12"]
    assert [one.code for one in refused(text, NoiNhan="G22")] == ["EDX-1260"]


def test_document_id_of_party_documents_keeps_its_join() -> None:
    """The default id joins number and notation as the document does."""
    assert run(SoKyHieu="01-NQ/TW").document.document_id == "G22,2025/09/30,01-NQ/TW"


def test_document_id_can_be_mapped() -> None:
    """A legacy system's own id is used as it stands."""
    text = with_field("document_id: {column: Ma}")
    assert run(text, Ma="abc-1").document.document_id == "abc-1"
    assert run(text, Ma=None).document.document_id.startswith("G22,")


def test_all_findings_of_a_record_are_told_at_once() -> None:
    """One pass shows everything that is wrong, each at its column."""
    found = refused(
        SoKyHieu="x y",
        Ngay="31/02/2025",
        Loai="lạ",
        TrichYeu=" ",
        NguoiKy="A\x00",
        NoiNhan="xa",
        DoKhan="5",
        Tep="a.exe;b",
    )
    assert [(one.code, one.place) for one in found] == [
        ("EDX-1246", "vb.csv:2 [SoKyHieu]"),
        ("EDX-1243", "vb.csv:2 [Ngay]"),
        ("EDX-1248", "vb.csv:2 [Loai]"),
        ("EDX-1255", "vb.csv:2 [NguoiKy]"),
        ("EDX-1247", "vb.csv:2 [NoiNhan]"),
        ("EDX-1250", "vb.csv:2 [DoKhan]"),
        ("EDX-1284", "vb.csv:2 [Tep]"),
        ("EDX-1280", "vb.csv:2 [Tep]"),
        ("EDX-1240", "vb.csv:2 [TrichYeu]"),
    ]


@pytest.mark.parametrize("column", ["SoKyHieu", "Ngay", "Loai", "TrichYeu", "NguoiKy", "NoiNhan"])
@pytest.mark.parametrize("empty", [None, "", " \n", b""])
def test_required_fields_are_never_invented(column: str, empty: Any) -> None:
    """An empty required field refuses the record; nothing such as N/A or today is put there."""
    assert "EDX-1240" in {one.code for one in refused(**{column: empty})}


def test_required_optional_field() -> None:
    """An adapter can insist on a field that the law does not require."""
    text = with_field("due_date: {column: Han, required: true, transforms: [date]}")
    assert run(text, Han="01/10/2025").document.due_date == dt.date(2025, 10, 1)
    assert [one.code for one in refused(text, Han="")] == ["EDX-1240"]


def test_absent_columns_are_refused_with_a_suggestion() -> None:
    """A column that this record does not have is not an empty value."""
    text = ADAPTER.replace("column: NguoiKy", "column: Nguoi_Ky")
    (found,) = refused(text)
    assert found.code == "EDX-1241"
    assert "'NguoiKy'" in found.en


def test_source_key_is_unambiguous() -> None:
    """Key parts cannot run into each other, dates have one spelling."""
    one = mapper().source_key(Record("p", {"SoKyHieu": "a|b", "Ngay": "c"}))
    other = mapper().source_key(Record("p", {"SoKyHieu": "a", "Ngay": "b|c"}))
    assert (one, other) == ("a\\|b|c", "a|b\\|c")
    day = dt.date(2020, 1, 5)
    assert mapper().source_key(Record("p", {"SoKyHieu": 5.0, "Ngay": day})) == "5|2020-01-05"


def test_record_without_key_is_refused() -> None:
    """A record that cannot be told from others is refused, not sent twice."""
    text = ADAPTER.replace("key: [SoKyHieu, Ngay]", "key: [Id, Khac]")
    found = refused(text, Id=None)
    assert [one.code for one in found] == ["EDX-1258", "EDX-1259"]
    assert mapper(text).source_key(Record("p", {"Id": ""})) is None


def test_attachments_are_named_typed_and_identified() -> None:
    """Names lose their folders, types come from the extension, ids from the content."""
    first, second = run().document.attachments
    assert (first.name, first.content_type) == ("vb 01.pdf", "application/pdf")
    assert second.content_type.endswith("spreadsheetml.sheet")
    again = run().document.attachments
    assert [one.content_id for one in again] == [first.content_id, second.content_id]
    assert first.content_id != second.content_id
    assert first.description is None


def test_attachment_problems_are_findings() -> None:
    """Empty files, files that cannot be opened and unknown kinds refuse the record."""

    def broken(record: Record, reference: str) -> Content:
        if reference == "no.pdf":
            raise RecordError(codes.EMPTY_KEY.at(record.place, column=reference))
        return BytesContent(b"")

    with pytest.raises(RecordError) as caught:
        mapper().map(Record("p", {**ROW, "Tep": "no.pdf; leer.pdf; x.foo"}), broken)
    assert [one.code for one in caught.value.findings] == ["EDX-1258", "EDX-1281", "EDX-1281"]


def test_attachments_from_columns() -> None:
    """A column of bytes is a file with the name of another column; both must be right."""
    text = ADAPTER.replace(
        '{column: Tep, split: ";"}',
        "{blob: NoiDung, name: Ten, description: Toàn văn, required: true}",
    )
    (one,) = run(text, NoiDung=b"%PDF", Ten="C:\\vb\\1.pdf").document.attachments
    assert (one.name, one.description, one.content.size) == ("1.pdf", "Toàn văn", 4)
    assert [f.code for f in refused(text, NoiDung=b"%PDF", Ten="")] == ["EDX-1283"]
    assert [f.code for f in refused(text, NoiDung="text", Ten="a.pdf")] == ["EDX-1282"]
    assert [f.code for f in refused(text, NoiDung=None, Ten="a.pdf")] == ["EDX-1240"]
    assert [f.code for f in refused(text, NoiDung=b"x", Ten="a")] == ["EDX-1280"]
    assert [f.code for f in refused(text)] == ["EDX-1241", "EDX-1241"]
    typed = text.replace("required: true", "content_type: application/pdf")
    assert run(typed, NoiDung=b"%PDF-1.4", Ten="a").document.attachments[0].name == "a"
    assert run(typed, NoiDung=None, Ten=None).document.attachments == ()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"PK\x03\x04", "EDX-1286"),
        ("a.docm", b"PK\x03\x04", "EDX-1286"),
        ("a.docm. ", b"%PDF-1.4", "EDX-1285"),
        ("a.docx", b"%PDF-1.4", "EDX-1285"),
        ("a", b"Xin", "EDX-1286"),
        ("a.pif", b"%PDF-1.4", "EDX-1284"),
        ("a.exe. ", b"%PDF-1.4", "EDX-1284"),
        ("a.pdf", b"#!/bin/sh", "EDX-1284"),
    ],
)
def test_files_that_belie_the_type_of_the_adapter(name: str, content: bytes, code: str) -> None:
    """A type that an adapter gives to all its files is no way round what a file is."""
    typed = ADAPTER.replace(
        '{column: Tep, split: ";"}',
        "{blob: NoiDung, name: Ten, content_type: application/pdf}",
    )
    assert [f.code for f in refused(typed, NoiDung=content, Ten=name)] == [code]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04", {"application/pdf", "'a.docx'", "ZIP"}),
        (b"%PDF-1.4", {"application/pdf", "'a.docx'", ".docx", "PDF"}),
    ],
)
def test_what_is_said_of_a_belied_type_is_true(content: bytes, said: set[str]) -> None:
    """A name is told to claim a type only if it does: each text names what does not hold."""
    typed = ADAPTER.replace(
        '{column: Tep, split: ";"}',
        "{blob: NoiDung, name: Ten, content_type: application/pdf}",
    )
    (found,) = refused(typed, NoiDung=content, Ten="a.docx")
    for text in (found.en, found.vi):
        assert {each for each in said if each in text} == said
        assert text.count("application/pdf") == 1
    assert found.hint_en
    assert found.hint_vi


@pytest.mark.parametrize("name", ["congvan\u202efdp.exe", "congvan\u200b.scr", "vb\u202efdp.la"])
def test_names_that_deceive_the_eye_are_spelled_out(name: str) -> None:
    """What turns or hides letters of a name stands in a finding as an escape."""
    (found,) = refused(Tep=name)
    assert found.code == ("EDX-1280" if name.endswith("la") else "EDX-1284")
    for text in (found.vi, found.en):
        assert text.isprintable()
        assert "\\u20" in text


def test_text_is_composed_and_damage_is_refused() -> None:
    """Text leaves as NFC with plain line breaks; a lost character refuses the record."""
    text = with_field("content: {column: NoiDung}")
    assert run(text, NoiDung="Tie\u0302\u0301ng\r\nViệt").document.content == "Tiếng\nViệt"
    assert [one.code for one in refused(text, NoiDung="Ti\ufffdng")] == ["EDX-1256"]
    assert [one.code for one in refused(text, NoiDung="a\ud800")] == ["EDX-1255"]


def test_kinds_must_fit() -> None:
    """A value that is not of the field's kind is refused with the transform that is missing."""
    for line, value, transform in [
        ("due_date: {column: X}", "01/10/2025", "date"),
        ("other_info.page_amount: {column: X}", "năm", "integer"),
        ("business.paper: {column: X}", "có", "boolean"),
        ("steering_type: {column: X}", "a", "integer"),
        ("business.type: {column: X}", "7", "table"),
    ]:
        (found,) = refused(with_field(line), X=value)
        assert found.code == "EDX-1253"
        assert transform in found.hint_en
    (code,) = refused(ADAPTER.replace(", split_code]", "]"))
    assert code.code == "EDX-1253"


def test_plain_values_need_no_transform() -> None:
    """Cells that already have the field's kind are taken as they are."""
    text = with_field("due_date: {column: Han}\n  other_info.page_amount: {column: Trang}")
    when = dt.datetime(2025, 10, 1, 0, 0)  # noqa: DTZ001 - cells of Excel are naive
    document = run(text, Han=when, Trang=3.0).document
    assert document.due_date == dt.date(2025, 10, 1)
    assert document.other_info is not None
    assert document.other_info.page_amount == 3


def test_single_fields_take_one_value() -> None:
    """A list cannot stand in a field of one value; joined it can."""
    text = with_field("content: {columns: [A, B]}")
    assert [one.code for one in refused(text, A="x", B="y")] == ["EDX-1254"]
    assert run(text, A="x", B="").document.content == "x"
    joined = with_field('content: {columns: [A, B], transforms: [{join: " - "}]}')
    assert run(joined, A="x", B="y").document.content == "x - y"


def test_default_stands_only_where_nothing_is() -> None:
    """A declared default is used for an empty cell, before the transforms."""
    text = with_field("to_places: {column: Noi, default: A;B, transforms: [{split: ';'}]}")
    assert run(text, Noi="").document.to_places == ("A", "B")
    assert run(text, Noi="C").document.to_places == ("C",)


def test_explain_tells_where_each_field_came_from() -> None:
    """Each field has its column, raw value and what each transform made of it."""
    mapped = run(explain=True)
    told = {one.field: one for one in mapped.provenance}
    subject = told["subject"]
    assert (subject.place, subject.column) == ("vb.csv:2 [TrichYeu]", "TrichYeu")
    assert subject.raw == "Về việc  gửi, nhận\\nvăn bản"
    assert [(one.transform, one.after) for one in subject.steps] == [
        ("collapse_spaces", "Về việc gửi, nhận văn bản")
    ]
    assert told["document_id"].steps[0].after == mapped.document.document_id
    assert told["promulgation.place"].column is None
    assert told["business.reason"].column is None
    assert told["receivers"].steps[-1].transform == "catalogue"
    assert mapped.document == run().document


def test_explain_tells_the_silent_steps() -> None:
    """Default, composition and the decision by the code are told too."""
    text = with_field("content: {column: C}\n  to_places: {column: D, default: Lưu}")
    mapped = run(text, explain=True, C="e\u0302", D="", SoKyHieu="1/2020/TT-BNV", Loai="Nghị quyết")
    steps = {(one.field, step.transform) for one in mapped.provenance for step in one.steps}
    assert {
        ("content", "nfc"),
        ("to_places", "default"),
        ("document_type", "year in the code"),
    } <= steps


def test_the_same_record_maps_to_the_same_document() -> None:
    """Mapping depends on record, settings and catalogue alone."""
    assert run() == run()
