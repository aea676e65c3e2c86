"""Whatever an envelope says, its packet says the same; whatever a packet is, it never hurts."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import re
import unicodedata
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.clock import VIETNAM, ManualClock
from connector.edxml.kinds import check_kind
from connector.edxml.plain import as_data
from connector.edxml.reader import read
from connector.edxml.rule_codes import PROGRAM
from connector.edxml.validate import validate
from connector.edxml.values import SPACE, is_placeholder
from connector.edxml.writer import write, write_parts
from connector.errors import ConnectorError, Finding
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Evidence,
    InformationChange,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    StatusCode,
    StatusReport,
    TraceHeader,
)
from connector.model.packet import (
    AttachmentEncoding,
    ChildOrder,
    Packet,
    WriteOptions,
    chunks_of,
)
from connector.model.recipe import SIGNATURE
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import new_dev_pki
from connector.trust.settings import PemKey
from connector.trust.sign import seal, signature_by_library

TODAY = dt.date(2026, 1, 6)
_VALUE = re.compile(rb"<ds:SignatureValue>(.*)</ds:SignatureValue>")


def _says_something(text: str) -> bool:
    return bool(text.strip(SPACE)) and not is_placeholder(text)


_CHARACTERS = st.one_of(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")),
    st.sampled_from("\t\n\r &<>\"'ệƯ\x7f\x85\u2028\ufeff\U0001f600"),
)
_TEXT = st.text(_CHARACTERS, min_size=1, max_size=20).filter(_says_something)
_TOKEN = _TEXT.map(lambda text: text.strip(SPACE)).filter(_says_something)
_ORGAN = _TOKEN.filter(lambda text: "/" not in text)
_DATE = st.dates()
_MOMENT = st.datetimes(
    min_value=dt.datetime(2, 1, 1),  # noqa: DTZ001
    max_value=dt.datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([VIETNAM, dt.UTC]),
).map(lambda moment: moment.replace(microsecond=0))
_NUMBER = st.integers(min_value=-999_999_999, max_value=999_999_999)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _several(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


_PARTY = st.builds(
    Organization,
    organ_id=_ORGAN,
    organ_name=_TEXT,
    organization_in_charge=_maybe(_TEXT),
    organ_add=_maybe(_TEXT),
    email=_maybe(_TOKEN),
    telephone=_maybe(_TEXT),
    fax=_maybe(_TEXT),
    website=_maybe(_TOKEN),
)
_ANSWERED = st.builds(
    ResponseFor, organ_id=_ORGAN, code=_TOKEN, promulgation_date=_DATE, document_id=_TOKEN
)
_STAFF = st.builds(
    Staff,
    department=_maybe(_TEXT),
    staff=_maybe(_TEXT),
    mobile=_maybe(_TEXT),
    email=_maybe(_TOKEN),
)
_OTHER = st.builds(
    OtherInfo,
    priority=_maybe(st.sampled_from(Priority)),
    sphere_of_promulgation=_maybe(_TEXT),
    typer_notation=_maybe(_TEXT),
    promulgation_amount=_maybe(_NUMBER),
    page_amount=_maybe(_NUMBER),
    direction=_maybe(st.booleans()),
    appendixes=_several(_TEXT),
    reply_fors=_several(_TEXT),
    reference_codes=_several(_TEXT),
)
_CHANGE = st.builds(
    InformationChange,
    document_info=_maybe(st.booleans()),
    document_receiver=_maybe(st.booleans()),
    receivers=_several(st.builds(ReceiverChange, _ORGAN, st.booleans())),
)
_BUSINESS = st.builds(
    Business,
    type=st.sampled_from(BusinessType),
    reason=_maybe(_TEXT),
    paper=_maybe(st.booleans()),
    document_id=_maybe(_TOKEN),
    changes=_several(_CHANGE),
    replacements=_several(st.builds(Replacement, _TOKEN, _several(_ORGAN))),
    staff=_several(_STAFF),
)
_CONTENT_ID = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._@+-]{0,127}", fullmatch=True)
_BYTES = st.one_of(
    st.binary(max_size=50),
    st.sampled_from([b"%PDF-1.4\n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)]),
)
_NAME = st.one_of(
    _TEXT, st.sampled_from(["a.pdf", "b.ZIP", "c.docx", "d", "e.", ".f", "g.h.i", "đ.pdf"])
)


def _is_no_program(file: Attachment) -> bool:
    """Tell whether a document may bear a file: programs are refused, and tested elsewhere."""
    with file.content.open() as stream:
        head = stream.read()
    return not any(
        finding.code == PROGRAM.code
        for finding in check_kind(head, file.name, file.content_type, "")
    )


_ATTACHMENT = st.builds(
    Attachment,
    content_id=_CONTENT_ID,
    name=_NAME,
    content_type=_TOKEN,
    content=st.builds(BytesContent, _BYTES),
    description=_maybe(_TEXT),
).filter(_is_no_program)
_DOCUMENTS = st.builds(
    Document,
    sender=_PARTY,
    receivers=_several(_PARTY, least=1),
    code=st.builds(DocumentCode, _TOKEN, _TOKEN),
    promulgation=st.builds(Promulgation, _TEXT, _DATE),
    document_type=st.builds(
        DocumentType, type=_NUMBER, type_name=_TEXT, type_detail=_maybe(_NUMBER)
    ),
    subject=_TEXT,
    signer=st.builds(Signer, full_name=_TEXT, position=_maybe(_TEXT), competence=_maybe(_TEXT)),
    document_id=_TOKEN,
    content=_maybe(_TEXT),
    due_date=_maybe(_DATE),
    to_places=_several(_TEXT),
    other_info=_maybe(_OTHER),
    response_for=_several(_ANSWERED),
    steering_type=_maybe(_NUMBER),
    response_for_task=_several(_TEXT),
    application_type=_maybe(_TEXT),
    traces=_several(st.builds(TraceHeader, _maybe(_ORGAN), _MOMENT)),
    business=_maybe(_BUSINESS),
    attachments=st.lists(
        _ATTACHMENT, max_size=2, unique_by=lambda attachment: attachment.content_id
    ).map(tuple),
)
_STATUSES = st.builds(
    StatusReport,
    sender=_PARTY,
    response_for=_ANSWERED,
    status_code=st.sampled_from(StatusCode),
    timestamp=_MOMENT,
    description=_maybe(_TEXT),
    staff=_maybe(_STAFF),
    evidence=_maybe(st.builds(Evidence, digest=_TOKEN, journal_head=_maybe(_TOKEN))),
)
_OPTIONS = st.builds(
    WriteOptions,
    order=st.sampled_from(ChildOrder),
    attachment_encoding=st.sampled_from(AttachmentEncoding),
)

_property = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_property
@given(_DOCUMENTS | _STATUSES, _OPTIONS)
def test_what_is_written_is_read_back(
    envelope: Document | StatusReport, options: WriteOptions
) -> None:
    """read(write(e)) == e for any envelope and any options, and the bytes are canonical."""
    data = write(envelope, options)
    assert read(data).envelope == envelope
    assert b"".join(chunks_of(write_parts(envelope, options))) == data
    assert etree.tostring(etree.fromstring(data), method="c14n", exclusive=True) == data


@pytest.fixture(scope="module", params=["rsa2048", "p256"])
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """A key of either kind, with its chain."""
    clock = ManualClock()
    directory = tmp_path_factory.mktemp("pki") / "pki"
    pki = new_dev_pki(directory, [("G22", "VPCP")], clock=clock, key_type=request.param)
    named = PemKey(
        type="pem", key_file=pki.key_file("G22"), certificate_file=pki.certificate_file("G22")
    )
    return load_key(named, now=clock.now())


@_property
@given(_DOCUMENTS | _STATUSES, _OPTIONS)
def test_splicing_signs_as_the_library_does(
    key: SigningKey, envelope: Document | StatusReport, options: WriteOptions
) -> None:
    """The signature made without a tree of the payload is that of signxml over the whole packet.

    With RSA byte for byte; ECDSA never makes the same value twice, so there it has to verify.
    """
    packet = Packet(write_parts(envelope, options), envelope)
    sealed = seal(packet, key)
    expected, digest = signature_by_library(packet.data, key)
    (spliced,) = (
        part for part in sealed.parts if isinstance(part, bytes) and part.startswith(SIGNATURE)
    )
    assert sealed.digest == digest.hex()
    assert etree.tostring(etree.fromstring(sealed.data), method="c14n", exclusive=True) == (
        sealed.data
    )
    if isinstance(key.private, RSAPrivateKey):
        assert spliced == expected
        return
    assert _VALUE.sub(b"", spliced) == _VALUE.sub(b"", expected)
    found = _VALUE.search(spliced)
    public = key.certificate.public_key()
    assert found is not None
    assert isinstance(public, EllipticCurvePublicKey)
    raw = base64.b64decode(found[1])
    numbers = (int.from_bytes(raw[: len(raw) // 2]), int.from_bytes(raw[len(raw) // 2 :]))
    signed = etree.fromstring(spliced)[0]
    covered = etree.tostring(signed, method="c14n", exclusive=True)
    public.verify(encode_dss_signature(*numbers), covered, ECDSA(SHA256()))


@_property
@given(_DOCUMENTS | _STATUSES)
def test_any_packet_can_be_judged_and_shown(envelope: Document | StatusReport) -> None:
    """Validation and display work on whatever can be written."""
    found = validate(write(envelope), today=TODAY)
    assert all(finding.code.startswith("EDX-2") for finding in found)
    assert json.loads(json.dumps(as_data(envelope)))


@functools.cache
def _samples() -> tuple[bytes, ...]:
    party = Organization(organ_id="G22", organ_name="Văn phòng Chính phủ")
    answered = ResponseFor(
        organ_id="G22", code="05/A", promulgation_date=TODAY, document_id="G22,2026/01/06,05/A"
    )
    moment = dt.datetime(2026, 1, 6, 8, 0, tzinfo=VIETNAM)
    document = Document(
        sender=party,
        receivers=(party,),
        code=DocumentCode("05", "A"),
        promulgation=Promulgation("Hà Nội", TODAY),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject=unicodedata.normalize("NFC", "Trích yếu & <thử>"),
        signer=Signer(full_name="A"),
        document_id="G22,2026/01/06,05/A",
        other_info=OtherInfo(priority=Priority.URGENT),
        response_for=(answered,),
        traces=(TraceHeader("G22", moment),),
        business=Business(
            type=BusinessType.UPDATE,
            document_id="x",
            changes=(InformationChange(receivers=(ReceiverChange("H1", True),)),),
            replacements=(Replacement("y", ("H1",)),),
        ),
        attachments=(
            Attachment(
                content_id="id-1",
                name="a.pdf",
                content_type="application/pdf",
                content=BytesContent(b"%PDF-1.4"),
            ),
        ),
    )
    status = StatusReport(
        sender=party,
        response_for=answered,
        status_code=StatusCode.ARRIVED,
        timestamp=moment,
        evidence=Evidence(digest="ab"),
    )
    return write(document), write(status)


_PIECES = st.sampled_from(
    [
        *(b"<", b">", b"&", b"/", b"</", b'"', b"=", b" ", b"\r\n", b"]]>", b"<!", b"<?", b"<x/>"),
        *(b"\x00", b"\xff", b"\xcc\x80", "ệ".encode(), b"&#x0;", b"&lt;", b"edXML:", b"xmlns="),
        *(b"28/09/2018", b"2026/13/01", b"N/A", b"null", b"-1", b"14", b"AAAA", b"cid:", b"9" * 30),
    ]
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """Draw a packet with some pieces cut out, repeated or put in."""
    data = draw(st.sampled_from(_samples()))
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        start = draw(st.integers(min_value=0, max_value=len(data)))
        stop = min(len(data), start + draw(st.integers(min_value=0, max_value=40)))
        new = draw(st.one_of(_PIECES, st.binary(max_size=4), st.just(data[start:stop] * 2)))
        data = data[:start] + new + data[stop:]
    return data


@st.composite
def _regrafted(draw: st.DrawFn) -> bytes:
    """Draw a well-formed packet whose elements were moved, doubled, dropped, emptied, renamed."""
    root = etree.fromstring(draw(st.sampled_from(_samples())))
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        elements = list(root.iter(etree.Element))
        element, other = draw(st.sampled_from(elements)), draw(st.sampled_from(elements))
        act = draw(st.sampled_from(["text", "drop", "rename", "copy"]))
        if act == "text":
            element.text = draw(_TEXT.filter(lambda text: text.isprintable()))
        elif act == "rename":
            element.tag = other.tag
        elif act == "copy":
            element.append(etree.fromstring(etree.tostring(other, with_tail=False)))
        elif (parent := element.getparent()) is not None:
            parent.remove(element)
    return etree.tostring(root)


def _read(data: bytes) -> Document | StatusReport | tuple[Finding, ...]:
    try:
        return read(data).envelope
    except ConnectorError as error:
        return error.findings


def _write(envelope: Document | StatusReport) -> bytes | tuple[Finding, ...]:
    try:
        return write(envelope)
    except ConnectorError as error:
        return error.findings


def _judge(data: bytes) -> None:
    """Let all of the room look at some bytes; only findings and envelopes may come back."""
    findings = validate(data, today=TODAY)
    envelope = _read(data)
    if isinstance(envelope, tuple):
        assert envelope
        assert set(envelope) == set(findings)
        return
    as_data(envelope)
    again = _write(envelope)
    if isinstance(again, tuple):
        # What could be read can be written, but for content ids that only others use.
        assert {finding.code for finding in again} == {"EDX-2311"}
    else:
        assert _read(again) == envelope


@settings(_property, max_examples=300)
@given(_mutated())
def test_mutated_packets_end_in_findings(data: bytes) -> None:
    """No damaged packet raises anything but the project's own errors."""
    _judge(data)


@settings(_property, max_examples=200)
@given(_regrafted())
def test_regrafted_packets_end_in_findings(data: bytes) -> None:
    """No well-formed nonsense raises anything but the project's own errors."""
    _judge(data)
