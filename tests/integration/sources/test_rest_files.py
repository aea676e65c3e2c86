"""Files of REST services: by address, in a column, inside the records."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest

from connector.errors import ConfigError, ConnectorError, RecordError, UnavailableError
from connector.model.content import read_all
from connector.model.record import Record
from connector.sources import codes, file_codes, remote_codes
from tests.integration.sources.rest_desk import settings
from tests.integration.sources.services import Asked, Reply, reply, serving
from tests.unit.sources.conftest import Desk

FILES = ", attachments_url: '{url}/tep/', auth: {{secret: {{file: token}}}}"


@pytest.mark.parametrize("size", [1, 300_000])
def test_files_are_fetched_by_address(desk: Desk, size: int) -> None:
    """A path or an address on the server that was named gives the bytes, with the login."""
    desk.file("token", "t")
    data = bytes(range(256)) * (size // 256 + 1)

    def answer(asked: Asked) -> Reply:
        good = asked.headers.get("Authorization") == "Bearer t"
        return Reply(data) if good and asked.path.startswith("/tep/") else Reply(b"", 404)

    with serving(answer) as service:
        source = desk.open(settings(service.url, FILES.format(url=service.url)))
        for reference in ("2026/quyết định 1.pdf", f"{service.url}/tep/a%20b.pdf?x=1", "/tep/x"):
            content = source.attachment(Record("van-ban:1", {}), reference)
            assert read_all(content) == read_all(content) == data
            assert content.size == len(data)
            with content.open() as stream:
                assert stream.read(3) == data[:3]
        assert service.asked[0].path == "/tep/2026/quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh%201.pdf"


@pytest.mark.parametrize(
    "reference",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://other.example/x",
        "//other.example/x",
        "http://user:pass@127.0.0.1/x",
        "http://[/x",
    ],
)
def test_files_of_other_servers_are_not_fetched(desk: Desk, reference: str) -> None:
    """The login would go with the request, and a record could name any machine of the network."""
    with serving(lambda _: Reply(b"x")) as service:
        source = desk.open(settings(service.url, f", attachments_url: '{service.url}/tep/'"))
        with pytest.raises(RecordError) as caught:
            source.attachment(Record("van-ban:1", {}), reference)

    assert caught.value.code == remote_codes.FILE_ELSEWHERE.code
    assert service.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (Reply(b"", 404), RecordError, remote_codes.FILE_REFUSED),
        (Reply(b"", 200), RecordError, codes.ATTACHMENT_EMPTY),
        (Reply(b"x" * 2000), RecordError, remote_codes.FILE_TOO_LARGE),
        (Reply(itertools.repeat(b"x" * 500)), RecordError, remote_codes.FILE_TOO_LARGE),
        (Reply(b"", 500), UnavailableError, remote_codes.SERVER_BUSY),
        (Reply(b"", 401), ConfigError, remote_codes.LOGIN_REFUSED),
        (
            Reply(b"", 302, {"Location": "file:///etc/passwd"}),
            ConfigError,
            remote_codes.REDIRECTED,
        ),
    ],
)
def test_files_that_do_not_come(
    desk: Desk, answer: Reply, kind: type[ConnectorError], text: Any
) -> None:
    """What concerns one file refuses its record; what may pass is tried again."""
    with serving(lambda _: answer) as service:
        more = f", attachments_url: '{service.url}/', max_attachment_bytes: 1000"
        source = desk.open(settings(service.url, more))
        with pytest.raises(kind) as caught:
            source.attachment(Record("van-ban:1", {}), "x.pdf")

    assert caught.value.code == text.code


def test_base64_columns_become_bytes(desk: Desk) -> None:
    """A file in a field is given as bytes; what is no base64 refuses the record."""
    found = [
        {"id": 1, "tep": base64.b64encode(b"%PDF").decode()},
        {"id": 2, "tep": "JVB\nERg==\n"},
        {"id": 3, "tep": "không"},
        {"id": 4, "tep": 7},
        {"id": 5, "tep": None},
    ]
    with serving(lambda _: reply(found)) as service:
        records, refusals = desk.results(settings(service.url, ", base64_columns: [tep]"))

    assert [record.values["tep"] for record in records] == [b"%PDF", b"%PDF", None]
    assert {one.findings[0].code for one in refusals} == {remote_codes.BAD_BASE64.code}


def test_records_bring_their_files(desk: Desk) -> None:
    """A list of files inside a record is opened by name, and its names are a column."""

    def one(name: str, data: bytes) -> dict[str, str]:
        return {"ten": name, "nd": base64.b64encode(data).decode()}

    found = [
        {"id": 1, "tep": [one("a.pdf", b"A"), one("b.pdf", b"B")]},
        {"id": 2, "tep": [one("a.pdf", b"A"), one("a.pdf", b"B")]},
        {"id": 3, "tep": [{"ten": "a.pdf", "nd": "!"}]},
    ]
    with serving(lambda _: reply(found)) as service:
        text = settings(service.url, ", files: {path: tep, name: ten, content: nd}")
        records, refusals = desk.results(text)
        source = desk.open(text)

        assert records[0].values["tep.ten"] == "a.pdf;b.pdf"
        assert "tep.nd" not in records[0].values
        assert read_all(source.attachment(records[0], "b.pdf")) == b"B"
    codes_found = [one.findings[0].code for one in refusals]
    assert codes_found == [file_codes.FILE_TWICE.code, remote_codes.BAD_BASE64.code]
