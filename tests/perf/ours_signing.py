"""Processor time of the connector's sealing and verifying, next to what cannot be saved.

    python -m tests.perf.ours_signing tool=signing ...

Document by document: SHA-256 and the private key over the packet's bytes, then the connector's
seal of the same packet; SHA-256 and the public key, then the connector's verification. Each
document is sealed and verified by `Subject`, the only place that knows how the connector does it.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from connector.clock import SystemClock, vietnam_date
from connector.edxml.pack import pack
from connector.edxml.parser import Limits
from connector.flow.workers.sealer import stamp
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
from connector.model.packet import Packet
from connector.trust.keys import load_key
from connector.trust.registry import load_trust
from connector.trust.settings import PemKey
from connector.trust.sign import seal
from connector.trust.verify import verify
from tests.perf.peers.floors import Signature
from tests.perf.peers.wire import Row, Task, read_rows

__all__ = ["Subject", "main"]

_LARGE: Final = 2_000_000_000


class Subject:
    """How the connector makes a packet, seals it and verifies it, today."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._clock = SystemClock()
        settings = PemKey(type="pem", key_file=task.key, certificate_file=task.certificate)
        self._key = load_key(settings, now=self._clock.now())
        pki = task.key.parent.parent
        self._trust = load_trust(pki / "anchors", pki / "registry.yaml")
        self._limits = Limits(max_bytes=_LARGE, max_attachment_bytes=_LARGE)

    def unsealed(self, row: Row) -> Packet:
        """Return what is ready to be sealed; not timed.

        A file's own digest is taken when it is read, in the daemon as here.
        """
        now = self._clock.now()
        document = self._document(row)
        for attachment in document.attachments:
            _ = attachment.content.sha256
        return pack(stamp(document, now), today=vietnam_date(now))

    def seal(self, unsealed: Packet) -> Any:
        """Seal it; timed."""
        return seal(unsealed, self._key)

    def body(self, sealed: Any) -> bytes:
        """Return the bytes that would be published; not timed."""
        data: bytes = sealed.data
        return data

    def verify(self, body: bytes) -> object:
        """Verify them; timed."""
        return verify(body, self._trust, at=self._clock.now(), limits=self._limits)

    def _document(self, row: Row) -> Document:
        task = self._task
        date = dt.datetime.strptime(row.date, "%Y/%m/%d").replace(tzinfo=dt.UTC).date()
        attachment = Attachment(
            content_id=str(uuid.uuid4()),
            name=row.path.name,
            content_type="application/pdf",
            content=BytesContent(row.path.read_bytes()),
        )
        return Document(
            sender=Organization(organ_id=task.code, organ_name=task.name),
            receivers=(Organization(organ_id=task.peer_code, organ_name=task.peer_name),),
            code=DocumentCode(row.number, "VPCP-KSTT"),
            promulgation=Promulgation("Hà Nội", date),
            document_type=DocumentType(type=2, type_name="Công văn"),
            subject=row.subject,
            signer=Signer(full_name="Trần Văn Mẫu"),
            document_id=f"{task.code},{row.date},{row.number}/VPCP-KSTT",
            attachments=(attachment,),
        )


class Timing:
    """Processor time of four steps for each document."""

    def __init__(self, task: Task) -> None:
        self._subject = Subject(task)
        self._floor = Signature(task)
        self._spent: dict[str, list[float]] = {}

    def measure(self, rows: list[Row]) -> dict[str, float]:
        """Return the medians in milliseconds, and their ratios."""
        for row in (rows[0], *rows):
            self._one(row)
        spent = {f"{name}_ms": statistics.median(times[1:]) for name, times in self._spent.items()}
        found = {name: round(value * 1000, 4) for name, value in spent.items()}
        for way in ("sign", "verify"):
            found[f"{way}_ratio"] = round(spent[f"{way}_ms"] / spent[f"{way}_floor_ms"], 2)
        return found

    def _one(self, row: Row) -> None:
        unsealed = self._subject.unsealed(row)
        sealed = self._timed("sign", lambda: self._subject.seal(unsealed))
        body = self._subject.body(sealed)
        signature = self._timed("sign_floor", lambda: self._floor.sign(body))
        self._timed("verify_floor", lambda: self._floor.check(body, signature))
        self._timed("verify", lambda: self._subject.verify(body))

    def _timed(self, name: str, action: Callable[[], Any]) -> Any:
        begun = time.process_time()
        result = action()
        self._spent.setdefault(name, []).append(time.process_time() - begun)
        return result


def main(arguments: list[str]) -> None:
    """Answer each order with the medians."""
    timing_of = Task.parse(arguments)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        rows = read_rows_of(line)
        sys.stdout.write(json.dumps(Timing(timing_of).measure(rows)) + "\n")
        sys.stdout.flush()


def read_rows_of(line: str) -> list[Row]:
    """Return the rows that an order names."""
    from pathlib import Path

    return read_rows(Path(line.rstrip("\n").partition("\t")[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
