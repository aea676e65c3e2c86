"""One vector of the corpus: bytes, what they stand for, and the verdict that is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.clock import VIETNAM
from connector.edxml.writer import write
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Envelope,
    Evidence,
    Organization,
    Promulgation,
    ResponseFor,
    Signer,
    StatusCode,
    StatusReport,
    TraceHeader,
)
from connector.model.packet import WriteOptions
from connector.trust.registry import Trust
from tests.corpus.signing import sign
from tests.corpus.world import Identity, World

__all__ = ["ID", "Vector", "accepted", "document", "edited", "packet", "refused", "status"]

ID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
_MOMENT = dt.datetime(2026, 1, 5, 8, tzinfo=VIETNAM)
_NAMES = {"G22": "Văn phòng Chính phủ", "H41": "Ủy ban nhân dân tỉnh Nghệ An"}

Build = Callable[[World], bytes]
Trusting = Callable[[World], Trust]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A packet to verify.

    `rows` are those of the attack table that it stands for; `stage` and `code` tell where and
    why it is refused, None that it is accepted. An accepted vector says `envelope`, with
    exactly the warnings `warnings`.
    """

    name: str
    rows: tuple[int, ...]
    build: Build = field(repr=False)
    stage: str | None = None
    code: str | None = None
    envelope: Callable[[], Envelope] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    trust: Trusting = field(default=World.trust, repr=False)
    days: int = 0
    large: bool = False


def refused(
    name: str, row: int | tuple[int, ...], stage: str, code: int, build: Build, **options: Any
) -> Vector:
    """Return a vector that must be refused at a stage with EDX-`code`."""
    rows = row if isinstance(row, tuple) else (row,)
    return Vector(name=name, rows=rows, build=build, stage=stage, code=f"EDX-{code}", **options)


def accepted(
    name: str,
    row: int | tuple[int, ...],
    envelope: Envelope | Callable[[], Envelope],
    build: Build,
    **options: Any,
) -> Vector:
    """Return a vector that must be accepted and say exactly `envelope`."""
    rows = row if isinstance(row, tuple) else (row,)
    says = envelope if callable(envelope) else lambda: envelope
    return Vector(name=name, rows=rows, build=build, envelope=says, **options)


def document(sender: str = "G22", **change: Any) -> Document:
    """Return a small valid document with one attachment."""
    attachment = Attachment(
        content_id=ID,
        name="công văn.pdf",
        content_type="application/pdf",
        content=BytesContent(b"%PDF-1.7\n" + bytes(range(256))),
    )
    fields: dict[str, Any] = {
        "sender": Organization(organ_id=sender, organ_name=_NAMES.get(sender, "Cơ quan gửi")),
        "receivers": (Organization(organ_id="H41", organ_name=_NAMES["H41"]),),
        "code": DocumentCode("05", "VPCP-KSTT"),
        "promulgation": Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        "document_type": DocumentType(type=2, type_name="Công văn"),
        "subject": 'Về việc "thử nghiệm" <ký số> & xác minh',
        "signer": Signer(full_name="Nguyễn Văn A"),
        "document_id": f"{sender},2026/01/05,05/VPCP-KSTT",
        "traces": (TraceHeader(sender, _MOMENT),),
        "attachments": (attachment,),
    }
    return Document(**(fields | change))


def status(sender: str = "H41", **change: Any) -> StatusReport:
    """Return a status with evidence by which a receiver answers the document."""
    fields: dict[str, Any] = {
        "sender": Organization(organ_id=sender, organ_name=_NAMES.get(sender, "Cơ quan gửi")),
        "response_for": ResponseFor(
            organ_id="G22",
            code="05/VPCP-KSTT",
            promulgation_date=dt.date(2026, 1, 5),
            document_id="G22,2026/01/05,05/VPCP-KSTT",
        ),
        "status_code": StatusCode.ARRIVED,
        "timestamp": _MOMENT,
        "evidence": Evidence(digest="ab" * 32, journal_head="cd" * 32),
    }
    return StatusReport(**(fields | change))


def packet(envelope: Envelope, options: WriteOptions | None = None) -> bytes:
    """Return an envelope's unsigned bytes."""
    return write(envelope, options or WriteOptions())


def edited(data: bytes, *pairs: tuple[bytes, bytes]) -> bytes:
    """Return the bytes with each first part replaced once by the second; it must be there."""
    for old, new in pairs:
        if old not in data:
            raise LookupError(old)
        data = data.replace(old, new, 1)
    return data


def signed(
    data: bytes,
    code: str = "G22",
    kind: str = "p256",
    edits: Sequence[tuple[bytes, bytes]] = (),
    **options: Any,
) -> Build:
    """Return a maker of a packet that an agency signs and somebody edits afterwards."""
    return lambda w: edited(sign(data, w.identity(code, kind), **options), *edits)


def as_it_is(data: bytes) -> Build:
    """Return a maker of these very bytes."""
    return lambda _: data


def g22(world: World, kind: str = "p256") -> Identity:
    """Return the usual signer."""
    return world.identity("G22", kind)
