"""A status woven into a known form is what the general way makes of it, or is left to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.clock import VIETNAM, ManualClock
from connector.edxml.pack import pack
from connector.edxml.status_form import LONGEST, pack_status
from connector.edxml.writer import write
from connector.errors import Bug, PermanentError
from connector.model.envelope import (
    Evidence,
    Organization,
    ResponseFor,
    Staff,
    StatusCode,
    StatusReport,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, Packet, Woven, WriteOptions
from connector.trust.keys import SigningKey
from connector.trust.pki import new_dev_pki
from connector.trust.sign import seal
from connector.trust.splice import is_proved
from tests.property.two_ways import TODAY, general, key_of, packed, sealed

_MOMENT = dt.datetime(2026, 1, 6, 8, 30, tzinfo=VIETNAM)
_EVIL = st.sampled_from(
    [
        *("", " ", "\r\n", "]]>", "&amp;", "&#xD;", "<!-- -->", "</edXML:Code>", "n/a", "NULL"),
        *("e\u0323\u0302", "\ufffd", "\ufffe", "\x00", "\x85", "\u2028", "\ud800", "\ue000\ue003"),
        *("1111/11/11", "a" * 61, "ệ" * 200, "b" * 201, "&" * 2001, " x", "x\t"),
    ]
)
_PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)
_ANY = st.one_of(_PLAIN, _PLAIN, st.text(max_size=12), _EVIL)
_SENDER = Organization(organ_id="G09", organ_name="Bộ Nội vụ")
_SENDERS = st.sampled_from([_SENDER, replace(_SENDER, organ_add="Số 8 <Hà Nội> & Huế", fax="1")])
_STATUSES = st.builds(
    StatusReport,
    sender=_SENDERS | st.builds(Organization, organ_id=_ANY, organ_name=_ANY, email=_ANY),
    response_for=st.builds(
        ResponseFor, organ_id=_ANY, code=_ANY, promulgation_date=st.dates(), document_id=_ANY
    ),
    status_code=st.sampled_from(StatusCode),
    staff=st.none() | st.just(Staff(department="Vụ", mobile="1")) | st.builds(Staff, staff=_ANY),
    description=st.none() | _ANY,
    timestamp=st.datetimes(
        min_value=dt.datetime(2, 1, 1),  # noqa: DTZ001
        max_value=dt.datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([VIETNAM, dt.UTC, None]),
    ),
    evidence=st.none() | st.builds(Evidence, digest=_ANY, journal_head=st.none() | _ANY),
)
_OPTIONS = st.builds(
    WriteOptions,
    order=st.sampled_from(ChildOrder),
    attachment_encoding=st.sampled_from(AttachmentEncoding),
)
_property = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _report() -> StatusReport:
    return StatusReport(
        sender=_SENDER,
        response_for=ResponseFor(
            organ_id="G22",
            code="05/QĐ-TTg",
            promulgation_date=dt.date(2026, 1, 5),
            document_id="G22,2026/01/05,05/QĐ-TTg",
        ),
        status_code=StatusCode.REFUSED,
        timestamp=_MOMENT,
        description="Sai địa chỉ <G09> & không rõ",
        evidence=Evidence(digest="ab" * 32, journal_head="cd" * 32),
    )


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """An RSA key, which signs the same in the same way."""
    directory = tmp_path_factory.mktemp("pki") / "pki"
    return key_of(new_dev_pki(directory, [("G09", "BNV")], clock=ManualClock()), "G09")


@_property
@given(_STATUSES, _OPTIONS)
def test_a_woven_status_is_that_of_the_general_way(
    key: SigningKey, report: StatusReport, options: WriteOptions
) -> None:
    """Same bytes, signature and recipe, or the same reasons against it; whatever the texts are."""
    assert sealed(packed(report, options), key) == sealed(general(report, options), key)


@_property
@given(_PLAIN, _PLAIN, st.sampled_from(StatusCode))
def test_plain_texts_of_allowed_length_are_woven(
    text: str, reason: str, status: StatusCode
) -> None:
    """The form is really used where nothing speaks against it, and gives the general bytes."""
    report = replace(_report(), status_code=status, description="lý do & " + reason)
    answered = replace(report.response_for, code=f"<{text[:48]}>")
    report = replace(report, response_for=answered)
    packet = pack_status(report, today=TODAY)
    if not isinstance(general(report, WriteOptions()), Packet):
        assert packet is None
    elif packet is not None:
        assert packet.data == write(report)
        assert is_proved(packet.parts, packet.woven)


@pytest.mark.parametrize("status", list(StatusCode))
@pytest.mark.parametrize("staff", [None, Staff(department="Văn phòng", mobile="0912")])
def test_every_status_has_a_form(status: StatusCode, staff: Staff | None) -> None:
    """What this node says every day goes the short way, with and without its optional parts."""
    full = replace(_report(), status_code=status, staff=staff)
    headless = replace(full, evidence=Evidence(digest="ab" * 32))
    for report in (full, headless, replace(full, evidence=None)):
        packet = pack_status(report, today=TODAY)
        assert packet is not None
        assert packet.data == write(report)
        assert is_proved(packet.parts, packet.woven)


@pytest.mark.parametrize("name", ["organ_id", "code", "document_id", "description"])
def test_the_form_has_the_lengths_of_the_schema(name: str) -> None:
    """A text of the allowed length is woven; one that is longer by a letter is refused by both."""
    for length, woven in ((LONGEST[name], True), (LONGEST[name] + 1, False)):
        text = "ệ" * length
        report = _report()
        if name == "description":
            report = replace(report, description=text)
        else:
            changed: dict[str, Any] = {name: text}
            report = replace(report, response_for=replace(report.response_for, **changed))
        assert (pack_status(report, today=TODAY) is not None) is woven
        assert isinstance(packed(report, WriteOptions()), Packet) is woven


def test_rules_are_asked_for_every_status() -> None:
    """A form that is known does not let through what a rule refuses."""
    assert pack_status(_report(), today=TODAY) is not None
    report = replace(_report(), description=None)  # a refusal without a reason
    assert pack_status(report, today=TODAY) is None
    with pytest.raises(PermanentError):
        pack(report, today=TODAY)


@pytest.mark.parametrize("text", ["<", ">", "&", "&quot;", "&#13;", "\r", "\ufffe", "\n"])
def test_a_text_that_is_not_canonical_proves_nothing(text: str) -> None:
    """The signer takes no text on trust: one that C14N would change is looked at in full."""
    packet = pack_status(_report(), today=TODAY)
    assert packet is not None
    assert packet.woven is not None
    woven = replace(packet.woven, texts=(text, *packet.woven.texts[1:]))
    assert not is_proved((woven.text().encode(),), woven)


def test_other_bytes_than_the_woven_ones_prove_nothing() -> None:
    """A form speaks for the bytes that were put together of it, for no others."""
    packet = pack_status(_report(), today=TODAY)
    assert packet is not None
    assert not is_proved((packet.data + b" ",), packet.woven)
    assert not is_proved((packet.data, b""), packet.woven)
    assert not is_proved(packet.parts, None)


def test_a_form_whose_texts_are_no_content_proves_nothing() -> None:
    """A text within a tag is not the text of an element: `>` may not be all that stands there."""
    woven = Woven(('<edXML a="', '"></edXML>'), ("x",))
    assert not is_proved((woven.text().encode(),), woven)


def test_a_form_that_is_not_canonical_is_a_bug(key: SigningKey) -> None:
    """What the general proof refuses is refused for a form too."""
    packet = pack_status(_report(), today=TODAY)
    assert packet is not None
    assert packet.woven is not None
    literals = (packet.woven.literals[0].replace("<edXML:From>", "<edXML:From >"),)
    woven = replace(packet.woven, literals=literals + packet.woven.literals[1:])
    with pytest.raises(Bug):
        seal(replace(packet, parts=(woven.text().encode(),), woven=woven), key)
