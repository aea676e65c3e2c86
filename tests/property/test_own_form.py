"""A packet that is taken apart says what its tree says, and is what the writer would write."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import io
import re
import zipfile
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from connector.clock import VIETNAM
from connector.edxml import codes
from connector.edxml.cut import Run, Skeleton, cut
from connector.edxml.own_form import own_form
from connector.edxml.pack import check
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.edxml.reader import Reading, read_tree
from connector.edxml.writer import write, write_skeleton
from connector.errors import ConnectorError, Finding
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
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions
from connector.trust.xmldsig import canonical

TODAY = dt.date(2026, 1, 6)
_PDF = BytesContent(b"%PDF-1.7\n" + b"x" * 300 + b"\n%%EOF\n")
_ODD = (
    *(
        "a b",
        "a & b",
        "<b>",
        "]]>",
        "&amp;",
        " a",
        "a ",
        "a\u00a0",
        "a\tb",
        "a\r\nb",
        "N/A",
        "a",
    ),
    *(
        "NuLL",
        "nu\u017f",
        "e\u0323\u0302",
        "\ufffd",
        "\ue000",
        "\U0001f600",
        "a\u200bb",
        "cid:x",
    ),
    *("\u2028", "a\u3000", "> <", '"', "'", "09", "-1", "G22/x", "x" * 300, "\u0301x", "/"),
)
_REFERENCES = ("&quot;", "&apos;", "&#65;", "&#xD;", "&lt;&amp;&gt;", "&amp;lt;", "&x;", "&lt", "&")
_EVIL = st.sampled_from(_ODD)
_PLAIN = st.text(
    st.characters(categories=("L", "Nd", "Mn", "P", "S"), exclude_characters="<>&/"),
    min_size=5,
    max_size=12,
)
_TEXT = st.integers(0, 60).flatmap(lambda number: _EVIL if number == 0 else _PLAIN)
_NUMBER = st.sampled_from([0, 1, 2, 10, 999_999_999] * 3 + [-3])


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _several(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=2).map(tuple)


_PARTIES = st.builds(
    Organization,
    organ_id=_TEXT,
    organ_name=_TEXT,
    organization_in_charge=_maybe(_TEXT),
    organ_add=_maybe(_TEXT),
    email=_maybe(_TEXT),
    telephone=_maybe(_TEXT),
    fax=_maybe(_TEXT),
    website=_maybe(_TEXT),
)
_MOMENTS = st.datetimes(
    min_value=dt.datetime(2, 1, 1),  # noqa: DTZ001
    max_value=dt.datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([VIETNAM, dt.UTC]),
)
_FILES = st.sampled_from(
    [*([b"%PDF-1.4\n%%EOF"] * 6), b"text", b"MZ" + b"\0" * 80, b"PK\x03\x04" + b"x" * 40]
)
_ATTACHMENTS = st.builds(
    Attachment,
    content_id=st.sampled_from(["one", "two", "three"]),
    name=st.sampled_from(["a.pdf", "a.pdf", "b.txt", "c.exe", "d"]) | _TEXT,
    content_type=st.sampled_from(["application/pdf", "application/pdf", "application/zip"]),
    content=_FILES.map(BytesContent),
    description=_maybe(_TEXT),
)
_DOCUMENTS = st.builds(
    Document,
    sender=_PARTIES,
    receivers=_several(_PARTIES, least=1),
    code=st.builds(DocumentCode, _TEXT, _TEXT),
    promulgation=st.builds(Promulgation, _TEXT, st.dates()),
    document_type=st.builds(
        DocumentType, type=_NUMBER, type_name=_TEXT, type_detail=_maybe(_NUMBER)
    ),
    subject=_TEXT,
    content=_maybe(_TEXT),
    signer=st.builds(Signer, full_name=_TEXT, position=_maybe(_TEXT), competence=_maybe(_TEXT)),
    document_id=_TEXT,
    due_date=_maybe(st.dates()),
    to_places=_several(_TEXT),
    other_info=_maybe(
        st.builds(
            OtherInfo,
            priority=_maybe(st.sampled_from(Priority)),
            sphere_of_promulgation=_maybe(_TEXT),
            typer_notation=_maybe(_TEXT),
            promulgation_amount=_maybe(_NUMBER),
            page_amount=_maybe(_NUMBER),
            direction=st.sampled_from([None] * 9 + [True]),
        )
    ),
    response_for=_several(
        st.builds(
            ResponseFor,
            organ_id=_TEXT,
            code=_TEXT,
            promulgation_date=st.dates(),
            document_id=_TEXT,
        )
    ),
    steering_type=st.sampled_from([None] * 9 + [1]),
    traces=_several(st.builds(TraceHeader, _maybe(_TEXT), _MOMENTS), least=1),
    business=st.builds(Business, reason=_maybe(_TEXT))
    | st.sampled_from([None] * 9 + [Business(type=BusinessType.RECALL), Business(paper=False)]),
    attachments=_several(_ATTACHMENTS, least=1),
)
_OPTIONS = st.builds(
    WriteOptions,
    order=st.sampled_from([*[ChildOrder.QCVN] * 5, ChildOrder.JAVA]),
    attachment_encoding=st.sampled_from([*[AttachmentEncoding.ZIP] * 5, AttachmentEncoding.RAW]),
)
_property = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _usual() -> Document:
    return Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ", fax="080"),
        receivers=(
            Organization(organ_id="G09", organ_name="Bộ Nội vụ"),
            Organization(organ_id="H41", organ_name="Tỉnh Nghệ An", email="ubnd@example.vn"),
        ),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn", type_detail=1),
        subject="Về việc kiểm soát thủ tục",
        content="Nội dung",
        signer=Signer(full_name="Trần Văn Mẫu", position="Chánh Văn phòng", competence="TL."),
        document_id="G22,2026/01/05,05/VPCP-KSTT",
        due_date=dt.date(2026, 2, 1),
        to_places=("Như trên", "Lưu: VT"),
        other_info=OtherInfo(priority=Priority.URGENT, typer_notation="NV", page_amount=3),
        response_for=(
            ResponseFor(
                organ_id="G09",
                code="7/BNV",
                promulgation_date=dt.date(2026, 1, 2),
                document_id="G09,2026/01/02,7/BNV",
            ),
        ),
        traces=(TraceHeader("G22", dt.datetime(2026, 1, 5, 8, 30, tzinfo=VIETNAM)),),
        business=Business(reason="Văn bản điện tử mới"),
        attachments=(
            Attachment(
                content_id="one", name="a.pdf", content_type="application/pdf", content=_PDF
            ),
            Attachment(
                content_id="two",
                name="b.pdf",
                content_type="application/pdf",
                content=BytesContent(_PDF.data + b"\n"),
                description="Phụ lục",
            ),
        ),
    )


def _skeleton(data: bytes) -> Skeleton:
    skeleton = cut(data, shortest=4)
    assert skeleton is not None
    return skeleton


def _by_tree(
    data: bytes, skeleton: Skeleton, limits: Limits = DEFAULT_LIMITS
) -> Reading | tuple[Finding, ...]:
    """Read a skeleton the general way."""
    try:
        return read_tree(parse(data), runs=skeleton.runs, limits=limits)
    except ConnectorError as error:
        return error.findings


def _apart(
    data: bytes, skeleton: Skeleton, limits: Limits = DEFAULT_LIMITS
) -> Reading | tuple[Finding, ...] | None:
    """Read a skeleton taken apart; None if it is not of our own form."""
    own = own_form(data)
    if own is None or not skeleton.has(own.tokens):
        return None
    try:
        return read_tree(own, runs=skeleton.runs, limits=limits)
    except ConnectorError as error:
        return error.findings


class _Both(NamedTuple):
    """Whether a packet was read without a tree, and whether the tree's way says the same of it."""

    apart: bool
    alike: bool


def _both(data: bytes, skeleton: Skeleton) -> _Both:
    """Read some bytes both ways."""
    apart = _apart(data, skeleton)
    if apart is None:
        return _Both(apart=False, alike=True)
    alike = canonical(parse(data)) == data and apart == _by_tree(data, skeleton)
    if not isinstance(apart, Reading) or apart.written is None:
        return _Both(apart=False, alike=alike)
    as_written = apart.findings == () and apart.written == write_skeleton(apart.envelope)
    return _Both(apart=True, alike=alike and as_written)


def test_the_usual_packet_is_taken_apart() -> None:
    """What connectors send to each other is read without a tree, whatever of it is given."""
    for changes in (
        {},
        {"content": None, "due_date": None, "to_places": (), "other_info": None},
        {"response_for": (), "attachments": _usual().attachments[:1]},
        {"other_info": OtherInfo(), "subject": "x" * 5000, "business": None},
        {"business": Business()},
        {"subject": "<A> & 'B' &amp; &lt;", "to_places": ("R&D", "&gt;")},
    ):
        document = dataclasses.replace(_usual(), **changes)
        skeleton = _skeleton(write(document))
        assert _both(skeleton.data, skeleton) == (True, True)
        reading = _apart(skeleton.data, skeleton)
        assert isinstance(reading, Reading)
        assert reading.envelope == document
        found = check(document, today=TODAY, written=reading.written)
        assert found == check(document, today=TODAY)
        assert found == () or len(document.subject) > 100


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "hai\ndòng"},
        {"subject": " lùi vào"},
        {"content": "dấu cách cứng\u00a0"},
        {"business": Business(type=BusinessType.RECALL)},
        {"business": Business(document_id="G22,2026/01/05,05/VPCP-KSTT")},
        {"business": Business(paper=True)},
        {"business": Business(staff=(Staff(staff="Lê Văn Ví Dụ"),))},
        {"steering_type": 1},
        {"traces": ()},
        {"attachments": ()},
        {"other_info": OtherInfo(direction=True)},
        {"document_type": DocumentType(type=-1, type_name="Công văn")},
    ],
)
def test_all_else_is_left_to_the_tree(changes: dict[str, Any]) -> None:
    """Acts, white space, line ends and seldom elements are not taken apart."""
    skeleton = _skeleton(write(dataclasses.replace(_usual(), **changes)))
    assert own_form(skeleton.data) is None


def test_what_is_to_be_reported_is_reported_by_the_tree() -> None:
    """Where an attachment is not what it claims, the tree's way names the place."""
    odd = dataclasses.replace(_usual().attachments[1], name="b.docx")
    document = dataclasses.replace(_usual(), attachments=(_usual().attachments[0], odd))
    skeleton = _skeleton(write(document))
    reading = _apart(skeleton.data, skeleton)
    assert isinstance(reading, Reading)
    assert [each.place for each in reading.findings] == ["AttachmentEncoded/Attachment[2]"]
    assert reading == _by_tree(skeleton.data, skeleton)


def test_what_looks_swapped_is_reported_by_the_tree() -> None:
    """An answered document whose agency and code were swapped is left to the tree."""
    (answered,) = _usual().response_for
    swapped = dataclasses.replace(answered, organ_id="7/BNV", code="G09")
    skeleton = _skeleton(write(dataclasses.replace(_usual(), response_for=(swapped,))))
    assert own_form(skeleton.data) is None
    findings = _by_tree(skeleton.data, skeleton)
    assert not isinstance(findings, Reading)
    assert [each.code for each in findings] == [codes.SWAPPED.code]


def test_limits_hold() -> None:
    """An attachment over the limit is refused, taken apart or not."""
    skeleton = _skeleton(write(_usual()))
    for limit in (100, 318, 319, 320):
        limits = Limits(max_attachment_bytes=limit)
        apart = _apart(skeleton.data, skeleton, limits)
        assert apart == _by_tree(skeleton.data, skeleton, limits)
        assert isinstance(apart, Reading) == (limit > 316)


def test_payloads_that_are_too_long() -> None:
    """More base64 than any attachment may need is refused, however little it decodes to."""
    fixed = _fixed()
    runs = {token: Run(run.content, 10**10) for token, run in fixed.runs.items()}
    long = dataclasses.replace(fixed, runs=runs)
    apart = _apart(fixed.data, long)
    assert not isinstance(apart, Reading)
    assert apart == _by_tree(fixed.data, long)


@pytest.mark.parametrize("growth", [100, 900, 1100, 10_000])
def test_what_packed_attachments_gain_is_counted_together(growth: int) -> None:
    """Two attachments that gain more than one packet may gain are refused either way."""
    fixed, runs = _fixed(), {}
    for token, name in zip(fixed.runs, ("one.pdf", "two.pdf"), strict=True):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, b"%PDF-1.7\n" + b"x" * 1000 + b"\n%%EOF\n")
        runs[token] = Run(BytesContent(stream.getvalue()), 400)
    packed, limits = dataclasses.replace(fixed, runs=runs), Limits(max_inflate_growth=growth)
    apart = _apart(fixed.data, packed, limits)
    assert apart == _by_tree(fixed.data, packed, limits)
    assert isinstance(apart, Reading) == (growth > 2000)


@settings(_property, max_examples=200)
@given(_DOCUMENTS, _OPTIONS)
def test_any_written_packet(document: Document, options: WriteOptions) -> None:
    """Whatever is written reads the same both ways, if it is taken apart at all."""
    try:
        data = write(document, options)
    except ConnectorError:
        return
    skeleton = _skeleton(data)
    both = _both(skeleton.data, skeleton)
    event(f"taken apart: {both.apart}")
    assert both.alike


@settings(_property, max_examples=300)
@given(st.data())
def test_any_value(data: st.DataObject) -> None:
    """One odd value in a usual packet reads the same both ways."""
    place = data.draw(st.sampled_from(["subject", "content", "document_id", "to_places", "sender"]))
    value = data.draw(_EVIL | _PLAIN)
    given_: Any = value
    if place == "to_places":
        given_ = (value, "Lưu")
    elif place == "sender":
        given_ = Organization(organ_id=value, organ_name=value)
    try:
        written = write(dataclasses.replace(_usual(), **{place: given_}))
    except ConnectorError:
        return
    skeleton = _skeleton(written)
    both = _both(skeleton.data, skeleton)
    event(f"taken apart: {both.apart}")
    assert both.alike


@functools.cache
def _fixed() -> Skeleton:
    return _skeleton(write(_usual()))


@pytest.mark.parametrize(
    "value", [*_ODD, *_REFERENCES, "", " ", "null ", " n/a", "00", "7", "14", "2026/01/05 "]
)
def test_any_value_in_any_element(value: str) -> None:
    """What no writer would write reads the same both ways, in whichever element it stands."""
    data = _fixed().data
    for found in re.finditer(b">([^<>]+)<", data):
        changed = data[: found.start(1)] + value.encode() + data[found.end(1) :]
        assert _both(changed, _fixed()).alike


_PIECES = st.sampled_from(
    [
        *(b"<", b">", b"&", b"/", b"</", b'"', b"=", b" ", b"\r\n", b"]]>", b"<!---->", b"<?a?>"),
        *(
            b"<x></x>",
            b"\x00",
            b"\xff",
            b"\xcc\x80",
            "ệ".encode(),
            b"&#x0;",
            b"&lt;",
            b"\xef\xbf\xbe",
        ),
        *(b">n/a<", b">NULL<", b"0", b"9" * 9, b"2026/13/01", b"0000", b"24:00:00", b"cid:", b"G/"),
        *(
            b"<edXML:To>",
            b"</edXML:To>",
            b' xml:lang="vi"',
            b"\xc2\xa0",
            b"\xe2\x80\xa8",
            b"4",
            b"5",
        ),
    ]
)


@pytest.mark.parametrize("new", [b"x", b""])
def test_any_byte(new: bytes) -> None:
    """Whichever byte is another one or gone, both ways read the same."""
    data = _fixed().data
    found = [_both(data[:at] + new + data[at + 1 :], _fixed()) for at in range(len(data))]
    assert [at for at, both in enumerate(found) if not both.alike] == []
    assert 0 < sum(both.apart for both in found) < len(data) / 2


@settings(_property, max_examples=300)
@given(st.data())
def test_any_change(data: st.DataObject) -> None:
    """Whatever is cut out of a packet, put in or said twice, both ways read the same."""
    changed = _fixed().data
    for _ in range(data.draw(st.integers(1, 2))):
        start = data.draw(st.integers(0, len(changed)))
        stop = min(len(changed), start + data.draw(st.integers(0, 12)))
        piece = data.draw(
            st.one_of(
                _PIECES, st.binary(max_size=2), st.just(changed[start:stop] * 2), st.just(b"x")
            )
        )
        changed = changed[:start] + piece + changed[stop:]
    both = _both(changed, _fixed())
    event(f"taken apart: {both.apart}")
    assert both.alike


def test_any_elements_less_or_twice() -> None:
    """Whichever elements in a row are dropped or said twice, both ways read the same."""
    pieces = _fixed().data.replace(b"><", b">\0<").split(b"\0")
    for start in range(len(pieces)):
        for count in range(1, 10):
            few = [*pieces[:start], *pieces[start + count :]]
            many = [*pieces[: start + count], *pieces[start:]]
            assert _both(b"".join(few), _fixed()).alike
            assert _both(b"".join(many), _fixed()).alike


def test_an_empty_list_of_attachments() -> None:
    """No writer writes a list of attachments that names none."""
    data = re.sub(b"<(edXML:Reference|Attachment)>.*</\\1>", b"", _fixed().data)
    assert b"<AttachmentEncoded></AttachmentEncoded>" in data
    assert _both(data, dataclasses.replace(_fixed(), runs={})) == (False, True)


@settings(_property, max_examples=200)
@given(st.data())
def test_any_element(data: st.DataObject) -> None:
    """Whichever whole element is moved, repeated or dropped, both ways read the same."""
    pieces = _fixed().data.replace(b"><", b">\0<").split(b"\0")
    start = data.draw(st.integers(0, len(pieces) - 1))
    stop = min(len(pieces), start + data.draw(st.integers(1, 4)))
    taken = pieces[start:stop]
    if data.draw(st.booleans()):
        del pieces[start:stop]
    at = data.draw(st.integers(0, len(pieces)))
    pieces[at:at] = taken * data.draw(st.integers(0, 2))
    both = _both(b"".join(pieces), _fixed())
    event(f"taken apart: {both.apart}")
    assert both.alike
