"""A document woven into a known form is what the general way makes of it, or is left to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.clock import VIETNAM, ManualClock
from connector.edxml import document_form
from connector.edxml.document_form import LONGEST, follows_schema, pack_document
from connector.edxml.pack import check, pack
from connector.edxml.schema import check_schema_of
from connector.edxml.writer import write, write_parts, write_skeleton
from connector.errors import Bug, PermanentError
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    Staff,
    TraceHeader,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, Packet, Payload, WriteOptions
from connector.trust.keys import SigningKey
from connector.trust.pki import new_dev_pki
from connector.trust.sign import seal
from connector.trust.splice import is_proved
from tests.property.two_ways import TODAY, general, key_of, packed, sealed

_EVIL = st.sampled_from(
    [
        *("", " ", "\r\n", "]]>", "&amp;", "&#xD;", "<!-- -->", "</edXML:Subject>", "n/a", "NULL"),
        *("e\u0323\u0302", "\ufffd", "\ufffe", "\x00", "\x85", "\u2028", "\ud800", "\ue000\ue003"),
        *("1111/11/11", "111", "AA==", "cid:\ue001", "a" * 61, "ệ" * 201, "&" * 501, " x", "x\t"),
    ]
)
_PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
_ANY = st.one_of(_PLAIN, _PLAIN, _PLAIN, _PLAIN, st.text(max_size=12), _EVIL)
_SAYS = st.none() | _ANY
_NUMBER = st.one_of(st.integers(0, 999), st.sampled_from([-1, 1000, 111]))
_MOMENTS = st.datetimes(
    min_value=dt.datetime(2, 1, 1),  # noqa: DTZ001
    max_value=dt.datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([VIETNAM, VIETNAM, dt.UTC, None]),
)
_PARTY = st.builds(Organization, organ_id=_PLAIN, organ_name=_PLAIN)
_FILE = st.builds(
    Attachment,
    content_id=st.from_regex(r"[0-9a-f]{8}", fullmatch=True) | _ANY,
    name=_ANY.map(lambda text: text + ".pdf"),
    content_type=st.just("application/pdf") | _ANY,
    content=st.sampled_from(
        [BytesContent(b"%PDF-1.4\n" + b"x" * 90), BytesContent(b"PK"), BytesContent(b"")]
    ),
    description=st.sampled_from([None, None, "mô tả"]),
)
_OTHER = st.builds(
    OtherInfo,
    priority=st.none() | st.sampled_from(Priority),
    sphere_of_promulgation=_SAYS,
    typer_notation=_SAYS,
    promulgation_amount=st.none() | _NUMBER,
    page_amount=st.none() | _NUMBER,
    direction=st.sampled_from([None, None, True]),
    appendixes=st.sampled_from([(), (), ("Phụ lục",)]),
)
_BUSINESS = st.builds(
    Business,
    type=st.sampled_from(BusinessType),
    reason=_SAYS,
    paper=st.sampled_from([None, False, True]),
    document_id=_SAYS,
    staff=st.sampled_from([(), (Staff(department="Vụ <A>"),)]),
)
_ID = "G09,2026/01/05,05/QĐ-BNV"
_SENDER = Organization(organ_id="G09", organ_name="Bộ Nội vụ")
_ANSWERED = ResponseFor(
    organ_id="G22", code="1/QĐ", promulgation_date=dt.date(2026, 1, 5), document_id="G22,1"
)
_DOCUMENTS = st.builds(
    Document,
    sender=st.sampled_from([_SENDER, replace(_SENDER, organ_add="Số 8 <Hà Nội> & Huế", fax="1")])
    | st.builds(Organization, organ_id=_ANY, organ_name=_ANY, email=_SAYS),
    receivers=st.lists(_PARTY | st.builds(Organization, organ_id=_ANY, organ_name=_ANY, fax=_SAYS))
    .map(tuple)
    .filter(lambda receivers: len(receivers) <= 3),
    code=st.builds(DocumentCode, st.sampled_from(["05", "123"]) | _ANY, _ANY),
    promulgation=st.builds(Promulgation, _ANY, st.just(dt.date(2026, 1, 5)) | st.dates()),
    document_type=st.builds(
        DocumentType, type=_NUMBER, type_name=_ANY, type_detail=st.none() | _NUMBER
    ),
    subject=_ANY,
    signer=st.builds(Signer, full_name=_ANY, position=_SAYS, competence=_SAYS),
    document_id=_ANY,
    content=_SAYS,
    due_date=st.none() | st.just(dt.date(2026, 2, 1)) | st.dates(),
    to_places=st.lists(_ANY, max_size=2).map(tuple),
    other_info=st.none() | _OTHER,
    response_for=st.sampled_from([(), (), (_ANSWERED,)]),
    steering_type=st.none() | st.integers(0, 4),
    application_type=st.sampled_from([None, None, "1"]),
    traces=st.lists(st.builds(TraceHeader, _SAYS, _MOMENTS), min_size=1, max_size=1).map(tuple)
    | st.just(()),
    business=st.none() | _BUSINESS,
    attachments=st.lists(_FILE, max_size=2).map(tuple),
)
_OPTIONS = st.builds(
    WriteOptions,
    order=st.sampled_from(ChildOrder),
    attachment_encoding=st.sampled_from(AttachmentEncoding),
)
_property = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _document(**changed: Any) -> Document:
    document = Document(
        sender=_SENDER,
        receivers=(
            Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
            Organization(organ_id="H26", organ_name="Thành phố Hà Nội"),
        ),
        code=DocumentCode("05", "QĐ-BNV"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Quyết định", type_detail=3),
        subject="V/v <thử> & kiểm tra",
        signer=Signer(full_name="Trần Văn Mẫu", position="Bộ trưởng"),
        document_id=_ID,
        content="Tóm tắt",
        due_date=dt.date(2026, 2, 1),
        to_places=("Như trên", "Lưu: VT"),
        other_info=OtherInfo(priority=Priority.URGENT, typer_notation="AB", page_amount=3),
        traces=(TraceHeader("G09", dt.datetime(2026, 1, 6, 8, 30, tzinfo=VIETNAM)),),
        business=Business(reason="Văn bản điện tử mới"),
        attachments=(
            Attachment(
                content_id="6f1d3f0c",
                name="tệp <1>.pdf",
                content_type="application/pdf",
                content=BytesContent(b"%PDF-1.4\n" + bytes(range(256))),
            ),
            Attachment(
                content_id="6f1d3f0d",
                name="tệp 2.txt",
                content_type="text/plain",
                content=BytesContent(b"Ghi"),
            ),
        ),
    )
    return replace(document, **changed)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """An RSA key, which signs the same in the same way."""
    directory = tmp_path_factory.mktemp("pki") / "pki"
    return key_of(new_dev_pki(directory, [("G09", "BNV")], clock=ManualClock()), "G09")


@_property
@given(_DOCUMENTS, _OPTIONS)
def test_a_woven_document_is_that_of_the_general_way(
    key: SigningKey, document: Document, options: WriteOptions
) -> None:
    """Same parts, signature and recipe, or the same reasons against it; whatever it says."""
    assert sealed(packed(document, options), key) == sealed(general(document, options), key)


_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda text: {"subject": text},
    "content": lambda text: {"content": text},
    "document_id": lambda text: {"document_id": text},
    "number": lambda text: {"code": DocumentCode(text, "QĐ-BNV")},
    "notation": lambda text: {"code": DocumentCode("05", text)},
    "place": lambda text: {"promulgation": Promulgation(text, dt.date(2026, 1, 5))},
    "type_name": lambda text: {"document_type": DocumentType(type=2, type_name=text)},
    "full_name": lambda text: {"signer": Signer(full_name=text)},
    "position": lambda text: {"signer": Signer(full_name="A", position=text)},
    "competence": lambda text: {"signer": Signer(full_name="A", competence=text)},
    "to_place": lambda text: {"to_places": (text,)},
    "sphere": lambda text: {"other_info": OtherInfo(sphere_of_promulgation=text)},
    "typer_notation": lambda text: {"other_info": OtherInfo(typer_notation=text)},
    "reason": lambda text: {"business": Business(reason=text)},
    "sender's organ_id": lambda text: {"sender": Organization(organ_id=text, organ_name="B")},
    "sender's organ_name": lambda text: {"sender": Organization(organ_id="G09", organ_name=text)},
    "organ_id": lambda text: {"receivers": (Organization(organ_id=text, organ_name="B"),)},
    "organ_name": lambda text: {"receivers": (Organization(organ_id="B", organ_name=text),)},
    "content_type": lambda text: {"attachments": (_file(content_type=text),)},
    "file_name": lambda text: {"attachments": (_file(name=text),)},
}


def _file(**changed: Any) -> Attachment:
    return replace(_document().attachments[1], **changed)


@_property
@given(st.sampled_from(sorted(_FIELDS)), _ANY, _OPTIONS)
def test_one_odd_text_makes_no_difference(
    key: SigningKey, field: str, text: str, options: WriteOptions
) -> None:
    """In a document that is woven, any text in any place gives what the general way gives."""
    document = _document(**_FIELDS[field](text))
    assert sealed(packed(document, options), key) == sealed(general(document, options), key)


@pytest.mark.parametrize("field", sorted(_FIELDS))
def test_the_form_has_the_lengths_of_the_schema(field: str) -> None:
    """A text of the allowed length is woven; one that is longer by a letter is refused by both."""
    letter, longest = "1" if field == "number" else "ệ", LONGEST[field.removeprefix("sender's ")]
    for length, allowed in ((longest, True), (longest + 1, False)):
        document = _document(**_FIELDS[field](letter * length))
        assert (pack_document(document, WriteOptions(), today=TODAY) is not None) is allowed
        assert isinstance(packed(document, WriteOptions()), Packet) is allowed


@_property
@given(_DOCUMENTS, _OPTIONS)
def test_what_follows_the_schema_by_its_form_follows_it(
    document: Document, options: WriteOptions
) -> None:
    """A received document of which the schema is not asked is one that it would accept."""
    if follows_schema(document, options):
        assert check_schema_of(document, options) == ()


@_property
@given(st.sampled_from(sorted(_FIELDS)), _ANY)
def test_one_odd_text_is_seen_when_it_is_received(field: str, text: str) -> None:
    """Whether the schema is asked or not: what it finds in a received document is found."""
    document = _document(**_FIELDS[field](text))
    try:
        written = write_skeleton(document)
    except PermanentError:
        return
    assert check(document, today=TODAY, written=written) == check(document, today=TODAY)


def test_a_sender_who_says_much_of_itself_is_left_to_the_schema() -> None:
    """A hub hears of very many, and each would have a form of its own."""
    options = WriteOptions()
    assert follows_schema(_document(), options)
    assert not follows_schema(_document(sender=replace(_SENDER, fax="1")), options)
    before = document_form._form.cache_info().currsize
    for number in range(50):
        assert follows_schema(
            _document(sender=Organization(organ_id=f"A{number}", organ_name="Sở")), options
        )
    assert document_form._form.cache_info().currsize == before


@pytest.mark.parametrize("order", list(ChildOrder))
@pytest.mark.parametrize("encoding", list(AttachmentEncoding))
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"attachments": ()},
        {"business": None, "other_info": None, "to_places": (), "content": None},
        {"business": Business(type=BusinessType.RECALL, document_id=_ID), "due_date": None},
        {"steering_type": 1, "receivers": _document().receivers[:1]},
        {"signer": Signer(full_name="A", competence="KT."), "other_info": OtherInfo()},
    ],
)
def test_what_is_sent_every_day_has_a_form(
    order: ChildOrder, encoding: AttachmentEncoding, changed: dict[str, Any]
) -> None:
    """Documents with and without their optional parts go the short way, on every route."""
    options = WriteOptions(order=order, attachment_encoding=encoding)
    document = _document(**changed)
    packet = pack_document(document, options, today=TODAY)
    assert packet is not None
    assert packet.parts == write_parts(document, options)
    assert is_proved(packet.parts, packet.woven)


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "TỐI MẬT - kế hoạch"},
        {"promulgation": Promulgation("Hà Nội", dt.date(2026, 1, 7))},
        {"attachments": (_file(name="x.exe"),)},
    ],
)
def test_rules_are_asked_for_every_document(changed: dict[str, Any]) -> None:
    """A form that is known does not let through what a rule refuses."""
    assert pack_document(_document(), WriteOptions(), today=TODAY) is not None
    document = _document(**changed)
    assert pack_document(document, WriteOptions(), today=TODAY) is None
    with pytest.raises(PermanentError):
        pack(document, today=TODAY)


def test_a_constant_in_the_guise_of_a_text_makes_no_form() -> None:
    """Where the sender's own values look like a sign or a stand-in, the general way is taken."""
    for disguise in ("\ue001", "1111/11/11", "111", "AA=="):
        document = _document(sender=replace(_SENDER, organ_add=disguise))
        assert pack_document(document, WriteOptions(), today=TODAY) is None
        assert pack(document, today=TODAY).data == write(document)


def _woven(packet: Packet | None) -> Packet:
    assert packet is not None
    assert packet.woven is not None
    return packet


@pytest.mark.parametrize("text", ["<", ">", "&", "&quot;", "&#13;", "\r", "\ufffe", "\n"])
def test_a_text_that_is_not_canonical_proves_nothing(text: str) -> None:
    """The signer takes no text on trust: one that C14N would change is looked at in full."""
    packet = _woven(pack_document(_document(), WriteOptions(), today=TODAY))
    assert packet.woven is not None
    woven = replace(packet.woven, texts=(text, *packet.woven.texts[1:]))
    assert not is_proved(woven.parts(), woven)


def test_an_ampersand_is_not_escaped_by_its_neighbour() -> None:
    """Texts are looked at together, yet what is escaped must be so within one of them."""
    packet = _woven(pack_document(_document(), WriteOptions(), today=TODAY))
    assert packet.woven is not None
    woven = replace(packet.woven, texts=("&", "amp;", *packet.woven.texts[2:]))
    assert not is_proved(woven.parts(), woven)


def test_other_parts_than_the_woven_ones_prove_nothing() -> None:
    """A form speaks for the parts that were put together of it, for no others."""
    packet = _woven(pack_document(_document(), WriteOptions(), today=TODAY))
    head, payload, *rest = packet.parts
    assert not is_proved((head, payload, *rest, b" "), packet.woven)
    assert not is_proved((head, Payload(BytesContent(b"%PDF")), *rest), packet.woven)
    assert not is_proved((head, b"AA==", *rest), packet.woven)


def test_a_payload_stands_in_its_own_element_only(key: SigningKey) -> None:
    """A form in whose other gaps payloads stand is a bug, as it is for the general proof."""
    packet = _woven(pack_document(_document(), WriteOptions(), today=TODAY))
    assert packet.woven is not None
    payload = packet.parts[1]
    assert isinstance(payload, Payload)
    woven = replace(packet.woven, texts=(payload, *packet.woven.texts[1:]))
    with pytest.raises(Bug):
        seal(replace(packet, parts=woven.parts(), woven=woven), key)
