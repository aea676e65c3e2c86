from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import unicodedata
from typing import Any

import pytest

from connector.edxml import codes
from connector.edxml.rules import RULES, check_rules, documents_named
from connector.edxml.secret_marks import bears_mark, bears_word
from connector.model.content import BytesContent
from connector.model.envelope import (
    Business,
    BusinessType,
    Document,
    DocumentCode,
    Envelope,
    InformationChange,
    OtherInfo,
    Promulgation,
    ReceiverChange,
    Replacement,
    ResponseFor,
    StatusCode,
    StatusReport,
)

TODAY = dt.date(2026, 1, 6)


def _found(envelope: Envelope) -> list[tuple[str, str]]:
    return [(each.code, each.place) for each in check_rules(envelope, today=TODAY)]


def test_sound_packets_have_no_finding(document: Document, status: StatusReport) -> None:
    """The rules are silent about what is right."""
    assert _found(document) == []
    assert _found(status) == []


def test_rules_have_names_laws_and_texts() -> None:
    """The table is complete and its names are unique."""
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.en.endswith(".") and rule.vi.endswith(".") for rule in RULES)


def test_catalogue_is_complete_and_unambiguous() -> None:
    """Every code stands once, in its range, in two languages."""
    numbers = [text.code for text in codes.CATALOGUE]
    assert len(set(numbers)) == len(numbers)
    assert all(code.startswith("EDX-2") for code in numbers)
    assert all(text.en and text.vi for text in codes.CATALOGUE)
    assert sorted(numbers) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "MẬT",
        "Mật",
        " tối mật. ",
        "TUYỆT MẬT",
        "(MẬT)",
        "Báo cáo tình hình [Tối mật]",
        "MẬT - Báo cáo tình hình",
        "TỐI MẬT: Kế hoạch",
        "Báo cáo tình hình - MẬT",
        "Báo cáo. Độ mật: Tối mật",
        unicodedata.normalize("NFD", "TUYỆT MẬT"),
    ],
)
def test_marks_are_recognised(text: str) -> None:
    """A mark in a mark's place counts, whatever its case or composition."""
    assert bears_mark(text)


@pytest.mark.parametrize(
    "text",
    [
        "LƯU HÀNH NỘI BỘ",
        "XEM XONG TRẢ LẠI",
        "V/v bảo vệ bí mật nhà nước",
        "Về việc ban hành Danh mục bí mật nhà nước độ Tuyệt mật, Tối mật",
        "VỀ VIỆC BẢO VỆ BÍ MẬT NHÀ NƯỚC",
        "DANH MỤC BÍ MẬT NHÀ NƯỚC ĐỘ TUYỆT MẬT, TỐI MẬT",
        "Triển khai chữ ký số và bảo mật",
        "Mật độ dân số tỉnh Nghệ An",
        "MẬT ĐỘ XÂY DỰNG",
        "Hợp tác xã mật ong",
        "Độ mật: Thường",
        "",
    ],
)
def test_running_text_is_no_mark(text: str) -> None:
    """The word in running text stops nothing."""
    assert not bears_mark(text)


@pytest.mark.parametrize("text", ["TÀI LIỆU MẬT", "123/QĐ-MẬT", "Mật"])
def test_short_fields_show_the_word(text: str) -> None:
    """In circulation and notation the word in capitals suffices."""
    assert bears_word(text)


def test_internal_circulation_is_not_secret() -> None:
    """LƯU HÀNH NỘI BỘ is no mark in any field."""
    assert not bears_word("LƯU HÀNH NỘI BỘ")
    assert not bears_word("CƠ MẬT VIỆN")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"subject": "(MẬT) Kế hoạch"}, "MessageHeader/Subject"),
        ({"content": "Tối mật"}, "MessageHeader/Content"),
        ({"code": DocumentCode("05", "KH-MẬT")}, "MessageHeader/Code/CodeNotation"),
        (
            {"other_info": OtherInfo(sphere_of_promulgation="MẬT")},
            "MessageHeader/OtherInfo/SphereOfPromulgation",
        ),
    ],
)
def test_secret_packets_are_refused_without_content(
    document: Document, change: dict[str, Any], place: str
) -> None:
    """A mark in any field is an error that repeats nothing of the document."""
    packet = dataclasses.replace(document, **{"document_id": "x", **change})
    (finding,) = check_rules(packet, today=TODAY)
    assert (finding.code, finding.place) == ("EDX-2201", place)
    assert "Kế hoạch" not in str(finding.as_dict())


def _attached(document: Document, **change: Any) -> Document:
    attachment = dataclasses.replace(document.attachments[0], **change)
    return dataclasses.replace(document, attachments=(attachment,))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MẬT - kế hoạch.pdf", "EDX-2201"),
        ("a/../../etc/passwd.pdf", "EDX-2314"),
        ("a\\b.pdf", "EDX-2314"),
        ("a\tb.pdf", "EDX-2314"),
        ("hợp\u202excod.pdf", "EDX-2314"),
        ("a\u200b.pdf", "EDX-2314"),
        ("con.pdf", "EDX-2315"),
        ("a:b.pdf", "EDX-2315"),
        ("tệp không đuôi", "EDX-2315"),
        ("x" * 252 + ".pdf", "EDX-2315"),
        (" a.pdf", "EDX-2315"),
    ],
)
def test_names_of_attachments_are_checked(document: Document, name: str, code: str) -> None:
    """Names that lead astray are errors, awkward ones warnings."""
    assert _found(_attached(document, name=name)) == [
        (code, "AttachmentEncoded/Attachment/AttachmentName")
    ]


def test_names_hold_nothing_that_cannot_be_seen(document: Document) -> None:
    """Controls, marks that only format, and separators of lines and paragraphs: all of them."""
    hidden = {"Cc", "Cf", "Zl", "Zp"}
    for sign in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(sign) in hidden:
            found = [code for code, _ in _found(_attached(document, name=f"a{sign}b.pdf"))]
            assert "EDX-2314" in found, ascii(sign)
    assert _found(_attached(document, name="a\u00a0b ✔ 文書 \ue000.pdf")) == []


def test_dots_are_no_name(document: Document) -> None:
    """The names of directories are unsafe."""
    assert _found(_attached(document, name=".."))[0][0] == "EDX-2314"


def test_empty_attachment_is_refused(document: Document) -> None:
    """An empty file is a mistake of the source."""
    assert _found(_attached(document, content=BytesContent(b""))) == [
        ("EDX-2301", "AttachmentEncoded/Attachment")
    ]


def test_pdf_that_was_text_is_refused(document: Document) -> None:
    """A PDF decoded as UTF-8 can never be read again."""
    damaged = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".decode("utf-8", "replace").encode()
    assert _found(_attached(document, content=BytesContent(damaged))) == [
        ("EDX-2317", "AttachmentEncoded/Attachment")
    ]


def test_attachments_are_told_apart(document: Document) -> None:
    """The same id is an error, the same name a warning."""
    packet = dataclasses.replace(document, attachments=document.attachments * 2)
    assert _found(packet) == [
        ("EDX-2306", "AttachmentEncoded/Attachment[2]/ContentId"),
        ("EDX-2316", "AttachmentEncoded/Attachment[2]/AttachmentName"),
    ]


def test_day_of_issue_may_be_today_but_not_tomorrow(document: Document) -> None:
    """A document from the future is refused."""
    place = "MessageHeader/PromulgationInfo/PromulgationDate"
    for days, expected in ((0, []), (1, [("EDX-2202", place)])):
        day = TODAY + dt.timedelta(days=days)
        packet = dataclasses.replace(
            document, promulgation=Promulgation("Hà Nội", day), document_id="x"
        )
        assert _found(packet) == expected


def test_year_that_was_misread_is_reported(document: Document) -> None:
    """A day of the year 34 is a misread date."""
    packet = dataclasses.replace(
        document, promulgation=Promulgation("Hà Nội", dt.date(34, 3, 7)), document_id="x"
    )
    assert [code for code, _ in _found(packet)] == ["EDX-2203"]


def test_due_before_issue_is_reported(document: Document) -> None:
    """A due date before the day of issue is a warning."""
    packet = dataclasses.replace(document, due_date=dt.date(2026, 1, 4))
    assert _found(packet) == [("EDX-2204", "MessageHeader/DueDate")]


def test_receivers_are_named_once(document: Document) -> None:
    """The repeated receiver is named with its place."""
    packet = dataclasses.replace(document, receivers=(*document.receivers, document.receivers[0]))
    assert _found(packet) == [("EDX-2205", "MessageHeader/To[3]/OrganId")]


def test_sender_as_receiver_is_reported(document: Document) -> None:
    """An agency that writes to itself is a warning."""
    packet = dataclasses.replace(document, receivers=(document.sender,))
    assert _found(packet) == [("EDX-2206", "MessageHeader/To")]


@pytest.mark.parametrize(
    ("number", "notation", "expected"),
    [
        ("05", "VPCP-KSTT", []),
        ("7816", "VPCP-TTĐT", []),
        ("28", "2018/QĐ-TTg", []),
        ("01", "-NQ/TW", []),
        ("12a", "QĐ-UBND", []),
        ("5", "QĐ-UBND", ["EDX-2207"]),
        ("số 15", "QĐ-UBND", ["EDX-2207"]),
        ("15", "QĐ - UBND", ["EDX-2208"]),
        ("15", "/QĐ-UBND", ["EDX-2208"]),
    ],
)
def test_number_and_notation_have_a_shape(
    document: Document, number: str, notation: str, expected: list[str]
) -> None:
    """Real spellings pass, the ones that NĐ 30/2020 PL I forbids are reported."""
    packet = dataclasses.replace(
        document, code=DocumentCode(number, notation), document_id="opaque"
    )
    assert [code for code, _ in _found(packet)] == expected


@pytest.mark.parametrize(
    ("document_id", "count"),
    [
        ("G22,2026/01/05,05/VPCP-KSTT", 0),
        ("000.00.00.G22,2026/01/05,05/VPCP-KSTT", 0),
        ("6f1d3f0c-58f4-4c0e-9d0e-6b1f5d0b8a11", 0),
        ("G22,2026,5", 0),
        ("G22,2026/01/06,05/VPCP-KSTT", 1),
        ("G22,2014/02/30,06/VPCP-KSTT", 2),
    ],
)
def test_document_id_agrees_with_the_header(
    document: Document, document_id: str, count: int
) -> None:
    """Only the comma form can disagree; everything else is opaque."""
    packet = dataclasses.replace(document, document_id=document_id)
    assert _found(packet) == [("EDX-2209", "MessageHeader/DocumentId")] * count


def _act(document: Document, kind: BusinessType, **business: Any) -> Document:
    return dataclasses.replace(
        document,
        business=Business(type=kind, **business),
        attachments=(),
        response_for=(),
    )


def test_recall_names_one_document(document: Document) -> None:
    """A recall that names its document three times alike is clear."""
    recall = _act(document, BusinessType.RECALL, document_id=document.document_id)
    answered = ResponseFor(
        organ_id="G22",
        code="05/VPCP-KSTT",
        promulgation_date=document.promulgation.date,
        document_id=document.document_id,
    )
    recall = dataclasses.replace(recall, response_for=(answered,))
    assert _found(recall) == []
    assert documents_named(recall) == (document.document_id,)


def test_unclear_recall_is_refused(document: Document) -> None:
    """A recall that names two documents is for a person to decide."""
    recall = _act(document, BusinessType.RECALL, document_id="another")
    assert _found(recall) == [("EDX-2210", "TraceHeaderList/Bussiness/DocumentId")]
    assert documents_named(recall) == ("another", document.document_id)


def test_recall_by_another_agency_is_refused(document: Document) -> None:
    """Only the issuer recalls (QĐ 28/2018 Đ8(2))."""
    recall = _act(document, BusinessType.RECALL, document_id=document.document_id)
    answered = dataclasses.replace(document.response_for[0], document_id=document.document_id)
    recall = dataclasses.replace(recall, response_for=(answered,))
    assert _found(recall) == [("EDX-2211", "MessageHeader/ResponseFor/OrganId")]


def test_update_says_of_what_and_what(document: Document) -> None:
    """An update names its document and its changes."""
    change = InformationChange(document_receiver=True, receivers=(ReceiverChange("H41", True),))
    update = _act(document, BusinessType.UPDATE, document_id="x", changes=(change,))
    assert _found(update) == []
    assert documents_named(update) == ("x",)
    assert [code for code, _ in _found(_act(document, BusinessType.UPDATE))] == [
        "EDX-2212",
        "EDX-2215",
    ]
    assert documents_named(_act(document, BusinessType.UPDATE)) == ()


def test_update_never_changes_content(document: Document) -> None:
    """An update with attachments is refused (NĐ 30/2020 Đ18(3))."""
    update = _act(
        document,
        BusinessType.UPDATE,
        document_id="x",
        changes=(InformationChange(document_info=True),),
    )
    update = dataclasses.replace(update, attachments=document.attachments)
    assert [code for code, _ in _found(update)] == ["EDX-2213", "EDX-2214"]


def test_replacement_says_what_it_replaces(document: Document) -> None:
    """A replacing document names others, for receivers of its own."""
    good = Replacement("old", ("G09",))
    replacing = _act(document, BusinessType.REPLACE, replacements=(good, good))
    assert _found(replacing) == []
    assert documents_named(replacing) == ("old",)
    bad = Replacement(document.document_id, ("H99",))
    found = _found(_act(document, BusinessType.REPLACE, replacements=(bad,)))
    assert [code for code, _ in found] == ["EDX-2217", "EDX-2218"]
    assert [code for code, _ in _found(_act(document, BusinessType.REPLACE))] == ["EDX-2216"]


def test_parts_of_other_acts_are_reported(document: Document) -> None:
    """Changes in a new document, replacements in a recall: meaningless."""
    packet = _act(
        document,
        BusinessType.NEW,
        changes=(InformationChange(),),
        replacements=(Replacement("x", ()),),
    )
    assert [code for code, _ in _found(packet)] == ["EDX-2219", "EDX-2219"]
    assert documents_named(packet) == ()
    assert documents_named(dataclasses.replace(packet, business=None)) == ()


def test_paper_is_reported(document: Document) -> None:
    """Paper that follows is a warning (QĐ 28/2018 Đ5(3))."""
    assert _found(_act(document, BusinessType.NEW, paper=True)) == [
        ("EDX-2220", "TraceHeaderList/Bussiness/Paper")
    ]


def test_untraced_packet_is_reported(document: Document) -> None:
    """A packet without any hop is a warning."""
    assert _found(dataclasses.replace(document, traces=())) == [("EDX-2225", "TraceHeaderList")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (StatusCode.REFUSED, ["EDX-2221"]),
        (StatusCode.CHANGE_REFUSED, ["EDX-2221"]),
        (StatusCode.FINISHED, []),
    ],
)
def test_refusals_say_why(status: StatusReport, code: StatusCode, expected: list[str]) -> None:
    """02 and 16 need a description."""
    silent = dataclasses.replace(status, status_code=code, description=None)
    assert [code for code, _ in _found(silent)] == expected
    assert _found(dataclasses.replace(silent, description="Sai nơi nhận")) == []


def test_status_to_oneself_is_reported(status: StatusReport) -> None:
    """An agency does not answer itself."""
    own = dataclasses.replace(status, sender=dataclasses.replace(status.sender, organ_id="G22"))
    assert _found(own) == [("EDX-2222", "MessageHeader/ResponseFor/OrganId")]


def test_decomposed_text_is_reported(document: Document) -> None:
    """Text must be composed Unicode, and the place is named."""
    packet = dataclasses.replace(document, subject=unicodedata.normalize("NFD", "Hà Nội"))
    assert _found(packet) == [("EDX-2223", "MessageHeader/Subject")]


@pytest.mark.parametrize("character", ["\ufffd", "\x80", "\x9f", "\x7f"])
def test_signs_of_a_wrong_charset_are_reported(document: Document, character: str) -> None:
    """Characters that only a wrong charset leaves are a warning."""
    packet = dataclasses.replace(document, subject=f"C{character}ng v¨n")
    assert _found(packet) == [("EDX-2224", "MessageHeader/Subject")]


def test_common_limits_are_reported(document: Document) -> None:
    """A telephone number that one system in use refuses is a warning."""
    sender = dataclasses.replace(document.sender, telephone="080 43162, 080 43163, 080 43164")
    assert _found(dataclasses.replace(document, sender=sender)) == [
        ("EDX-2226", "MessageHeader/From/Telephone")
    ]
