from __future__ import annotations

import base64
import dataclasses
import io
import re
import zipfile
from typing import Any

import pytest

from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.edxml.writer import write
from connector.errors import PermanentError
from connector.model.content import BytesContent, read_all
from connector.model.envelope import Document
from connector.model.packet import AttachmentEncoding, WriteOptions
from tests.unit.edxml.reading import PACKET_ID, changed, document_of, errors, warnings


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
    return read_all(document_of(read(data)).attachments[0].content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "entry", [f"{PACKET_ID}.pdf", "0a1b2c3d-0000-4000-8000-0123456789AB.pdf", PACKET_ID]
)
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
        packed.writestr(f"{PACKET_ID}.pdf", b"%PDF-1.7 x")
    assert _content(_with_payload(document, bytes(stream.data), "a.pdf")) == b"%PDF-1.7 x"


@pytest.mark.parametrize(
    ("entry", "name"),
    [("[Content_Types].xml", "a.docx"), (f"{PACKET_ID}.pdf", "a.zip"), ("readme.txt", "a.pdf")],
)
def test_other_zips_stay_closed(document: Document, entry: str, name: str) -> None:
    """A ZIP that is itself the document is never opened."""
    packed = _zip(entry, b"content")
    assert _content(_with_payload(document, packed, name)) == packed


def test_zip_in_zip_is_unwrapped_once(document: Document) -> None:
    """A ZIP attachment in its transport ZIP comes out as the ZIP that it was."""
    inner = _zip(f"{PACKET_ID}.pdf", b"content")
    assert _content(_with_payload(document, _zip(f"{PACKET_ID}.zip", inner), "a.zip")) == inner


def test_zip_with_two_entries_stays_closed(document: Document) -> None:
    """More than one entry is never the transport form."""
    buffer = io.BytesIO(_zip(f"{PACKET_ID}.pdf", b"one"))
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr("two.pdf", b"two")
    assert _content(_with_payload(document, buffer.getvalue(), "a.pdf")) == buffer.getvalue()


def test_zip_with_slack_stays_closed(document: Document) -> None:
    """A ZIP in which other bytes could hide is not the transport form."""
    packed = _zip(f"{PACKET_ID}.pdf", b"one") + b"hidden"
    assert _content(_with_payload(document, packed, "a.pdf")) == packed


def test_differing_extension_is_a_finding(document: Document) -> None:
    """An entry of another kind than the name says is delivered and reported."""
    data = _with_payload(document, _zip(f"{PACKET_ID}.edxml", b"x"), "a.doc")
    assert [finding.code for finding in read(data).findings] == ["EDX-2308", "EDX-2319"]


def test_zip_bomb_is_refused(document: Document) -> None:
    """An entry that unfolds beyond the ratio is not unfolded."""
    data = _with_payload(document, _zip(f"{PACKET_ID}.pdf", bytes(1_000_000)), "a.pdf")
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert errors(data) == [("EDX-2309", place)]


def test_lying_size_is_refused(document: Document) -> None:
    """An entry that claims to be smaller than it is ends in a finding."""
    packed = bytearray(_zip(f"{PACKET_ID}.pdf", bytes(1_000_000)))
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (1000).to_bytes(4, "little")
    data = _with_payload(document, bytes(packed), "a.pdf")
    assert errors(data)[0][0] == "EDX-2310"


def test_damaged_zip_is_refused(document: Document) -> None:
    """A checksum that does not hold stops the packet."""
    packed = _zip(f"{PACKET_ID}.pdf", b"content", zipfile.ZIP_STORED).replace(
        b"content", b"c0ntent"
    )
    assert errors(_with_payload(document, packed, "a.pdf"))[0][0] == "EDX-2310"


def test_attachment_over_the_limit_is_refused(document: Document) -> None:
    """The limit of attachments is below that of packets if one wishes."""
    data = _with_payload(document, _zip(f"{PACKET_ID}.pdf", bytes(range(200))), "a.pdf")
    with pytest.raises(PermanentError) as caught:
        read(data, limits=Limits(max_attachment_bytes=100))
    assert caught.value.code == "EDX-2302"


@pytest.mark.parametrize("text", ["A", "AB", "QUI", "QUJ=", "QR==", "Q U I=!", "é===", "QUJD===="])
def test_improper_base64_is_refused(document: Document, text: str) -> None:
    """Only strict base64 is a payload."""
    data = re.sub(
        rb"(<ContentTransferEncoded>)[^<]*<", rb"\g<1>" + text.encode() + b"<", write(document)
    )
    assert errors(data)[0][0] == "EDX-2303"


def test_payload_with_elements_is_refused(document: Document) -> None:
    """A payload is text, nothing else."""
    data = write(document).replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded><x/>")
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert errors(data) == [("EDX-2014", place)]


def test_attachment_without_payload_is_refused(document: Document) -> None:
    """An attachment without its file is an error."""
    data = re.sub(rb"<ContentTransferEncoded>.*</ContentTransferEncoded>", b"", write(document))
    place = "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert errors(data) == [("EDX-2012", place)]


def test_type_of_a_raw_attachment_speaks(document: Document) -> None:
    """Where the manifest is silent the attachment's own type counts."""
    raw = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
    data = changed(
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
    packed = bytearray(_zip(f"{PACKET_ID}.pdf", b"content that is long enough to be packed" * 3))
    start = 30 + len(f"{PACKET_ID}.pdf")
    packed[start : start + 4] = b"\xff\xff\xff\xff"
    assert errors(_with_payload(document, bytes(packed), "a.pdf"))[0][0] == "EDX-2310"


def test_encrypted_zip_stays_closed(document: Document) -> None:
    """An encrypted entry cannot be the transport form."""
    packed = bytearray(_zip(f"{PACKET_ID}.pdf", b"content"))
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
    assert errors(data) == [("EDX-2304", "edXMLManifest/Reference")]


def test_unlisted_attachment_is_refused(document: Document) -> None:
    """A file that no manifest lists is refused."""
    data = re.sub(rb"<edXML:Reference>.*</edXML:Reference>", b"", write(document))
    assert errors(data) == [("EDX-2305", "AttachmentEncoded/Attachment")]


def test_content_id_twice_is_refused(document: Document) -> None:
    """Two files under one id cannot be told apart."""
    twice = dataclasses.replace(document, attachments=document.attachments * 2)
    assert {code for code, _ in errors(write(twice))} == {"EDX-2306"}


def test_differing_names_are_reported(document: Document) -> None:
    """The attachment's own name counts, the manifest's is reported."""
    data = changed(
        write(document),
        "<edXML:AttachmentName>05-VPCP-KSTT.pdf<",
        "<edXML:AttachmentName>other.pdf<",
    )
    assert read(data).envelope == document
    assert warnings(read(data)) == [("EDX-2307", "AttachmentEncoded/Attachment/AttachmentName")]


@pytest.mark.parametrize(
    ("name", "expected"), [("a.PDF", "application/pdf"), ("a.xyz", "application/octet-stream")]
)
def test_missing_type_follows_the_name(document: Document, name: str, expected: str) -> None:
    """Without a type in the manifest the file's own extension speaks."""
    attachment = dataclasses.replace(document.attachments[0], name=name)
    data = write(dataclasses.replace(document, attachments=(attachment,)))
    data = changed(data, "<edXML:ContentType>application/pdf</edXML:ContentType>", "")
    assert document_of(read(data)).attachments[0].content_type == expected
