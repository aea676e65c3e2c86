"""Cutting payloads out: what is a run, what is not, and that nothing is lost between."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import zipfile
import zlib
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.edxml import rule_codes
from connector.edxml.cut import Skeleton, cut
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.edxml.payload import Label, unwrap
from connector.edxml.quick import parse_skeleton
from connector.edxml.stored import Shelf, Stored, window
from connector.edxml.zipform import zip_frame
from connector.errors import Finding, PermanentError
from connector.model.content import BytesContent, read_all
from connector.model.packet import AttachmentEncoding

NAME = "edXML:ContentTransferEncoded"
NS = 'xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"'


class File:
    """A scratch place in memory that can be told from content in memory."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self.data += data
        return len(data)

    def open(self) -> BinaryIO:
        """Return a stream at the first byte."""
        return io.BytesIO(bytes(self.data))


class Crumbs:
    """Bytes that come in pieces of odd sizes, as a source."""

    def __init__(self, data: bytes, seed: int) -> None:
        self.data = data
        self.seed = seed

    @property
    def sha256(self) -> str:
        """Return the digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Return a stream that gives less than it is asked for."""
        return _Crumbling(self.data, self.seed)


class _Crumbling(io.BytesIO):
    def __init__(self, data: bytes, seed: int) -> None:
        super().__init__(data)
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def read(self, size: int | None = -1, /) -> bytes:
        """Return a few bytes."""
        return super().read(min(size or 0, self._random.choice((1, 2, 3, 5, 8, 60, 300))))


def packet(*payloads: bytes, name: str = NAME) -> bytes:
    """Return an XML document with payload elements."""
    inner = b"".join(b"<%s>%s</%s>" % (name.encode(), each, name.encode()) for each in payloads)
    return b"<edXML:edXML %s><a>x</a>%s<b/></edXML:edXML>" % (NS.encode(), inner)


def restored(skeleton: Skeleton) -> bytes:
    """Return the bytes that a skeleton stands for."""
    data = skeleton.data
    for token, run in skeleton.runs.items():
        data = data.replace(token.encode(), b"".join(run.encoded()))
    return data


@settings(max_examples=150, deadline=None)
@given(
    contents=st.lists(st.binary(max_size=700), max_size=4),
    seed=st.integers(0, 1000),
    shortest=st.sampled_from([4, 64, 400]),
)
def test_any_pieces(contents: list[bytes], seed: int, shortest: int) -> None:
    """However the bytes come, tokens stand for the long payloads, and all is there again."""
    data = packet(*map(base64.b64encode, contents))
    for source in (data, Crumbs(data, seed)):
        skeleton = cut(source, shortest=shortest)
        assert skeleton is not None
        assert restored(skeleton) == data
        assert skeleton.size == len(data)
        long = [each for each in contents if len(base64.b64encode(each)) >= max(shortest, 1)]
        assert [run.content for run in skeleton.runs.values()] == list(map(BytesContent, long))
        assert [run.length for run in skeleton.runs.values()] == [
            len(base64.b64encode(each)) for each in long
        ]
        assert skeleton.fits(parse(skeleton.data))


@pytest.mark.parametrize(
    "payload",
    [
        b"QUJD\nREVG",
        b"QUJD REVG",
        b" QUJDREVG",
        b"QUJDREVG\r",
        b"QUJDREV",
        b"QUJDRE==",
        b"QUJDRF==",
        b"QUJDRE=",
        b"QUJD====",
        b"QQ==QUJD",
        b"QUJ-REVG",
        b"QUJ_REVG",
        b"QUJDREV\x00",
        b"QUJD&#65;EVG",
        b"QUJD<x/>REVG",
        b"QUJD\xc3\xa9EVG",
        b"<![CDATA[QUJDREVG]]>",
    ],
)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_what_is_no_run(payload: bytes, seed: int | None) -> None:
    """Anything but canonical base64 leaves the packet to the other way, however it comes."""
    data = packet(b"QUJD" * 8, payload)
    source = data if seed is None else Crumbs(data, seed)
    skeleton = cut(source, shortest=4)
    assert skeleton is None or payload == b"QUJDRE=="  # canonical: the last bits are zero
    assert cut(packet(b"QUJD" * 8), shortest=4) is not None


@pytest.mark.parametrize(
    "edit",
    [
        (b"<edXML:ContentTransferEncoded>", b'<edXML:ContentTransferEncoded a="1">'),
        (b"<edXML:ContentTransferEncoded>", b"<edXML:ContentTransferEncoded >"),
        (b"</edXML:ContentTransferEncoded>", b"</edXML:ContentTransferEncoded >"),
        (b"</edXML:ContentTransferEncoded>", b"</edxml:ContentTransferEncoded>"),
    ],
)
def test_tags_that_are_not_plain(edit: tuple[bytes, bytes]) -> None:
    """Only the plain tags are looked between: no token, or no skeleton at all."""
    skeleton = cut(packet(b"QUJD" * 2000).replace(*edit))
    assert skeleton is None or not skeleton.runs


def test_the_end_inside_a_run() -> None:
    """A packet that ends within a payload has no skeleton."""
    data = packet(b"QUJD" * 2000)
    for end in range(len(data) - 60, len(data) - 1):
        skeleton = cut(data[:end])
        assert skeleton is None or data[:end].count(b"</edXML:ContentTransferEncoded>") == 1


def test_a_run_elsewhere_does_not_fit() -> None:
    """A token that is not the whole text of a payload element of our namespace is noticed."""
    for data in (
        packet(b"QUJD" * 2000, name="ContentTransferEncoded"),
        packet(b"QUJD" * 2000).replace(NS.encode(), b'xmlns:edXML="urn:other"'),
        packet(b"QUJD" * 2000).replace(b"</edXML:Con", b"</edXML:Con", 1),
    )[:2]:
        skeleton = cut(data)
        assert skeleton is not None
        assert len(skeleton.runs) == 1
        assert not skeleton.fits(parse(skeleton.data))


def test_tokens_are_new_each_time() -> None:
    """Nobody can know the token before: two cuts of the same packet differ."""
    data = packet(b"QUJD" * 2000)
    first, second = cut(data), cut(data)
    assert first is not None
    assert second is not None
    assert set(first.runs).isdisjoint(second.runs)
    (token,) = first.runs
    assert base64.b64encode(base64.b64decode(token, validate=True)).decode() == token


def test_large_payloads_go_into_scratch() -> None:
    """Over one mebibyte a payload is not kept in memory; below it is."""
    large, small = random.Random(1).randbytes((1 << 20) + 5), b"abc" * 2000  # noqa: S311
    files: list[File] = []

    def scratch() -> File:
        files.append(File())
        return files[-1]

    data = packet(*map(base64.b64encode, (small, large)))
    skeleton = cut(data, scratch=scratch)
    assert skeleton is not None
    one, other = skeleton.runs.values()
    assert one.content == BytesContent(small)
    assert isinstance(other.content, Stored)
    assert [bytes(file.data) for file in files] == [large]
    assert other.content.sha256 == BytesContent(large).sha256
    assert restored(skeleton) == data


@pytest.mark.parametrize(("start", "size"), [(0, 0), (0, 3000), (7, 1), (999, 2001), (3000, 0)])
def test_windows(start: int, size: int) -> None:
    """A window is its own content, in memory or not, readable from anywhere."""
    data = random.Random(5).randbytes(3000)  # noqa: S311
    file = File()
    file.write(b"before" + data + b"behind")
    part = data[start : start + size]
    for content in (BytesContent(data), Stored(file, 6, len(data))):
        found = window(content, start, size)
        assert (found.size, found.sha256) == (size, BytesContent(part).sha256)
        with found.open() as stream:
            assert stream.read() == part
            assert stream.read() == b""
            stream.seek(size // 2)
            assert stream.read(10) == part[size // 2 :][:10]
            stream.seek(-min(size, 5), io.SEEK_END)
            assert stream.read() == part[-min(size, 5) or size :]


def test_zip_frames_of_large_files() -> None:
    """A stored file in its transport ZIP is found in a scratch file without being read whole."""
    data = random.Random(6).randbytes(2_000_000)  # noqa: S311
    head, tail = zip_frame("id.pdf", len(data), zlib.crc32(data))
    file = File()
    file.write(head + data + tail)
    content = Stored(file, 0, len(file.data))
    label = Label("id", "a.pdf", "there")
    report: list[Finding] = []
    unwrapped = unwrap(content, label, DEFAULT_LIMITS, report, Shelf(File))
    assert unwrapped is not None
    found, encoding = unwrapped
    assert isinstance(found, Stored)
    assert (found.sha256, encoding) == (BytesContent(data).sha256, AttachmentEncoding.ZIP)
    file.data[len(head)] ^= 1
    assert unwrap(content, label, DEFAULT_LIMITS, report, Shelf(File)) is None
    assert [each.code for each in report] == [rule_codes.ZIP_DAMAGED.code]


def test_deflated_files_go_into_scratch() -> None:
    """What was deflated is unpacked piece by piece, and not beyond what it says it is."""
    data = bytes(range(256)) * 8000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("id.txt", data)
    label, report = Label("id", "a.txt", "there"), list[Finding]()
    limits = Limits(max_inflate_ratio=10_000)
    for content in (BytesContent(packed.getvalue()), _in_file(packed.getvalue())):
        unwrapped = unwrap(content, label, limits, report, Shelf(File))
        assert unwrapped is not None
        assert isinstance(unwrapped[0], Stored)
        assert read_all(unwrapped[0]) == data
    lying = packed.getvalue().replace(
        len(data).to_bytes(4, "little"), (len(data) - 1).to_bytes(4, "little")
    )
    assert unwrap(_in_file(lying), label, limits, report, Shelf(File)) is None
    assert [each.code for each in report] == [rule_codes.ZIP_DAMAGED.code]


def _in_file(data: bytes) -> Stored:
    file = File()
    file.write(data)
    return Stored(file, 0, len(data))


def test_many_payloads_cost_one_file() -> None:
    """Payloads that are small each, but not together, lie in one scratch place one by one."""
    contents = [bytes([number]) * (900_000 - number) for number in range(8)]
    contents += [b"%d" % number * 1500 for number in range(100, 200)]
    files: list[File] = []

    def scratch() -> File:
        files.append(File())
        return files[-1]

    data = packet(*map(base64.b64encode, contents))
    skeleton = cut(data, scratch=scratch)
    assert skeleton is not None
    assert [read_all(run.content) for run in skeleton.runs.values()] == contents
    held = [run for run in skeleton.runs.values() if isinstance(run.content, BytesContent)]
    assert 0 < sum(run.content.size for run in held) <= 4 << 20
    assert sum(run.content.size for run in held) + len(files[0].data) == sum(map(len, contents))
    assert len(files) == 1
    assert restored(skeleton) == data


def test_many_packed_files_cost_one_file() -> None:
    """Files that have to be unpacked lie one behind the other in one scratch place."""
    files: list[File] = []

    def scratch() -> File:
        files.append(File())
        return files[-1]

    shelf, report, limits = Shelf(scratch), list[Finding](), Limits(max_inflate_ratio=10_000)
    for size in (2_000_000, 1_500_000, 3_000_000):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("id.txt", bytes(size))
        label = Label("id", "a.txt", "there")
        unwrapped = unwrap(BytesContent(packed.getvalue()), label, limits, report, shelf)
        assert unwrapped is not None
        assert read_all(unwrapped[0]) == bytes(size)
    assert [len(file.data) for file in files] == [6_500_000]


def test_runs_come_back_where_their_tokens_stand() -> None:
    """Each token is there once, in any order; what lacks one or says one twice is no packet."""
    skeleton = cut(packet(*(base64.b64encode(bytes([each]) * 4000) for each in range(3))))
    assert skeleton is not None
    one, two, three = (token.encode() for token in skeleton.runs)
    runs = list(skeleton.runs.values())
    text = b"a" + three + b"b" + one + two + b"\xe1\xbb\x87"
    assert skeleton.spliced(text) == (
        *(b"a", runs[2], b"b", runs[0], b"", runs[1], b"\xe1\xbb\x87"),
    )
    for wrong in (one + two, text + one, text + one[:24], one + two + three[:-1], b""):
        assert skeleton.spliced(wrong) is None


def test_the_limit_is_that_of_the_whole() -> None:
    """A packet over the limit is refused although its skeleton is small."""
    data = packet(b"QUJD" * 2000)
    with pytest.raises(PermanentError) as caught:
        cut(data, limits=Limits(max_bytes=len(data) - 1))
    with pytest.raises(PermanentError) as other:
        parse(data, limits=Limits(max_bytes=len(data) - 1))
    assert caught.value.findings == other.value.findings


def test_too_much_beside_payloads() -> None:
    """What is large without being payload is not read as a skeleton."""
    assert cut(packet() + b" " * (9 << 20)) is None


NESTED = b"<a>" * 31 + b"<b/>" + b"</a>" * 31


@pytest.mark.parametrize(
    "data",
    [
        packet(b"QUJD"),
        NESTED,
        b"<a>" + NESTED + b"</a>",
        b"<a><!-- --></a>",
        b"<?xml version='1.0'?><a/>",
        b"<?xml version='1.0'?><a><?b?></a>",
        b"\xef\xbb\xbf<a/>",
        b"<a>\xff</a>",
        b"<a>]]></a>",
        b"<a b='1' b='2'/>",
        b"<a " + b" ".join(b"a%d='1'" % number for number in range(64)) + b"/>",
        b"<a " + b" ".join(b"a%d='1'" % number for number in range(65)) + b"/>",
        b"<" + b"a" * 256 + b"/>",
        b"<" + b"a" * 257 + b"/>",
        b"<a " + b"b" * 257 + b" = '1'/>",
        b"<a b='>' " + b"b" * 257 + b"='1'/>",
        b"<a>" + b"b" * 300 + b"</a>",
        b"<a>" + b"b" * 70_000 + b"</a>",
        b"<a>",
        b"",
        b"<a/>x",
        "<\u4e00\u9fa6/>".encode(),
        "<a\U00010000/>".encode(),
    ],
)
def test_the_quick_way_parses_as_the_other(data: bytes) -> None:
    """The quick parser accepts and refuses exactly what the hardened one does, with its words."""
    verdicts = []
    for way in (parse, parse_skeleton):
        try:
            root = way(data, limits=DEFAULT_LIMITS)
        except PermanentError as error:
            verdicts.append(str(error.findings))
        else:
            verdicts.append(str([(each.tag, each.text, each.tail) for each in root.iter()]))
    assert verdicts[0] == verdicts[1]
