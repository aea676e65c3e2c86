"""Exports damaged at random: each is read, refused or unavailable, and nothing else happens."""

from __future__ import annotations

import base64
import datetime as dt
import random
import struct
from contextlib import suppress

import pytest

from connector.edxml.writer import write
from connector.errors import ConnectorError
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from tests.unit.sources.conftest import Desk

DBF = (
    struct.pack("<BBBBLHH20x", 0xF5, 126, 1, 5, 3, 32 * 5 + 1, 1 + 6 + 10 + 8 + 4)
    + b"".join(
        struct.pack("<11sc4xBB14x", name, kind, width, 0)
        for name, kind, width in [
            (b"So", b"C", 6), (b"Memo", b"M", 10), (b"Ngay", b"D", 8), (b"Id", b"I", 4),
        ]
    )
    + b"\r"
    + b" 15    " + b"         8" + b"20260105" + b"\1\0\0\0"
    + b"*16    " + b"         9" + b"20260105" + b"\1\0\0\0"
    + b" 17    " + b"         9" + b"20260105" + b"\1\0\0\0\x1a"
)  # fmt: skip
MEMO = (
    struct.pack(">LHH504x", 0, 0, 64) + (struct.pack(">LL", 1, 5) + b"memo!").ljust(64, b"\0") * 2
)
DXL = (
    "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE database SYSTEM 'x.dtd'><database>"
    "<document form='A'><noteinfo unid='1'/><item name='So'><text>15<break/>a</text></item>"
    "<item name='N'><numberlist><number>1</number><number>2.5</number></numberlist></item>"
    "<item name='D'><datetime>20260105T080000,00+07</datetime></item><item name='B'><richtext>"
    "<par><run>đậm</run></par></richtext></item><item name='$FILE'><object><file name='a.pdf'"
    f" size='9'><filedata>{base64.b64encode(b'%PDF-1.7!').decode()}</filedata></file></object>"
    "</item></document></database>"
).encode()
PACKET = write(
    Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="G09", organ_name="Bộ Nội vụ"),),
        code=DocumentCode("15", "QĐ-VPCP"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Quyết định"),
        subject="Về việc",
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id="1",
        attachments=(
            Attachment(
                content_id="1",
                name="a.pdf",
                content_type="application/pdf",
                content=BytesContent(b"%PDF-1.7!"),
            ),
        ),
    )
)
SAMPLES = {
    "dbf": (DBF, "type: dbf, path: e.x, charset: tcvn3"),
    "dxl": (DXL, "type: dxl, path: e.x"),
    "xml": (
        DXL.replace(b"<!DOCTYPE database SYSTEM 'x.dtd'>", b""),
        "type: xml, path: e.x, record: item",
    ),
    "edxml": (PACKET, "type: edxml, path: e.x"),
    "json": (
        b'[{"a": {"b": [1, "x", null, 1.5e3, true]}, "c": "S\\u1ed1"}]',
        "type: json, path: e.x",
    ),
    "lines": (b'{"a": [{"b": 1}]}\n{"a": "x"}\n', "type: json, path: e.x, lines: true"),
    "fixed": (
        "0012 đường\n0013 số 5\n".encode(),
        "type: fixed, path: e.x, columns: [{name: A, width: 5}, {name: B, width: 5}]",
    ),
}


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return the bytes with some of them changed, taken out, doubled or cut off."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(out) + 1)
        end = min(len(out), at + dice.choice([1, 1, 2, 8, 40]))
        match dice.randrange(5):
            case 0:
                out[at:end] = dice.randbytes(end - at)
            case 1:
                del out[at:end]
            case 2:
                out[at:at] = out[at:end] * dice.choice([1, 2, 50])
            case 3:
                out[at:end] = dice.choice([b"\xff" * 4, b"\0" * 4, b"<!", b"&x;", b'"', b"\r\n"])
            case _:
                del out[at:]
    return bytes(out)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("seed", range(5))
def test_damage_never_leaves_as_another_error(desk: Desk, kind: str, seed: int) -> None:
    """Every record can be handed on, every refusal has a place and a reason."""
    data, settings = SAMPLES[kind]
    dice = random.Random(f"{kind}{seed}")  # noqa: S311 - no secret
    desk.file("e.fpt", MEMO)
    for _ in range(30):
        desk.file("e.x", damaged(data, dice))
        source = desk.open(settings)
        for batch in source.read(None):
            assert all(refused.place and refused.findings for refused in batch.refusals)
            assert all(repr(record.values) for record in batch.records)
        with suppress(ConnectorError):
            source.columns()


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_samples_themselves_are_good(desk: Desk, kind: str) -> None:
    """Otherwise the damage would only hit what is refused at its first byte."""
    data, settings = SAMPLES[kind]
    desk.file("e.x", data)
    desk.file("e.fpt", MEMO)

    records, refusals = desk.results(settings)

    assert records
    assert not refusals
