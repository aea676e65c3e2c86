"""The tuned libraries in a receiver that keeps what it got before it acknowledges it.

One document at a time, as the other scripts do: the packet is a synced file under its final name,
a committed row tells of it, the files taken out of it are synced with their directory, and the
signer's certificate is checked against the one that issued it. Nothing is journalled, nobody is
asked who may sign for whom, and what a crash interrupts is not taken up again.

    python -m tests.perf.peers.durable tool=durable role=in ...
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Final

from cryptography import x509

from tests.perf.peers.documents import build_receipt, unpack
from tests.perf.peers.python_peer import PeerIn
from tests.perf.peers.wire import Task, serve

__all__ = ["DurablePeerIn", "main"]

_INBOX: Final = """CREATE TABLE inbox (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, size INTEGER NOT NULL, answered TEXT)"""


class _Keeper:
    """A directory of packets and a database that names them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        self._database = sqlite3.connect(directory / "inbox.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_INBOX)

    def keep(self, name: str, body: bytes) -> None:
        """Make a packet durable: file, name, row."""
        draft, place = self._directory / f"{name}.tmp", self._directory / f"{name}.xml"
        with draft.open("wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(place)
        _sync(self._directory)
        row = (name, dt.datetime.now(dt.UTC).isoformat(), len(body))
        self._database.execute("INSERT INTO inbox VALUES (?, ?, ?, NULL)", row)

    def answered(self, name: str, status: str) -> None:
        """Note durably that a packet was delivered and is answered."""
        self._database.execute("UPDATE inbox SET answered = ? WHERE id = ?", (status, name))


def _sync(*paths: Path) -> None:
    """Bring files or directories through to the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _check_chain(task: Task) -> None:
    """Insist that the peer's certificate is in force and was issued by the next one in its file."""
    signer, issuer = x509.load_pem_x509_certificates(task.peer_certificate.read_bytes())[:2]
    signer.verify_directly_issued_by(issuer)
    for each in (signer, issuer):
        if not each.not_valid_before_utc <= dt.datetime.now(dt.UTC) <= each.not_valid_after_utc:
            raise ValueError(each.subject)


class DurablePeerIn(PeerIn):
    """Does what the others do, and keeps packet, files and answer before it says so."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._keeper = _Keeper(task.directory / "kept")

    def take(self, body: bytes) -> None:
        """Keep one packet, deliver it and answer it."""
        name = uuid.uuid4().hex
        self._keeper.keep(name, body)
        _check_chain(self.task)
        root = self.tool.verify(body)
        self.check(root, "document")
        place = self._inbox / name
        unpack(root, place)
        _sync(*place.iterdir(), place, self._inbox)
        receipt = self.seal(build_receipt(root, self.task), "status")
        self._keeper.answered(name, "01")
        self.publish(receipt, "status")


def main(arguments: list[str]) -> None:
    """Serve orders."""
    peer = DurablePeerIn(Task.parse(arguments))
    serve(peer.prepare, peer.run)


if __name__ == "__main__":
    main(sys.argv[1:])
