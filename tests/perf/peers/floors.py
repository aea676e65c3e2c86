"""What nothing can beat: the signature alone, the broker alone, the files and answers alone.

    python -m tests.perf.peers.floors tool=signature role=out|in ...
    python -m tests.perf.peers.floors tool=broker role=out ...
    python -m tests.perf.peers.floors tool=reception role=in ...

The broker's ceiling is a socket of our own: the frames of all messages are ready before the clock
starts, and the answers are only counted. pika's fastest way (SelectConnection) reaches two thirds
of it, so pika would make the ceiling look lower than it is.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pybase64

from tests.perf.peers.amqp import RawPublisher, message_frames
from tests.perf.peers.wire import Row, Task, serve

__all__ = ["Ceiling", "Reception", "Signature", "main"]

_HEADER_BYTES: Final = 4000
_RECEIPT_BYTES: Final = 6000
_TOGETHER: Final = 32
_SYNCING_THREADS: Final = 8
_END: Final = "-----END CERTIFICATE-----"


class Signature:
    """SHA-256 over a packet's worth of bytes and one signature; or the check of one."""

    def __init__(self, task: Task) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        self._key: Any = load_pem_private_key(task.key.read_bytes(), None)
        pem = task.certificate.read_text(encoding="ascii").partition(_END)[0] + _END
        self._public: Any = x509.load_pem_x509_certificate(pem.encode()).public_key()
        self._verifies = task.role == "in"
        self._bodies: list[tuple[bytes, bytes]] = []

    def prepare(self, rows: list[Row]) -> None:
        """Load as many bytes as each packet has; sign them if they are to be checked."""
        bodies = [packet_body(row) for row in rows]
        self._bodies = [(body, self.sign(body) if self._verifies else b"") for body in bodies]

    def run(self, count: int) -> float:
        """Return the seconds that all took."""
        begun = time.perf_counter()
        for body, signature in self._bodies[:count]:
            if self._verifies:
                self.check(body, signature)
            else:
                self.sign(body)
        return time.perf_counter() - begun

    def sign(self, body: bytes) -> bytes:
        """Sign."""
        signature: bytes = self._key.sign(hashlib.sha256(body).digest(), *self._how())
        return signature

    def check(self, body: bytes, signature: bytes) -> None:
        """Check a signature; raises if it is wrong."""
        self._public.verify(signature, hashlib.sha256(body).digest(), *self._how())

    def _how(self) -> tuple[Any, ...]:
        from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        hashed = utils.Prehashed(SHA256())
        if hasattr(self._public, "curve"):
            return (ec.ECDSA(hashed),)
        return (padding.PKCS1v15(), hashed)


class Ceiling:
    """Publishes ready frames with confirms in a window, persistent and mandatory."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._publisher = RawPublisher(task.url, task.window)
        self._messages: list[list[bytes]] = []

    def prepare(self, rows: list[Row]) -> None:
        """Make the frames of all messages."""
        code = self._task.code
        self._messages = [
            message_frames(packet_body(row), self._task.peer_code, code, row.number) for row in rows
        ]

    def run(self, count: int) -> float:
        """Publish; return the seconds until the last confirm."""
        return self._publisher.publish(self._messages[:count])


class Reception:
    """What every receiver has to do who keeps what he got, delivers it and answers for it.

    Check SHA-256 and one signature; write the packet and, decoded, its attachment, each a file of
    its own that is fsynced, dozens together; sign an answer. No broker, no XML, no database.
    """

    def __init__(self, task: Task) -> None:
        self._signature = Signature(task)
        self._directory = task.directory / "received"
        self._directory.mkdir()
        self._names = itertools.count()
        self._bodies: list[tuple[bytes, bytes]] = []

    def prepare(self, rows: list[Row]) -> None:
        """Load as many bytes as each packet has, signed."""
        for path in self._directory.iterdir():
            os.truncate(path, 0)
        bodies = [packet_body(row) for row in rows]
        self._bodies = [(body, self._signature.sign(body)) for body in bodies]

    def run(self, count: int) -> float:
        """Return the seconds until the last answer is signed."""
        bodies = self._bodies[:count]
        begun = time.perf_counter()
        with ThreadPoolExecutor(_SYNCING_THREADS) as pool:
            for start in range(0, count, _TOGETHER):
                files: list[int] = []
                for body, signature in bodies[start : start + _TOGETHER]:
                    self._signature.check(body, signature)
                    attached = pybase64.b64decode(body[_HEADER_BYTES:], validate=True)
                    files += self._written(body), self._written(attached)
                list(pool.map(_sync, files))
                for body, _ in bodies[start : start + _TOGETHER]:
                    self._signature.sign(body[:_RECEIPT_BYTES])
        return time.perf_counter() - begun

    def _written(self, data: bytes) -> int:
        path = self._directory / str(next(self._names))
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(descriptor, data)
        return descriptor


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)
    os.close(descriptor)


def packet_body(row: Row) -> bytes:
    """Return bytes of the length of a row's packet, different for each row."""
    head = row.subject.encode().ljust(_HEADER_BYTES, b" ")
    return head + base64.b64encode(row.path.read_bytes())


def main(arguments: list[str]) -> None:
    """Serve orders."""
    task = Task.parse(arguments)
    floors: dict[str, type[Ceiling | Reception | Signature]]
    floors = {"broker": Ceiling, "reception": Reception, "signature": Signature}
    floor = floors[task.tool](task)
    serve(floor.prepare, floor.run, tells_cpu=True)


if __name__ == "__main__":
    main(sys.argv[1:])
