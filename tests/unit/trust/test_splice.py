"""Signing a packet whose payload is never in a tree: what it proves, refuses and costs."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from connector.edxml.writer import write_parts
from connector.errors import Bug, PermanentError
from connector.model.content import BytesContent, Content
from connector.model.envelope import Attachment, Document
from connector.model.packet import AttachmentEncoding, Packet, Part, Payload, WriteOptions
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust
from connector.trust.sign import seal
from connector.trust.splice import digest_of
from connector.trust.verify import verify

ZIP = WriteOptions()
RAW = WriteOptions(attachment_encoding=AttachmentEncoding.RAW)


def _with_files(packet: Packet, *contents: Content) -> Document:
    document = packet.envelope
    assert isinstance(document, Document)
    files = tuple(
        Attachment(
            content_id=f"id-{number}",
            name=f"tệp {number}.pdf",
            content_type="application/pdf",
            content=content,
        )
        for number, content in enumerate(contents)
    )
    return replace(document, attachments=files)


@pytest.mark.parametrize("options", [ZIP, RAW])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 49_151, 49_152, 49_153, 300_000])
def test_payloads_of_any_length_verify(
    *,
    size: int,
    options: WriteOptions,
    packet: Packet,
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
) -> None:
    """Around every edge of base64's threes and of the blocks, one file and several."""
    content = BytesContent(bytes(range(256)) * (size // 256) + bytes(size % 256))
    document = _with_files(packet, content, BytesContent(b"%PDF"), content)
    sealed = seal(Packet(write_parts(document, options), document), keys["G22"])
    assert sealed.size == len(sealed.data)
    read = verify(sealed.data, trust, at=now).reading.envelope
    assert isinstance(read, Document)
    assert [each.content.sha256 for each in read.attachments] == [
        each.content.sha256 for each in document.attachments
    ]


class _Shrinking(BytesContent):
    """A file that is shorter than it was when it was counted."""

    @property
    def size(self) -> int:
        """One byte more than there is, enough for another group of base64."""
        return len(self.data) + 3


def test_a_file_that_changed_is_not_signed(packet: Packet, keys: dict[str, SigningKey]) -> None:
    """A file of another size than when it was written down is refused with its place."""
    document = _with_files(packet, BytesContent(b"%PDF"), _Shrinking(b"%PDF"))
    with pytest.raises(PermanentError) as caught:
        seal(Packet(write_parts(document, RAW), document), keys["G22"])
    (finding,) = caught.value.findings
    assert (finding.code, finding.place) == ("EDX-2313", "AttachmentEncoded/Attachment[2]")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda parts: (parts[0] + b" ", *parts[1:]),
        lambda parts: (parts[0], parts[1], b"x" + parts[2]),
        lambda parts: (parts[0].replace(b"<edXML ", b"<edXML a='", 1), *parts[1:]),
        lambda parts: (parts[0] + b"<x></x>", *parts[1:]),
        lambda parts: (b"<!-- -->" + parts[0], *parts[1:]),
        lambda parts: (*parts[:2], parts[2].replace(b"</edXML>", b"")),
        lambda parts: (
            parts[0].replace(b"<ContentTransferEncoded>", b"<Other>"),
            parts[1],
            parts[2].replace(b"</ContentTransferEncoded>", b"</Other>"),
        ),
    ],
)
def test_a_payload_stands_alone_in_its_element(
    spoil: object, packet: Packet, keys: dict[str, SigningKey]
) -> None:
    """Where base64 would not be the whole text of its element, nothing is signed."""
    assert callable(spoil)
    document = _with_files(packet, BytesContent(b"%PDF"))
    parts: tuple[Part, ...] = spoil(write_parts(document))
    with pytest.raises(Bug) as caught:
        seal(Packet(parts, document), keys["G22"])
    assert caught.value.code == "EDX-3110"


class _Sparse:
    """A file of zeros that takes no room, read from the disk each time."""

    def __init__(self, path: Path, size: int) -> None:
        with path.open("wb") as stream:
            stream.truncate(size)
        self._path, self.size = path, size
        self.sha256 = "0" * 64

    def open(self) -> BinaryIO:
        """Return a new stream at the first byte."""
        return self._path.open("rb")


def test_memory_does_not_grow_with_the_attachment(
    packet: Packet, keys: dict[str, SigningKey], tmp_path: Path
) -> None:
    """A hundred megabytes are written, signed and streamed in a few."""
    document = _with_files(packet, _Sparse(tmp_path / "large", 100_000_000))
    tracemalloc.start()
    try:
        sealed = seal(Packet(write_parts(document), document), keys["G22"])
        size = sum(map(len, sealed.chunks()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == sealed.size > 133_000_000
    assert peak < 4_000_000


def test_the_digest_runs_over_what_is_sent() -> None:
    """Parts are summed up as they stand in the message, payloads as base64."""
    parts = (b"<a>", Payload(BytesContent(b"abc")), b"</a>")
    assert digest_of(parts) == digest_of((b"<a>YWJj</a>",))
