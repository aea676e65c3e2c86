"""REST services that are broken, slow, or mean no good; TLS."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connector.errors import ConfigError, UnavailableError
from connector.sources import file_codes, remote_codes
from tests.integration.sources.rest_desk import Register, failure, ids, rows, settings
from tests.integration.sources.services import Reply, reply, server_context, serving
from tests.unit.sources.conftest import Desk

AFTER = (
    ", records: data.items, cursor_column: id, cursor_parameter: after,"
    " paging: {by: page, parameter: page, size_parameter: size, size: 3}"
)
STATUSES = [
    (400, ConfigError, remote_codes.REQUEST_REFUSED),
    (401, ConfigError, remote_codes.LOGIN_REFUSED),
    (403, ConfigError, remote_codes.LOGIN_REFUSED),
    (404, ConfigError, remote_codes.REQUEST_REFUSED),
    (408, UnavailableError, remote_codes.SERVER_BUSY),
    (429, UnavailableError, remote_codes.SERVER_BUSY),
    (500, UnavailableError, remote_codes.SERVER_BUSY),
    (503, UnavailableError, remote_codes.SERVER_BUSY),
    (204, UnavailableError, remote_codes.SERVER_BUSY),
]


@pytest.mark.parametrize(("status", "kind", "text"), STATUSES)
def test_statuses_are_sorted(desk: Desk, status: int, kind: type[Exception], text: Any) -> None:
    """What can pass is tried again; what cannot is a matter of the configuration."""
    with serving(lambda _: Reply(b"{}", status)) as service:
        error = failure(desk, settings(service.url))

    assert isinstance(error, kind)
    assert error.code == text.code


def test_a_failure_in_the_middle_keeps_what_was_read(desk: Desk) -> None:
    """The batches before a 500 stand; the next pass goes on after them."""
    register, down = Register(*range(1, 8)), [False]
    with serving(lambda asked: Reply(b"", 500) if down[0] else register(asked)) as service:
        text = settings(service.url, AFTER)
        batches = desk.open(text).read(None, batch_size=3)
        first = next(batches)
        down[0] = True
        with pytest.raises(UnavailableError):
            next(batches)
        down[0] = False
        assert ids([first, *desk.read(text, first.cursor)]) == list(range(1, 8))


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://127.0.0.1:9/", "/elsewhere", "gopher://x", "\x7f\u202eđ", ""],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(desk: Desk, status: int, location: str) -> None:
    """Wherever they lead, to a file or to the same server."""
    sent = location.encode().decode("latin-1")
    with serving(lambda _: Reply(b"[]", status, {"Location": sent})) as service:
        error = failure(desk, settings(service.url))

    assert error.code == remote_codes.REDIRECTED.code
    assert str(error).isprintable()
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "told", ["http://other.example/api", "file:///etc/passwd", "//other.example/x", "http://[", "đ"]
)
def test_the_next_page_is_on_the_same_server(desk: Desk, told: str) -> None:
    """A link that leads elsewhere would take the login along."""
    with serving(lambda _: reply({"r": rows(1), "next": told})) as service:
        more = ", records: r, paging: {by: link, path: next}"
        error = failure(desk, settings(service.url, more))

    assert error.code == remote_codes.NEXT_ELSEWHERE.code


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>\xc4\x90ang b\xe1\xba\xa3o tr\xc3\xac</html>", remote_codes.BAD_ANSWER),
        (b"", remote_codes.BAD_ANSWER),
        (b"\xff\xfe[]", remote_codes.BAD_ANSWER),
        (b"[" * 100_000, remote_codes.BAD_ANSWER),
        (b"[NaN]", remote_codes.BAD_ANSWER),
        (b'{"error": "x"}', file_codes.JSON_PATH),
        (b'{"r": {"id": 1}}', file_codes.JSON_PATH),
        (b"null", file_codes.JSON_PATH),
    ],
)
def test_answers_that_are_no_list_of_records(desk: Desk, body: bytes, text: Any) -> None:
    """Wrong JSON, or JSON of another shape, is told as what it is."""
    with serving(lambda _: Reply(body)) as service:
        error = failure(desk, settings(service.url, ", records: r"))

    assert error.code == text.code


def test_records_that_are_none_are_refused_alone(desk: Desk) -> None:
    """The others are read."""
    body = b'[1, {"id": 1}, {"id": 2, "id": 3}, "x", {"id": 4}]'
    with serving(lambda _: Reply(body)) as service:
        records, refusals = desk.results(settings(service.url))

    assert [record.values["id"] for record in records] == [1, 4]
    assert [one.place for one in refusals] == ["van-ban:1", "van-ban:3", "van-ban:4"]


def test_a_body_without_end_is_left(desk: Desk) -> None:
    """Only the bytes that are allowed are taken, with or without a length."""
    endless = itertools.repeat(b"[" + b" " * 4095)
    with serving(lambda _: Reply(endless)) as service:
        error = failure(desk, settings(service.url, ", max_page_bytes: 100000"))
        assert error.code == remote_codes.ANSWER_TOO_LARGE.code

        service.answer = lambda _: Reply(b"[]", headers={"Content-Length": "999999999999"})
        error = failure(desk, settings(service.url))
        assert error.code == remote_codes.ANSWER_TOO_LARGE.code


def test_pages_without_end_are_left(desk: Desk) -> None:
    """A service that ignores the number of the page would give the same one for ever."""
    more = ", paging: {by: page, parameter: trang}"
    with serving(lambda _: reply(rows(1, 2))) as service:
        error = failure(desk, settings(service.url, more))
        assert error.code == remote_codes.PAGES_WITHOUT_END.code
        assert len(service.asked) == 2

        numbers = itertools.count()
        service.answer = lambda _: reply({"r": rows(next(numbers)), "t": "same"})
        more = ", records: r, paging: {by: token, parameter: t, path: t}"
        error = failure(desk, settings(service.url, more))
        assert error.code == remote_codes.PAGES_WITHOUT_END.code


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n[]",
        b"",
    ],
)
def test_broken_answers_are_tried_again(desk: Desk, answer: bytes) -> None:
    """A cut body is not taken for a whole one, nor another protocol for HTTP."""
    with raw_server(lambda connection: connection.sendall(answer)) as url:
        error = failure(desk, settings(url))

    assert isinstance(error, UnavailableError)
    assert error.code == remote_codes.SERVER_FAILED.code


def drip(connection: socket.socket) -> None:
    """Send a header that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    try:
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)
    except OSError:
        return


def be_silent(connection: socket.socket) -> None:
    """Wait until the client leaves."""
    connection.settimeout(20)
    while connection.recv(4096):
        pass


@pytest.mark.parametrize("manner", [drip, be_silent])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_ends_is_left_in_time(desk: Desk, manner: Any, scheme: str) -> None:
    """The limit is for the whole answer, so dripping bytes do not lengthen it."""
    with raw_server(manner) as url:
        address = url.replace("http", scheme)
        error = failure(desk, settings(address, ", timeout_seconds: 0.3"))

    if scheme == "https" and manner is drip:
        assert error.code == remote_codes.SERVER_FAILED.code
    else:
        assert error.code == remote_codes.SERVER_SLOW.code


@contextmanager
def raw_server(manner: Any) -> Iterator[str]:
    """Run a server that does not speak HTTP of itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                if manner is not be_silent:
                    connection.recv(4096)
                manner(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_nobody_listens(desk: Desk) -> None:
    """A refused connection is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failure(desk, settings(f"http://127.0.0.1:{port}"))

    assert isinstance(error, UnavailableError)
    assert error.findings[0].place.endswith("adapter.yaml:2:27")


def test_tls_is_checked(desk: Desk) -> None:
    """A certificate is taken only of the authority that is named, and for the right name."""
    context = server_context(desk.directory)
    with serving(lambda _: reply(rows(1)), context) as service:
        assert ids(desk.read(settings(service.url, ", ca_file: server.pem"))) == [1]

        error = failure(desk, settings(service.url))
        assert error.code == remote_codes.SERVER_UNTRUSTED.code

        other = service.url.replace("127.0.0.1", "localhost")
        error = failure(desk, settings(other, ", ca_file: server.pem"))
        assert error.code == remote_codes.SERVER_UNTRUSTED.code
        assert len(service.asked) == 1

        desk.file("no.pem", "nonsense")
        error = failure(desk, settings(service.url, ", ca_file: no.pem"))
        assert error.code == remote_codes.SETTING_UNREADABLE.code


def test_there_is_no_way_to_switch_the_check_off() -> None:
    """No setting of a web kind speaks of verification."""
    from connector.sources.rest_settings import OdooSettings, RestSettings

    for model in (RestSettings, OdooSettings):
        names = " ".join(model.model_fields)
        assert not any(word in names for word in ("verify", "insecure", "check"))
