"""What nothing can beat: the signature alone, and the broker alone.

    python -m tests.perf.peers.floors tool=signature role=out|in ...
    python -m tests.perf.peers.floors tool=broker role=out ...

The broker's ceiling is a socket of our own: the frames of all messages are ready before the clock
starts, and the answers are only counted. pika's fastest way (SelectConnection) reaches two thirds
of it, so pika would make the ceiling look lower than it is.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import time
from typing import Any, Final

from tests.perf.peers.amqp import RawPublisher, message_frames
from tests.perf.peers.wire import Row, Task, serve

__all__ = ["Ceiling", "Signature", "main"]

_HEADER_BYTES: Final = 4000
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


def packet_body(row: Row) -> bytes:
    """Return bytes of the length of a row's packet, different for each row."""
    head = row.subject.encode().ljust(_HEADER_BYTES, b" ")
    return head + base64.b64encode(row.path.read_bytes())


def main(arguments: list[str]) -> None:
    """Serve orders."""
    task = Task.parse(arguments)
    floor: Signature | Ceiling = Signature(task) if task.tool == "signature" else Ceiling(task)
    serve(floor.prepare, floor.run, tells_cpu=True)


if __name__ == "__main__":
    main(sys.argv[1:])
