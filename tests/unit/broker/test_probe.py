"""Whatever answers at the broker's port, or does not: `probe` says why nobody is let in."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self

import pytest

from connector.broker import codes, probe
from connector.broker.settings import BrokerSettings
from connector.errors import Text

Serve = Callable[[bytes | None], int]

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
GARBAGE = bytes(range(256)) * 4
OTHER_VERSION = b"AMQP\x00\x01\x00\x00"
BAD_METHOD = b"\x01\x00\x00\x00\x00\x00\x04\xde\xad\xbe\xef\xce"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_SECONDS", 0.3)


@pytest.fixture(params=[False, True], ids=["stays", "hangs up"])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Start a server that says something to whoever speaks to it; return its port."""
    with contextlib.ExitStack() as stack:

        def start(answer: bytes | None) -> int:
            server = stack.enter_context(_Server(answer, hangs_up=request.param))
            return server.port

        yield start


class _Server:
    """A TCP server that takes a connection, reads a little and gives one answer, or none."""

    def __init__(self, answer: bytes | None, *, hangs_up: bool) -> None:
        self._answer = answer
        self._hangs_up = hangs_up
        self._taken: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        for each in (self._listener, *self._taken):
            each.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                taken, _ = self._listener.accept()
                self._taken.append(taken)
                self._speak(taken)

    def _speak(self, taken: socket.socket) -> None:
        taken.settimeout(5)
        with contextlib.suppress(OSError):
            taken.recv(8)
            if self._answer is not None:
                taken.sendall(self._answer)
            if self._hangs_up:
                taken.shutdown(socket.SHUT_RDWR)


def settings(*ports: int, scheme: str = "amqp") -> BrokerSettings:
    """Return the settings for a broker at some ports of this machine."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return BrokerSettings(url=f"{scheme}://G22:secret@{hosts}/x")


def begins(text: Text, port: int) -> str:
    """Return how a finding begins that names the host."""
    told = text.at(broker=f"127.0.0.1:{port}", reason="")
    return told.en


@pytest.mark.parametrize(
    "answer",
    [None, HTTP, GARBAGE, OTHER_VERSION, BAD_METHOD],
    ids=["silent", "http", "garbage", "another version", "no such method"],
)
def test_a_port_that_does_not_speak_amqp_does_not_answer(
    serve: Serve, answer: bytes | None
) -> None:
    """A frozen broker, or another server at its port, is told as a closed port is."""
    port = serve(answer)
    problem = probe.probe(settings(port))
    assert problem is not None
    assert problem.en.startswith(begins(codes.UNREACHABLE, port))
    assert "secret" not in problem.en


@pytest.mark.parametrize("answer", [None, HTTP], ids=["silent", "http"])
def test_a_port_that_does_not_speak_tls_is_a_reason_too(serve: Serve, answer: bytes | None) -> None:
    """With amqps nobody answers, or not in TLS: a reason, whichever it is."""
    port = serve(answer)
    problem = probe.probe(settings(port, scheme="amqps"))
    assert problem is not None
    assert f"127.0.0.1:{port}" in problem.en


def test_a_closed_port_does_not_answer() -> None:
    """Where nobody listens the finding is the same."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    problem = probe.probe(settings(port))
    assert problem is not None
    assert problem.en.startswith(begins(codes.UNREACHABLE, port))


def test_the_next_host_is_asked_after_a_silent_one(serve: Serve) -> None:
    """A frozen host of a cluster does not keep the others from being asked."""
    silent, other = serve(None), serve(HTTP)
    problem = probe.probe(settings(silent, other))
    assert problem is not None
    assert problem.en.startswith(begins(codes.UNREACHABLE, other))
