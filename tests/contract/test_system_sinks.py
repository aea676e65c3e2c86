"""Sinks that call a legacy system: services and programs that answer badly, late or too much."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.config.yaml_source import parse_yaml
from connector.errors import (
    ConfigError,
    PermanentError,
    StorageError,
    TransientError,
    UnavailableError,
)
from connector.model.content import BytesContent
from connector.model.envelope import BusinessType
from connector.model.inbound import Inbound
from connector.sinks import codes, system_codes
from connector.sinks.base import Sink
from connector.sinks.registry import open_sink
from tests.contract.test_sinks import act, item, target

Serve = Callable[[bytes], str]


def sink(directory: Path, **settings: Any) -> Sink:
    """Open a sink of some settings."""
    text = json.dumps({"desk": True, **settings})
    return open_sink(parse_yaml(text.encode(), directory / "connector.yaml"), ())


class Listener:
    """A socket that takes a whole request and says exactly what it is told to say."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection, contextlib.suppress(OSError):
                    self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            block = connection.recv(65536)
            if not block:
                return
            data += block
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        while len(body) < int(length.split(b":")[1]):
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        self._answer(connection)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket], None]], Listener]]:
    """Make listeners."""
    made: list[Listener] = []

    def make(answer: Callable[[socket.socket], None]) -> Listener:
        made.append(Listener(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


def saying(data: bytes) -> Callable[[socket.socket], None]:
    """Return what answers with some bytes."""
    return lambda connection: connection.sendall(data)


Listen = Callable[[Callable[[socket.socket], None]], Listener]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (b"HTTP/1.1 422 x\r\n\r\nthi\xe1\xba\xbfu s\xe1\xbb\x91\x1b[31m", PermanentError, "8031"),
        (b"HTTP/1.1 404 x\r\n\r\n", PermanentError, "8031"),
        (b"HTTP/1.1 500 x\r\n\r\n", TransientError, "8030"),
        (b"HTTP/1.1 423 x\r\n\r\n", TransientError, "8030"),
        (b"HTTP/1.1 503 x\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 401 x\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 429 x\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 99999 x\r\n\r\n", UnavailableError, "8030"),
        (b"\xff\x00 nonsense\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 200 x\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n", UnavailableError, "8030"),
        (b"HTTP/1.1 200 x\r\n" + b"X: y\r\n" * 500 + b"\r\n", UnavailableError, "8030"),
        (b"", UnavailableError, "8030"),
    ],
)
def test_answers_of_a_service(
    listen: Listen, tmp_path: Path, answer: bytes, error: type[Exception], code: str
) -> None:
    """4xx about the document park it, all else is tried again; control characters do not pass.

    Only what is no matter of one document means that the service is away.
    """
    service = listen(saying(answer))
    with pytest.raises(error) as caught:
        sink(tmp_path, type="rest", url=service.url).deliver(item())
    assert type(caught.value) is error
    assert code in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_service_that_says_too_much(listen: Listen, tmp_path: Path) -> None:
    """Of an endless answer a few bytes are read; 2xx stays 2xx."""

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert sink(tmp_path, type="rest", url=listen(endless).url).deliver(item())


def test_a_service_that_drips(listen: Listen, tmp_path: Path) -> None:
    """A byte now and then does not keep a request alive beyond its limit."""

    def dripping(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"H")
            time.sleep(0.05)

    slow = sink(tmp_path, type="rest", url=listen(dripping).url, timeout_seconds=0.5)
    with pytest.raises(UnavailableError):
        slow.deliver(item())


def test_connecting_is_part_of_the_time(
    listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What connects as slowly as it may leaves no second such time to the request."""
    connect = http.client.HTTPConnection.connect

    def slowly(self: http.client.HTTPConnection) -> None:
        time.sleep(2)
        connect(self)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", slowly)
    listener = listen(saying(b"HTTP/1.1 200 x\r\n\r\n"))
    slow = sink(tmp_path, type="rest", url=listener.url, timeout_seconds=0.1)
    with pytest.raises(UnavailableError, match="no answer within"):
        slow.deliver(item())
    assert listener.requests == []


def test_the_request(listen: Listen, tmp_path: Path) -> None:
    """Mapped names, formats, constants, token and key stand where the settings say."""
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text("abc")
    service = listen(saying(b"HTTP/1.1 201 x\r\n\r\n"))
    settings: dict[str, Any] = {
        "url": service.url + "?a=1",
        "method": "PUT",
        "fields": {"vb.so": "code", "vb.ngay": "promulgation.date", "khan": "priority"},
        "constants": {"nguon": "truc"},
        "date_format": "dd/MM/yyyy",
        "token": {"file": "token"},
        "token_header": "X-Api-Key",
        "token_prefix": "",
        "files_field": "tep",
    }
    assert sink(tmp_path, type="rest", **settings).deliver(item())
    head, _, body = service.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /x?a=1 HTTP/1.1"
    assert {f"Idempotency-Key: {item().packet_id}", "X-Api-Key: abc"} <= set(lines)
    told = json.loads(body)
    assert told.pop("vb") == {"so": "28/2018/QĐ-TTg", "ngay": "12/07/2018"}
    assert (told["khan"], told["nguon"], len(told["tep"])) == (0, "truc", 2)
    assert sink(tmp_path, type="rest", **settings, format="multipart").deliver(item())
    body = service.requests[1].partition(b"\r\n\r\n")[2]
    assert body.count(b"%PDF-1.4") == 2
    assert body.count(b'name="file"; filename="') == 2


def test_a_damaged_file_is_never_sent_whole(listen: Listen, tmp_path: Path) -> None:
    """A file that is no longer what was verified ends the request before its last piece."""

    class Damaged(BytesContent):
        """Bytes whose digest was another."""

        @property
        def sha256(self) -> str:
            """Return the digest of before."""
            return "0" * 64

    service = listen(saying(b"HTTP/1.1 200 x\r\n\r\n"))
    whole = item()
    broken = replace(whole.document.attachments[0], content=Damaged(b"%PDF-1.4 other"))
    document = replace(whole.document, attachments=(broken,))
    with pytest.raises(StorageError, match=codes.CONTENT_DAMAGED.code):
        sink(tmp_path, type="rest", url=service.url).deliver(replace(whole, document=document))
    assert service.requests == []


def test_acts_without_a_place_are_parked(listen: Listen, tmp_path: Path) -> None:
    """A service that cannot be told of a recall leaves it to a person."""
    service = listen(saying(b"HTTP/1.1 200 x\r\n\r\n"))
    plain = sink(tmp_path, type="rest", url=service.url)
    with pytest.raises(PermanentError, match=codes.NOWHERE_TO_RECORD.code):
        plain.cancel(act(BusinessType.RECALL), target(item()))


@pytest.mark.parametrize(
    "url",
    [
        "http://qlvb.example.vn/x",
        "ftp://127.0.0.1/",
        "https://user:secret@qlvb.example.vn/",
        "https:///x",
        "https://qlvb.example.vn/\nx",
        "https://[::1/x",
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, url: str) -> None:
    """Documents do not travel in the clear, and secrets do not stand in addresses."""
    with pytest.raises(ConfigError, match=system_codes.NOT_A_SERVICE.code):
        sink(tmp_path, type="rest", url=url)


def test_nobody_listens(tmp_path: Path) -> None:
    """The check says so before the first document does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    absent = sink(tmp_path, type="rest", url=f"http://127.0.0.1:{port}/")
    (finding,) = absent.check()
    assert finding.code == system_codes.SERVICE_DOWN.code
    with pytest.raises(UnavailableError):
        absent.deliver(item())


def program(directory: Path, text: str, **settings: Any) -> Sink:
    """Return the sink of a program in Python."""
    path = directory / "chương trình.py"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return sink(directory, type="command", program=path.name, **settings)


@pytest.mark.parametrize(
    ("text", "error", "code", "said"),
    [
        ("sys.exit('thiếu số')", PermanentError, system_codes.PROGRAM_REFUSED, "thiếu số"),
        ("print('bận', file=sys.stderr); sys.exit(75)", TransientError, None, "bận"),
        ("os.kill(os.getpid(), 9)", TransientError, None, "signal 9"),
        ("sys.exit(3)", PermanentError, system_codes.PROGRAM_REFUSED, "exit code 3"),
        (
            "sys.stdout.write('x' * 10**7); sys.stderr.write('y' * 10**7); sys.exit(75)",
            TransientError,
            None,
            "yyy",
        ),
    ],
)
def test_exit_codes_of_a_program(
    tmp_path: Path, text: str, error: type[Exception], code: Any, said: str
) -> None:
    """75 and signals are tried again, all else is parked with what the program said last."""
    with pytest.raises(error, match=said) as caught:
        program(tmp_path, text).deliver(item())
    assert type(caught.value) is error
    assert (code or system_codes.PROGRAM_LATER).code in str(caught.value)


@pytest.mark.parametrize("text", ["", "print('[' * 5000)", "print('{}')", "print('xong')"])
def test_a_program_that_is_content(tmp_path: Path, text: str) -> None:
    """Exit code 0 means taken, whatever else is said, and whether it reads its input or not."""
    assert program(tmp_path, text).deliver(item())


def test_a_program_sees_only_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secrets of the node in the environment, no shell, and its files are gone afterwards."""
    monkeypatch.setenv("CONNECTOR_SECRET", "x")
    out = tmp_path / "seen.json"
    text = (
        "told = json.load(sys.stdin)\n"
        f"json.dump([dict(os.environ), sys.argv[1:], told, os.getcwd()], open({str(out)!r}, 'w'))"
    )
    awkward = ["$(touch x)", "; rm -rf /", ""]
    assert program(tmp_path, text, arguments=awkward).deliver(item())
    environment, arguments, told, directory = json.loads(out.read_text(encoding="utf-8"))
    assert "CONNECTOR_SECRET" not in environment
    assert arguments == awkward
    assert told["document"]["packet_id"] == item().packet_id
    assert not Path(directory).exists()
    assert not Path(told["files"][0]["path"]).exists()


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    """At the time limit nothing of what it has started goes on."""
    pids = tmp_path / "pids"
    text = (
        "child = os.fork()\n"
        f"if child: open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child}}')\n"
        "time.sleep(600)"
    )
    hanging = program(tmp_path, text, timeout_seconds=3)
    with pytest.raises(UnavailableError, match="more than 3 s"):
        hanging.deliver(item())
    for pid in map(int, pids.read_text().split()):
        until_gone(pid)


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    """A child that holds the output does not keep the delivery waiting."""
    pid = tmp_path / "pid"
    text = f"child = os.fork()\nif child: open({str(pid)!r}, 'w').write(str(child))\n"
    text += "else: time.sleep(600)"
    assert program(tmp_path, text).deliver(item())
    until_gone(int(pid.read_text()))


@pytest.mark.parametrize("size", [10, 400_000])
def test_what_is_out_of_reach_keeps_no_delivery_waiting(tmp_path: Path, size: int) -> None:
    """A child in a session of its own holds input and output; the program itself has ended."""
    pid = tmp_path / "pid"
    text = "child = os.fork()\nif child:\n    print('{\"desk\": false}', flush=True)\n"
    text += f"    open({str(pid)!r}, 'w').write(str(child))\n    time.sleep(1)\n"
    text += "else:\n    os.setsid()\n    time.sleep(600)"
    given, said = replace(item(), document=replace(item().document, subject="x" * size)), []
    taker = program(tmp_path, text)
    waiting = threading.Thread(target=lambda: said.append(taker.deliver(given)), daemon=True)
    waiting.start()
    waiting.join(60)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert said == [False]


def until_gone(pid: int) -> None:
    """Wait until a process that was killed is no more, or only waits to be reaped."""
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    os.kill(pid, 0)
    raise AssertionError(f"process {pid} lives on")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """The check names it; documents wait."""
    absent = sink(tmp_path, type="command", program="khong-co")
    assert [finding.code for finding in absent.check()] == [system_codes.PROGRAM_ABSENT.code]
    with pytest.raises(UnavailableError):
        absent.deliver(item())


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    """A misspelt field is found when the node starts, with the right one."""
    with pytest.raises(ConfigError, match=codes.UNKNOWN_PATH.code):
        sink(tmp_path, type="command", program="x", fields={"a": "subjekt"})


def test_a_document_without_mapping_is_told_whole(listen: Listen, tmp_path: Path) -> None:
    """What document.json holds is what the service gets."""
    service = listen(saying(b"HTTP/1.1 200 x\r\n\r\n"))
    one: Inbound = item()
    assert sink(tmp_path, type="rest", url=service.url).deliver(one)
    told = json.loads(service.requests[0].partition(b"\r\n\r\n")[2])
    assert told["document"]["subject"] == one.document.subject
