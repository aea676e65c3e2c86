from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import io
import re
import zipfile
from typing import Any

import pytest

from connector.clock import VIETNAM
from connector.edxml.names import NS
from connector.edxml.parser import Limits
from connector.edxml.reader import Reading, read
from connector.edxml.writer import write
from connector.errors import PermanentError, Severity
from connector.model.content import BytesContent, read_all
from connector.model.envelope import Document, StatusReport
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions

_ID = "6f1d3f0c-58f4-4c0e-9d0e-6b1f5d0b8a11"


def _changed(data: bytes, old: str, new: str) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


def _document_of(reading: Reading) -> Document:
    assert isinstance(reading.envelope, Document)
    return reading.envelope


def _errors(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(PermanentError) as caught:
        read(data)
    found = caught.value.findings
    return [(each.code, each.place) for each in found if each.severity is Severity.ERROR]


def _warnings(reading: Reading) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in reading.findings]


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
    assert _warnings(reading) == [("EDX-2026", "MessageHeader")]


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
    data = _changed(write(document), f"<ContentId>cid:{_ID}", f"<ContentId>{_ID}")
    assert read(data).envelope == document
    assert not read(data).dialect.content_id_prefixed


def test_net_reference_names_its_attachment_by_xlink(document: Document) -> None:
    """A Reference of the .NET dialect may carry the id in ``xlink:href`` only."""
    data = _changed(
        write(document),
        f"<edXML:Reference><edXML:ContentId>cid:{_ID}</edXML:ContentId>",
        '<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' xlink:href="cid:{_ID}" xlink:role="XLinkRole" xlink:type="simple">',
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
    assert _document_of(reading).business is None
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
    data = _changed(
        write(document),
        "<edXML:TraceHeader><edXML:OrganId>G22",
        "<edXML:TraceHeader><edXML:OrganId>null",
    )
    reading = read(data)
    assert _document_of(reading).traces[0].organ_id is None
    assert _warnings(reading) == [("EDX-2024", "TraceHeaderList/TraceHeader/OrganId")]


def test_attributes_of_the_net_dialect_are_ignored(document: Document) -> None:
    """SOAP leftovers on TraceHeaderList mean nothing."""
    data = _changed(
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
    data = _changed(
        write(status), "<edXML:StatusCode>", "<edXML:Token>x</edXML:Token><edXML:StatusCode>"
    )
    reading = read(data)
    assert reading.envelope == status
    assert [finding.code for finding in reading.findings] == ["EDX-2016"]
    assert "Token" in reading.findings[0].en


def test_stray_text_is_reported(document: Document) -> None:
    """Text between elements is ignored, and said to be."""
    data = _changed(write(document), "<edXML:SteeringType>", "stray<edXML:SteeringType>")
    assert _warnings(read(data)) == [("EDX-2015", "MessageHeader")]


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
    data = _changed(
        write(document),
        "<edXML:PromulgationDate>2026/01/05<",
        f"<edXML:PromulgationDate>{date}<",
    )
    assert _errors(data) == [(code, place)]


@pytest.mark.parametrize("date", ["2026-01-05", "2026/1/5", "2026.01.05"])
def test_dates_that_can_only_mean_one_day_are_normalised(document: Document, date: str) -> None:
    """Year-first spellings are read, with a warning."""
    data = _changed(
        write(document),
        "<edXML:PromulgationDate>2026/01/05<",
        f"<edXML:PromulgationDate>{date}<",
    )
    reading = read(data)
    assert reading.envelope == document
    assert _warnings(reading) == [("EDX-2018", "MessageHeader/PromulgationInfo/PromulgationDate")]


@pytest.mark.parametrize(
    "moment", ["2026-01-05T08:00:00+07:00", "2026-01-05T01:00:00Z", "2026-01-05 08:00:00"]
)
def test_iso_times_are_normalised(status: StatusReport, moment: str) -> None:
    """ISO times are read; without a zone they are Vietnam time."""
    reading = read(_changed(write(status), "2026/01/05 08:00:00", moment))
    assert reading.envelope == status
    assert _warnings(reading) == [("EDX-2018", "MessageHeader/Timestamp")]


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
    data = _changed(write(status), "2026/01/05 08:00:00", moment)
    assert _errors(data) == [(code, "MessageHeader/Timestamp")]


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
    assert _errors(_changed(write(document), old, new)) == [(code, place)]


def test_every_error_is_reported_at_once(document: Document) -> None:
    """One look shows all that is missing, down to whole parts."""
    data = re.sub(rb"<edXML:To>.*</edXML:To>", b"", write(document))
    data = re.sub(rb"<edXML:SignerInfo>.*</edXML:SignerInfo>", b"", data)
    assert _errors(data) == [
        ("EDX-2012", "MessageHeader/To"),
        ("EDX-2012", "MessageHeader/SignerInfo"),
    ]


@pytest.mark.parametrize("element", ["Signature", "DigitalSignature"])
def test_what_only_looks_signed_is_named(document: Document, element: str) -> None:
    """A Signature in the packet's own namespace is no signature."""
    data = _changed(
        write(document), "</edXML:edXMLHeader>", f"<edXML:{element}/></edXML:edXMLHeader>"
    )
    reading = read(data)
    assert [finding.code for finding in reading.findings] == ["EDX-2025"]
    assert not reading.dialect.signature_present


def test_real_signature_is_seen_and_not_judged(document: Document) -> None:
    """An xmldsig Signature in its place is reported as present, nothing more."""
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    data = _changed(write(document), "</edXML:edXMLHeader>", f"{signature}</edXML:edXMLHeader>")
    assert read(data).findings == ()
    assert read(data).dialect.signature_present


def test_status_fourteen_is_refused(status: StatusReport) -> None:
    """14 is a known mistake for 15 and not taken for it."""
    data = _changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>14<")
    assert _errors(data) == [("EDX-2028", "MessageHeader/StatusCode")]


def test_unknown_status_is_refused(status: StatusReport) -> None:
    """A status outside the list is refused."""
    data = _changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>07<")
    assert _errors(data) == [("EDX-2022", "MessageHeader/StatusCode")]


def test_status_without_zero_is_normalised(status: StatusReport) -> None:
    """1 means 01."""
    data = _changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode>1<")
    assert read(data).envelope == status
    assert _warnings(read(data)) == [("EDX-2018", "MessageHeader/StatusCode")]


def test_swapped_response_is_refused(status: StatusReport) -> None:
    """Code and OrganId in each other's place are not silently put right."""
    data = _changed(write(status), "<edXML:OrganId>G22<", "<edXML:OrganId>05/VPCP-KSTT<")
    data = _changed(data, "<edXML:Code>05/VPCP-KSTT<", "<edXML:Code>G22<")
    assert _errors(data) == [("EDX-2027", "MessageHeader/ResponseFor")]


def test_evidence_without_digest_is_refused(status: StatusReport) -> None:
    """Evidence that names nothing is an error."""
    data = re.sub(rb"<c:Digest>.*</c:Digest>", b"", write(status))
    assert _errors(data) == [("EDX-2012", "Evidence/Digest")]


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
    assert _errors(data)[0][0] == code


def test_empty_skeleton_reports_what_is_missing() -> None:
    """Even a packet without envelope ends in findings."""
    assert _errors(f'<edXML xmlns="{NS}"/>'.encode())[0] == ("EDX-2012", "")


def _with_payload(document: Document, content: bytes, name: str) -> bytes:
    """Return a packet whose only attachment has these bytes in base64 and this name."""
    attachment = dataclasses.replace(document.attachments[0], name=name)
    data = write(dataclasses.replace(document, attachments=(attachment,)))
    text = base64.b64encode(content)
    return re.sub(rb"(<ContentTransferEncoded>)[^<]*<", rb"\g<1>" + text + b"<", data)


def _zip(entry: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        packed.writestr(entry, content)
    return buffer.getvalue()


def _content(data: bytes) -> bytes:
    return read_all(_document_of(read(data)).attachments[0].content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("entry", [f"{_ID}.pdf", "0a1b2c3d-0000-4000-8000-0123456789AB.pdf", _ID])
def test_transport_zip_is_unwrapped(document: Document, entry: str, method: int) -> None:
    """A ZIP whose one entry is named by the id or a UUID is the transport form."""
    data = _with_payload(document, _zip(entry, b"%PDF-1.7 x", method), "a.pdf")
    assert _content(data) == b"%PDF-1.7 x"


def test_zip_of_a_java_stream_is_unwrapped(document: Document) -> None:
    """Sizes behind the data, as Java's ZipOutputStream writes them, are understood."""

    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, block: Any) -> int:
            self.data += bytes(block)
            return len(bytes(block))

    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{_ID}.pdf", b"%PDF-1.7 x")
    assert _content(_with_payload(document, bytes(stream.data), "a.pdf")) == b"%PDF-1.7 x"


@pytest.mark.parametrize(
    ("entry", "name"),
    [("[Content_Types].xml", "a.docx"), (f"{_ID}.pdf", "a.zip"), ("readme.txt", "a.pdf")],
)
def test_other_zips_stay_closed(document: Document, entry: str, name: str) -> None:
    """A ZIP that is itself the document is never opened."""
    packed = _zip(entry, b"content")
    assert _content(_with_payload(document, packed, name)) == packed


def test_zip_in_zip_is_unwrapped_once(document: Document) -> None:
    """A ZIP attachment in its transport ZIP comes out as the ZIP that it was."""
    inner = _zip(f"{_ID}.pdf", b"content")
    assert _content(_with_payload(document, _zip(f"{_ID}.zip", inner), "a.zip")) == inner


def test_zip_with_two_entries_stays_closed(document: Document) -> None:
    """More than one entry is never the transport form."""
    buffer = io.BytesIO(_zip(f"{_ID}.pdf", b"one"))
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr("two.pdf", b"two")
    assert _content(_with_payload(document, buffer.getvalue(), "a.pdf")) == buffer.getvalue()


def test_zip_with_slack_stays_closed(document: Document) -> None:
    """A ZIP in which other bytes could hide is not the transport form."""
    packed = _zip(f"{_ID}.pdf", b"one") + b"hidden"
    assert _content(_with_payload(document, packed, "a.pdf")) == packed


def test_differing_extension_is_a_finding(document: Document) -> None:
    """An entry of another kind than the name says is delivered and reported."""
    data = _with_payload(document, _zip(f"{_ID}.edxml", b"x"), "a.doc")
    assert [finding.code for finding in read(data).findings] == ["EDX-2308", "EDX-2319"]


def test_zip_bomb_is_refused(document: Document) -> None:
    """An entry that unfolds beyond the ratio is not unfolded."""
    data = _with_payload(document, _zip(f"{_ID}.pdf", bytes(1_000_000)), "a.pdf")
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert _errors(data) == [("EDX-2309", place)]


def test_lying_size_is_refused(document: Document) -> None:
    """An entry that claims to be smaller than it is ends in a finding."""
    packed = bytearray(_zip(f"{_ID}.pdf", bytes(1_000_000)))
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (1000).to_bytes(4, "little")
    data = _with_payload(document, bytes(packed), "a.pdf")
    assert _errors(data)[0][0] == "EDX-2310"


def test_damaged_zip_is_refused(document: Document) -> None:
    """A checksum that does not hold stops the packet."""
    packed = _zip(f"{_ID}.pdf", b"content", zipfile.ZIP_STORED).replace(b"content", b"c0ntent")
    assert _errors(_with_payload(document, packed, "a.pdf"))[0][0] == "EDX-2310"


def test_attachment_over_the_limit_is_refused(document: Document) -> None:
    """The limit of attachments is below that of packets if one wishes."""
    data = _with_payload(document, _zip(f"{_ID}.pdf", bytes(range(200))), "a.pdf")
    with pytest.raises(PermanentError) as caught:
        read(data, limits=Limits(max_attachment_bytes=100))
    assert caught.value.code == "EDX-2302"


@pytest.mark.parametrize("text", ["A", "AB", "QUI", "QUJ=", "QR==", "Q U I=!", "é===", "QUJD===="])
def test_improper_base64_is_refused(document: Document, text: str) -> None:
    """Only strict base64 is a payload."""
    data = re.sub(
        rb"(<ContentTransferEncoded>)[^<]*<", rb"\g<1>" + text.encode() + b"<", write(document)
    )
    assert _errors(data)[0][0] == "EDX-2303"


def test_payload_with_elements_is_refused(document: Document) -> None:
    """A payload is text, nothing else."""
    data = write(document).replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded><x/>")
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert _errors(data) == [("EDX-2014", place)]


def test_attachment_without_payload_is_refused(document: Document) -> None:
    """An attachment without its file is an error."""
    data = re.sub(rb"<ContentTransferEncoded>.*</ContentTransferEncoded>", b"", write(document))
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert _errors(data) == [("EDX-2012", place)]


def test_type_of_a_raw_attachment_speaks(document: Document) -> None:
    """Where the manifest is silent the attachment's own type counts."""
    raw = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
    data = _changed(
        write(document, raw), "<edXML:ContentType>application/pdf</edXML:ContentType>", ""
    )
    assert read(data).envelope == document


def test_oversized_payloads_are_refused(document: Document) -> None:
    """Raw files over the limit are refused, long texts before they are decoded."""
    raw = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
    for size in (101, 2_000_000):
        content = BytesContent(bytes(size))
        attachment = dataclasses.replace(document.attachments[0], content=content)
        data = write(dataclasses.replace(document, attachments=(attachment,)), raw)
        with pytest.raises(PermanentError) as caught:
            read(data, limits=Limits(max_attachment_bytes=100))
        assert caught.value.code == "EDX-2302"


def test_broken_deflate_is_refused(document: Document) -> None:
    """A compressed stream that is no stream ends in a finding."""
    packed = bytearray(_zip(f"{_ID}.pdf", b"content that is long enough to be packed" * 3))
    start = 30 + len(f"{_ID}.pdf")
    packed[start : start + 4] = b"\xff\xff\xff\xff"
    assert _errors(_with_payload(document, bytes(packed), "a.pdf"))[0][0] == "EDX-2310"


def test_encrypted_zip_stays_closed(document: Document) -> None:
    """An encrypted entry cannot be the transport form."""
    packed = bytearray(_zip(f"{_ID}.pdf", b"content"))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    assert _content(_with_payload(document, bytes(packed), "a.pdf")) == bytes(packed)


def test_entry_name_in_an_old_code_page_is_no_wrapping(document: Document) -> None:
    """A name that is not UTF-8 is read as DOS wrote it, and is no UUID."""
    packed = _zip("aaaa.pdf", b"content").replace(b"aaaa.pdf", b"\x87aaa.pdf")
    assert _content(_with_payload(document, packed, "a.pdf")) == packed


def test_line_breaks_in_base64_are_absorbed(document: Document) -> None:
    """MIME-style lines are white space and nothing else."""
    data = write(document)
    found = re.search(rb"ContentTransferEncoded>([^<]*)<", data)
    assert found
    wrapped = b"\r\n".join(found[1][at : at + 76] for at in range(0, len(found[1]), 76))
    assert read(data.replace(found[1], b"\r\n" + wrapped + b"\r\n")).envelope == document


def test_missing_attachment_is_refused(document: Document) -> None:
    """A dossier without a file that its manifest lists is incomplete."""
    data = re.sub(rb"<AttachmentEncoded>.*</AttachmentEncoded>", b"", write(document))
    assert _errors(data) == [("EDX-2304", "edXMLManifest/Reference")]


def test_unlisted_attachment_is_refused(document: Document) -> None:
    """A file that no manifest lists is refused."""
    data = re.sub(rb"<edXML:Reference>.*</edXML:Reference>", b"", write(document))
    assert _errors(data) == [("EDX-2305", "AttachmentEncoded/Attachment")]


def test_content_id_twice_is_refused(document: Document) -> None:
    """Two files under one id cannot be told apart."""
    twice = dataclasses.replace(document, attachments=document.attachments * 2)
    assert {code for code, _ in _errors(write(twice))} == {"EDX-2306"}


def test_differing_names_are_reported(document: Document) -> None:
    """The attachment's own name counts, the manifest's is reported."""
    data = _changed(
        write(document),
        "<edXML:AttachmentName>05-VPCP-KSTT.pdf<",
        "<edXML:AttachmentName>other.pdf<",
    )
    assert read(data).envelope == document
    assert _warnings(read(data)) == [("EDX-2307", "AttachmentEncoded/Attachment/AttachmentName")]


@pytest.mark.parametrize(
    ("name", "expected"), [("a.PDF", "application/pdf"), ("a.xyz", "application/octet-stream")]
)
def test_missing_type_follows_the_name(document: Document, name: str, expected: str) -> None:
    """Without a type in the manifest the file's own extension speaks."""
    attachment = dataclasses.replace(document.attachments[0], name=name)
    data = write(dataclasses.replace(document, attachments=(attachment,)))
    data = _changed(data, "<edXML:ContentType>application/pdf</edXML:ContentType>", "")
    assert _document_of(read(data)).attachments[0].content_type == expected


def test_hop_times_are_aware(document: Document) -> None:
    """Times are Vietnam time."""
    assert _document_of(read(write(document))).traces[0].timestamp == dt.datetime(
        2026, 1, 5, 8, 0, tzinfo=VIETNAM
    )


def test_blank_status_is_missing(status: StatusReport) -> None:
    """A status that says nothing is not taken for any."""
    data = _changed(write(status), "<edXML:StatusCode>01<", "<edXML:StatusCode> <")
    assert _errors(data) == [("EDX-2012", "MessageHeader/StatusCode")]


def test_reference_without_content_id(document: Document) -> None:
    """A line of the manifest that names no attachment is an error, and so is its attachment."""
    content_id = f"<edXML:ContentId>cid:{_ID}</edXML:ContentId>"
    found = _errors(_changed(write(document), content_id, ""))
    assert [code for code, _ in found] == ["EDX-2012", "EDX-2305"]
