from __future__ import annotations

import datetime as dt
import re

import pytest

from connector.clock import VIETNAM
from connector.edxml.names import NS
from connector.edxml.reader import read
from connector.edxml.writer import write
from connector.model.envelope import Document, StatusReport
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions
from tests.unit.edxml.reading import PACKET_ID, changed, document_of, errors, warnings


def test_what_was_written_is_read(document: Document) -> None:
    """A packet of ours comes back equal and without findings."""
    reading = read(write(document))
    assert reading.envelope == document
    assert reading.findings == ()
    assert reading.dialect.order is ChildOrder.QCVN
    assert reading.dialect.prefixed
    assert reading.dialect.attachment_encoding is AttachmentEncoding.ZIP
    assert not reading.dialect.signature_present


def test_status_is_read(status: StatusReport) -> None:
    """A status of ours comes back equal."""
    assert read(write(status)).envelope == status


def test_java_order_is_read(document: Document) -> None:
    """The other child order says the same."""
    reading = read(write(document, WriteOptions(order=ChildOrder.JAVA)))
    assert reading.envelope == document
    assert reading.dialect.order is ChildOrder.JAVA


def test_odd_order_is_read_with_a_warning(document: Document) -> None:
    """An order that nobody writes is read, and reported because strict receivers refuse it."""
    data = write(document)
    subject = re.search(rb"<edXML:Subject>.*?</edXML:Subject>", data)
    assert subject
    moved = data.replace(subject[0], b"").replace(b"<edXML:From>", subject[0] + b"<edXML:From>")
    reading = read(moved)
    assert reading.envelope == document
    assert warnings(reading) == [("EDX-2026", "MessageHeader")]


def test_prefixes_do_not_matter(document: Document) -> None:
    """The same namespace without prefix, or with another one, says the same."""
    data = write(document)
    bare = data.replace(b"<edXML:", b"<").replace(b"</edXML:", b"</")
    other = data.replace(b"<edXML:", b"<q:").replace(b"</edXML:", b"</q:")
    assert read(bare).envelope == document
    assert not read(bare).dialect.prefixed
    assert read(other.replace(b"xmlns:edXML", b"xmlns:q")).envelope == document


def test_content_ids_without_cid_are_matched(document: Document) -> None:
    """One side with ``cid:``, the other without: still the same attachment."""
    data = changed(write(document), f"<ContentId>cid:{PACKET_ID}", f"<ContentId>{PACKET_ID}")
    assert read(data).envelope == document
    assert not read(data).dialect.content_id_prefixed


def test_net_reference_names_its_attachment_by_xlink(document: Document) -> None:
    """A Reference of the .NET dialect may carry the id in ``xlink:href`` only."""
    data = changed(
        write(document),
        f"<edXML:Reference><edXML:ContentId>cid:{PACKET_ID}</edXML:ContentId>",
        '<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' xlink:href="cid:{PACKET_ID}" xlink:role="XLinkRole" xlink:type="simple">',
    )
    assert read(data).envelope == document


def test_raw_attachment_is_read(document: Document) -> None:
    """A payload that is the file itself is taken as it is."""
    raw = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
    reading = read(write(document, raw))
    assert reading.envelope == document
    assert reading.dialect.attachment_encoding is AttachmentEncoding.RAW


def test_missing_business_is_no_business(document: Document) -> None:
    """Packets that came through the axis without Bussiness are read as such."""
    data = re.sub(rb"<edXML:Bussiness>.*</edXML:Bussiness>", b"", write(document))
    reading = read(data)
    assert document_of(reading).business is None
    assert reading.findings == ()


def test_business_may_come_first(document: Document) -> None:
    """Bussiness before the hops says the same."""
    data = write(document)
    business = re.search(rb"<edXML:Bussiness>.*</edXML:Bussiness>", data)
    assert business
    data = data.replace(business[0], b"")
    data = data.replace(b"<edXML:TraceHeader>", business[0] + b"<edXML:TraceHeader>")
    assert read(data).envelope == document


def test_null_organ_of_a_hop_is_absent(document: Document) -> None:
    """The text "null" in a hop means that its agency is not known."""
    data = changed(
        write(document),
        "<edXML:TraceHeader><edXML:OrganId>G22",
        "<edXML:TraceHeader><edXML:OrganId>null",
    )
    reading = read(data)
    assert document_of(reading).traces[0].organ_id is None
    assert warnings(reading) == [("EDX-2024", "TraceHeaderList/TraceHeader/OrganId")]


def test_attributes_of_the_net_dialect_are_ignored(document: Document) -> None:
    """SOAP leftovers on TraceHeaderList mean nothing."""
    data = changed(
        write(document),
        "<edXML:TraceHeaderList>",
        '<edXML:TraceHeaderList id="1" version="1.0" mustUnderstand="1"'
        ' actor="http://schemas.xmlsoap.org/soap/actor/next">',
    )
    assert read(data).envelope == document
    assert read(data).findings == ()


def test_status_of_the_other_order_is_read(status: StatusReport) -> None:
    """DocumentId before the day, Email before Mobile, OrganName first: accepted."""
    data = write(status)
    day = b"<edXML:PromulgationDate>2026/01/05</edXML:PromulgationDate>"
    mail = b"<edXML:Email>b@b.vn</edXML:Email>"
    data = data.replace(day, b"").replace(b"</edXML:ResponseFor>", day + b"</edXML:ResponseFor>")
    data = data.replace(mail, b"").replace(b"<edXML:Mobile>", mail + b"<edXML:Mobile>")
    assert read(data).envelope == status


def test_unknown_element_is_ignored_with_a_warning(status: StatusReport) -> None:
    """An element that nobody knows is named, not obeyed."""
    data = changed(
        write(status), "<edXML:StatusCode>", "<edXML:Token>x</edXML:Token><edXML:StatusCode>"
    )
    reading = read(data)
    assert reading.envelope == status
    assert [finding.code for finding in reading.findings] == ["EDX-2016"]
    assert "Token" in reading.findings[0].en


def test_stray_text_is_reported(document: Document) -> None:
    """Text between elements is ignored, and said to be."""
    data = changed(write(document), "<edXML:SteeringType>", "stray<edXML:SteeringType>")
    assert warnings(read(data)) == [("EDX-2015", "MessageHeader")]


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("28/09/2018", "EDX-2017"),
        ("2018/09/28 00:00:00", "EDX-2017"),
        ("28 tháng 9", "EDX-2017"),
        ("２０１８/０９/２８", "EDX-2017"),
        ("2014/02/30", "EDX-2020"),
        ("0000/01/01", "EDX-2020"),
        ("N/A", "EDX-2023"),
        ("", "EDX-2012"),
    ],
)
def test_dates_are_never_guessed(document: Document, date: str, code: str) -> None:
    """Day-first, impossible and missing dates are refused."""
    place = "MessageHeader/PromulgationInfo/PromulgationDate"
    data = changed(
        write(document),
        "<edXML:PromulgationDate>2026/01/05<",
        f"<edXML:PromulgationDate>{date}<",
    )
    assert errors(data) == [(code, place)]


@pytest.mark.parametrize("date", ["2026-01-05", "2026/1/5", "2026.01.05"])
def test_dates_that_can_only_mean_one_day_are_normalised(document: Document, date: str) -> None:
    """Year-first spellings are read, with a warning."""
    data = changed(
        write(document),
        "<edXML:PromulgationDate>2026/01/05<",
        f"<edXML:PromulgationDate>{date}<",
    )
    reading = read(data)
    assert reading.envelope == document
    assert warnings(reading) == [("EDX-2018", "MessageHeader/PromulgationInfo/PromulgationDate")]


@pytest.mark.parametrize(
    "moment", ["2026-01-05T08:00:00+07:00", "2026-01-05T01:00:00Z", "2026-01-05 08:00:00"]
)
def test_iso_times_are_normalised(status: StatusReport, moment: str) -> None:
    """ISO times are read; without a zone they are Vietnam time."""
    reading = read(changed(write(status), "2026/01/05 08:00:00", moment))
    assert reading.envelope == status
    assert warnings(reading) == [("EDX-2018", "MessageHeader/Timestamp")]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("05/01/2026 08:00:00", "EDX-2019"),
        ("2026/01/05", "EDX-2019"),
        ("2026/01/05 24:00:00", "EDX-2019"),
        ("2026/02/30 08:00:00", "EDX-2020"),
        ("0001-01-01T00:00:00+14:00", "EDX-2020"),
    ],
)
def test_other_times_are_refused(status: StatusReport, moment: str, code: str) -> None:
    """Times that are unclear or impossible are refused."""
    data = changed(write(status), "2026/01/05 08:00:00", moment)
    assert errors(data) == [(code, "MessageHeader/Timestamp")]


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("<edXML:Type>2<", "<edXML:Type>Công văn<", "EDX-2021", "MessageHeader/DocumentType/Type"),
        (
            "<edXML:Priority>1<",
            "<edXML:Priority>5<",
            "EDX-2022",
            "MessageHeader/OtherInfo/Priority",
        ),
        (
            "<edXML:Priority>1<",
            "<edXML:Priority>Khẩn<",
            "EDX-2021",
            "MessageHeader/OtherInfo/Priority",
        ),
        (
            "<edXML:BussinessDocType>0<",
            "<edXML:BussinessDocType>9<",
            "EDX-2022",
            "TraceHeaderList/Bussiness/BussinessDocType",
        ),
        ("<edXML:Paper>0<", "<edXML:Paper>có<", "EDX-2022", "TraceHeaderList/Bussiness/Paper"),
        (
            "<edXML:OrganName>Bộ Nội vụ<",
            "<edXML:OrganName>N/A<",
            "EDX-2023",
            "MessageHeader/To[1]/OrganName",
        ),
        (
            "<edXML:FullName>Trần Văn A</edXML:FullName>",
            "",
            "EDX-2012",
            "MessageHeader/SignerInfo/FullName",
        ),
        (
            "<edXML:FullName>Trần Văn A<",
            "<edXML:FullName>Trần<b>Văn</b> A<",
            "EDX-2014",
            "MessageHeader/SignerInfo/FullName",
        ),
        (
            "<edXML:DueDate>2026/01/20</edXML:DueDate>",
            "<edXML:DueDate>2026/01/20</edXML:DueDate>" * 2,
            "EDX-2013",
            "MessageHeader/DueDate",
        ),
        (
            "<edXML:DocumentId>G22,2026/01/05,05/VPCP-KSTT</edXML:DocumentId>",
            "<edXML:DocumentId> </edXML:DocumentId>",
            "EDX-2012",
            "MessageHeader/DocumentId",
        ),
    ],
)
def test_known_defects_are_refused(
    document: Document, old: str, new: str, code: str, place: str
) -> None:
    """Defects that could be read in two ways are refused with their place."""
    assert errors(changed(write(document), old, new)) == [(code, place)]


def test_every_error_is_reported_at_once(document: Document) -> None:
    """One look shows all that is missing, down to whole parts."""
    data = re.sub(rb"<edXML:To>.*</edXML:To>", b"", write(document))
    data = re.sub(rb"<edXML:SignerInfo>.*</edXML:SignerInfo>", b"", data)
    assert errors(data) == [
        ("EDX-2012", "MessageHeader/To"),
        ("EDX-2012", "MessageHeader/SignerInfo"),
    ]


@pytest.mark.parametrize("element", ["Signature", "DigitalSignature"])
def test_what_only_looks_signed_is_named(document: Document, element: str) -> None:
    """A Signature in the packet's own namespace is no signature."""
    data = changed(
        write(document), "</edXML:edXMLHeader>", f"<edXML:{element}/></edXML:edXMLHeader>"
    )
    reading = read(data)
    assert [finding.code for finding in reading.findings] == ["EDX-2025"]
    assert not reading.dialect.signature_present


def test_real_signature_is_seen_and_not_judged(document: Document) -> None:
    """An xmldsig Signature in its place is reported as present, nothing more."""
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    data = changed(write(document), "</edXML:edXMLHeader>", f"{signature}</edXML:edXMLHeader>")
    assert read(data).findings == ()
    assert read(data).dialect.signature_present


def test_status_fourteen_is_refused(status: StatusReport) -> None:
    """14 is a known mistake for 15 and not taken for it."""
    data = changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>14<")
    assert errors(data) == [("EDX-2028", "MessageHeader/StatusCode")]


def test_unknown_status_is_refused(status: StatusReport) -> None:
    """A status outside the list is refused."""
    data = changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>07<")
    assert errors(data) == [("EDX-2022", "MessageHeader/StatusCode")]


def test_status_without_zero_is_normalised(status: StatusReport) -> None:
    """1 means 01."""
    data = changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>1<")
    assert read(data).envelope == status
    assert warnings(read(data)) == [("EDX-2018", "MessageHeader/StatusCode")]


def test_swapped_response_is_refused(status: StatusReport) -> None:
    """Code and OrganId in each other's place are not silently put right."""
    data = changed(write(status), "<edXML:OrganId>G22<", "<edXML:OrganId>05/VPCP-KSTT<")
    data = changed(data, "<edXML:Code>05/VPCP-KSTT<", "<edXML:Code>G22<")
    assert errors(data) == [("EDX-2027", "MessageHeader/ResponseFor")]


def test_evidence_without_digest_is_refused(status: StatusReport) -> None:
    """Evidence that names nothing is an error."""
    data = re.sub(rb"<c:Digest>.*</c:Digest>", b"", write(status))
    assert errors(data) == [("EDX-2012", "Evidence/Digest")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a/>", "EDX-2011"),
        (f'<edXMLEnvelope xmlns="{NS}"/>'.encode(), "EDX-2011"),
        (b'<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2022"/>', "EDX-2011"),
        (
            b'<s:Envelope xmlns:s="urn:soap"><e:To xmlns:e="http://www.e-doc.vn/Schema/"/></s:Envelope>',
            "EDX-2010",
        ),
    ],
)
def test_other_documents_are_refused(data: bytes, code: str) -> None:
    """What is no packet, or one of the old dialect, says so."""
    assert errors(data)[0][0] == code


def test_empty_skeleton_reports_what_is_missing() -> None:
    """Even a packet without envelope ends in findings."""
    assert errors(f'<edXML xmlns="{NS}"/>'.encode())[0] == ("EDX-2012", "")


def test_hop_times_are_aware(document: Document) -> None:
    """Times are Vietnam time."""
    assert document_of(read(write(document))).traces[0].timestamp == dt.datetime(
        2026, 1, 5, 8, 0, tzinfo=VIETNAM
    )


def test_blank_status_is_missing(status: StatusReport) -> None:
    """A status that says nothing is not taken for any."""
    data = changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode> <")
    assert errors(data) == [("EDX-2012", "MessageHeader/StatusCode")]


def test_reference_without_content_id(document: Document) -> None:
    """A line of the manifest that names no attachment is an error, and so is its attachment."""
    content_id = f"<edXML:ContentId>cid:{PACKET_ID}</edXML:ContentId>"
    found = errors(changed(write(document), content_id, ""))
    assert [code for code, _ in found] == ["EDX-2012", "EDX-2305"]
