from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import io
import zipfile

import pytest
from lxml import etree

from connector.edxml.names import NS
from connector.edxml.parser import parse
from connector.edxml.reader import read
from connector.edxml.writer import write, write_parts, write_skeleton
from connector.errors import PermanentError
from connector.model.content import BytesContent
from connector.model.envelope import Document, Envelope, OtherInfo, StatusReport
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions, chunks_of

JAVA = WriteOptions(order=ChildOrder.JAVA)
RAW = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)


def _canonical(data: bytes) -> bytes:
    return etree.tostring(etree.fromstring(data), method="c14n", exclusive=True)


@pytest.mark.parametrize("options", [WriteOptions(), JAVA, RAW])
def test_bytes_are_their_own_canonical_form(document: Document, options: WriteOptions) -> None:
    """Exclusive C14N of a packet changes no byte, whatever the options."""
    data = write(dataclasses.replace(document, subject="a & b < c > d \r\n\t\"'"), options)
    assert _canonical(data) == data


def test_status_bytes_are_canonical(status: StatusReport) -> None:
    """The same holds for statuses, whose evidence has a namespace of its own."""
    assert _canonical(write(status)) == write(status)


def test_prefixes_stand_where_net_receivers_want_them(document: Document) -> None:
    """The envelope and all below carry the literal prefix, attachments none."""
    text = write(document).decode()
    assert text.startswith(
        f'<edXML xmlns="{NS}"><edXML:edXMLEnvelope xmlns:edXML="{NS}"><edXML:edXMLHeader>'
    )
    head, _, tail = text.partition("</edXML:edXMLEnvelope>")
    assert "<AttachmentEncoded><Attachment><ContentId>cid:" in tail
    assert "edXML:" not in tail
    assert not [tag for tag in head.split("<")[2:] if not tag.lstrip("/").startswith("edXML:")]
    assert text.endswith("</edXML>")


def _names(data: bytes) -> list[str]:
    header = parse(data).find(f".//{{{NS}}}MessageHeader")
    assert header is not None
    return [etree.QName(child).localname for child in header]


def test_qcvn_order_ends_with_document_id(document: Document) -> None:
    """By default the children follow the clauses of QCVN 102."""
    found = _names(write(document))
    assert found[:3] == ["From", "To", "To"]
    assert found[-5:] == ["ToPlaces", "OtherInfo", "ResponseFor", "SteeringType", "DocumentId"]


def test_java_order_ends_with_to_places(document: Document) -> None:
    """On request they stand as the axis operator's SDK writes them."""
    found = _names(write(document, JAVA))
    assert found[3] == "DocumentId"
    assert found[-4:] == ["OtherInfo", "ResponseFor", "SteeringType", "ToPlaces"]


def _payload(data: bytes) -> bytes:
    element = parse(data).find(f".//{{{NS}}}ContentTransferEncoded")
    assert element is not None
    return base64.b64decode(element.text or "", validate=True)


def test_attachment_is_a_single_stored_zip_entry(document: Document) -> None:
    """By default a file travels in the ZIP that the SDK takes, with a fixed date."""
    attachment = document.attachments[0]
    with zipfile.ZipFile(io.BytesIO(_payload(write(document)))) as packed:
        (entry,) = packed.infolist()
        assert entry.filename == f"{attachment.content_id}.pdf"
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert packed.read(entry) == b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    assert b"<ContentType>application/zip</ContentType>" in write(document)
    assert b"<edXML:ContentType>application/pdf</edXML:ContentType>" in write(document)


def test_raw_attachment_is_the_file_itself(document: Document) -> None:
    """On request a file travels as it is."""
    assert _payload(write(document, RAW)) == b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


@pytest.mark.parametrize("size", [0, 1, 2, 3, (3 << 18) - 1, 3 << 18, (3 << 18) + 1, 1 << 21])
def test_blocks_join_to_one_base64(document: Document, size: int) -> None:
    """Payloads of any size around a block's edge come back whole."""
    content = BytesContent(bytes(range(256)) * (size // 256) + bytes(size % 256))
    attachment = dataclasses.replace(document.attachments[0], content=content)
    packet = dataclasses.replace(document, attachments=(attachment,))
    for options in (WriteOptions(), RAW):
        assert read(write(packet, options)).envelope == packet


def test_parts_join_to_the_packet(document: Document) -> None:
    """Writing in pieces gives the same bytes."""
    assert b"".join(chunks_of(write_parts(document))) == write(document)


def test_skeleton_holds_no_payload(document: Document) -> None:
    """The skeleton differs only in the payload's stand-in."""
    assert b"<ContentTransferEncoded>AA==</ContentTransferEncoded>" in write_skeleton(document)


def test_evidence_stands_last_in_the_header(status: StatusReport) -> None:
    """A status names what it answers, before the place of the signature."""
    assert write(status).endswith(
        b'<c:Evidence xmlns:c="urn:connector:evidence:1"><c:Digest>' + b"ab" * 32 + b"</c:Digest>"
        b"<c:JournalHead>" + b"cd" * 32 + b"</c:JournalHead></c:Evidence>"
        b"</edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>"
    )


def test_status_has_neither_receivers_nor_body(status: StatusReport) -> None:
    """A status packet has no To, no trace, no body."""
    data = write(status)
    assert not any(name in data for name in (b":To>", b"TraceHeaderList", b"edXMLBody"))


def test_time_is_vietnam_time(status: StatusReport) -> None:
    """A moment in UTC is written seven hours later."""
    moment = dt.datetime(2025, 12, 31, 17, 30, 5, tzinfo=dt.UTC)
    data = write(dataclasses.replace(status, timestamp=moment))
    assert b"<edXML:Timestamp>2026/01/01 00:30:05</edXML:Timestamp>" in data


def test_empty_parts_stay_apart_from_absent_ones(document: Document) -> None:
    """An OtherInfo without fields is written, a missing one is not."""
    data = write(dataclasses.replace(document, other_info=OtherInfo()))
    assert b"<edXML:OtherInfo></edXML:OtherInfo>" in data
    assert b"OtherInfo" not in write(dataclasses.replace(document, other_info=None))


def _refusal(envelope: Envelope, options: WriteOptions | None = None) -> list[tuple[str, str]]:
    with pytest.raises(PermanentError) as caught:
        write(envelope, options or WriteOptions())
    return [(finding.code, finding.place) for finding in caught.value.findings]


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_illegal_characters_are_refused(document: Document, bad: str) -> None:
    """What XML cannot hold is refused with its place, never dropped."""
    packet = dataclasses.replace(document, subject=f"a{bad}b")
    assert _refusal(packet) == [("EDX-2040", "MessageHeader/Subject")]


@pytest.mark.parametrize(
    ("value", "code"),
    [("", "EDX-2041"), (" \n", "EDX-2041"), ("N/A", "EDX-2023"), ("null", "EDX-2023")],
)
def test_values_that_say_nothing_are_refused(document: Document, value: str, code: str) -> None:
    """Empty text and placeholders are refused."""
    assert _refusal(dataclasses.replace(document, content=value)) == [
        (code, "MessageHeader/Content")
    ]


def test_identifiers_with_outer_space_are_refused(document: Document) -> None:
    """An identifier that readers would trim is refused, with the receiver's number."""
    first, second = document.receivers
    packet = dataclasses.replace(
        document, receivers=(first, dataclasses.replace(second, organ_id="H41 "))
    )
    assert _refusal(packet) == [("EDX-2042", "MessageHeader/To[2]/OrganId")]


def test_every_fault_is_reported_at_once(document: Document) -> None:
    """One look shows all faults."""
    assert len(_refusal(dataclasses.replace(document, subject="", content="\x00"))) == 2


def test_time_without_zone_is_refused(status: StatusReport) -> None:
    """A naive moment is refused instead of guessed."""
    naive = dataclasses.replace(status, timestamp=dt.datetime(2026, 1, 5))  # noqa: DTZ001
    assert _refusal(naive) == [("EDX-2043", "MessageHeader/Timestamp")]


@pytest.mark.parametrize("content_id", ["", "../a", "a b", "x" * 129])
def test_content_ids_that_name_no_file_are_refused(document: Document, content_id: str) -> None:
    """The content id names the ZIP entry and must be able to."""
    attachment = dataclasses.replace(document.attachments[0], content_id=content_id)
    codes = _refusal(dataclasses.replace(document, attachments=(attachment,)))
    assert codes == [("EDX-2311", "AttachmentEncoded/Attachment")]


def test_raw_zip_that_looks_wrapped_is_refused(document: Document) -> None:
    """A file that readers would unpack is not sent raw."""
    attachment = document.attachments[0]
    wrapped = BytesContent(_payload(write(document)))
    again = dataclasses.replace(attachment, content=wrapped)
    packet = dataclasses.replace(document, attachments=(again,))
    assert _refusal(packet, RAW)[0][0] == "EDX-2312"
    assert read(write(packet)).envelope == packet


class _Shrinking(BytesContent):
    """A file that is shorter than it was when it was counted."""

    @property
    def size(self) -> int:
        """One byte more than there is."""
        return len(self.data) + 1


def test_attachment_that_changes_is_refused(document: Document) -> None:
    """A file that was touched while it was read does not go out."""
    attachment = dataclasses.replace(document.attachments[0], content=_Shrinking(b"abc"))
    packet = dataclasses.replace(document, attachments=(attachment,))
    assert _refusal(packet)[0][0] == "EDX-2313"


class _Huge(BytesContent):
    """A file beyond what a ZIP of the old format can hold."""

    @property
    def size(self) -> int:
        """Four gigabytes."""
        return 1 << 32


def test_attachment_beyond_the_zip_format_is_refused(document: Document) -> None:
    """Sizes over 32 bits are refused before anything is read."""
    attachment = dataclasses.replace(document.attachments[0], content=_Huge(b""))
    packet = dataclasses.replace(document, attachments=(attachment,))
    assert _refusal(packet)[0][0] == "EDX-2302"


def test_zip_document_is_sent_raw(document: Document) -> None:
    """A ZIP that nobody takes for a wrapping may travel as it is."""
    attachment = dataclasses.replace(
        document.attachments[0], name="a.docx", content=BytesContent(b"PK\x03\x04 not really")
    )
    packet = dataclasses.replace(document, attachments=(attachment,))
    assert read(write(packet, RAW)).envelope == packet
