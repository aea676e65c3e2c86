"""REST services on real sockets: pages, cursors, logins, settings."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from connector.errors import ConfigError
from connector.sources import codes, remote_codes
from tests.integration.sources.rest_desk import Register, failure, ids, rows, settings
from tests.integration.sources.services import Asked, Reply, reply, serving
from tests.unit.sources.conftest import Desk

PAGING = {
    "page": ", paging: {by: page, parameter: page, size_parameter: size, size: 3}",
    "offset": ", paging: {by: offset, parameter: offset, size_parameter: size, size: 3}",
    "link": ", parameters: {size: 3}, paging: {by: link, path: next}",
    "header": ", parameters: {size: 3}, paging: {by: link}",
    "token": ", paging: {by: token, parameter: token, path: token, size_parameter: size, size: 3}",
    "post": ", method: POST, body: '{\"trang_thai\": [1]}',"
    " paging: {by: offset, parameter: offset, size_parameter: size, size: 3}",
}


@pytest.mark.parametrize("paging", PAGING)
@pytest.mark.parametrize("count", [0, 2, 3, 8])
def test_every_page_is_read(desk: Desk, paging: str, count: int) -> None:
    """However pages are asked for, every record comes once, in order; then nothing is new."""
    with serving(Register(*range(1, count + 1))) as service:
        text = settings(service.url, f", records: data.items{PAGING[paging]}")
        batches = desk.read(text, size=2)

        assert ids(batches) == list(range(1, count + 1))
        if batches:
            assert desk.read(text, batches[-1].cursor) == []
            assert ids(desk.read(text, batches[0].cursor)) == list(range(3, count + 1))


def test_records_are_flattened_with_their_places(desk: Desk) -> None:
    """Nested names are columns, numbers keep their digits, places name service and number."""
    body = '[{"id": 1, "so": {"ky_hieu": "01/QĐ"}, "tien": 1.10, "noi": ["A", "B"], "x": null}]'
    with serving(lambda _: Reply(body.encode())) as service:
        records, _ = desk.results(settings(service.url))

    assert {name: str(cell) for name, cell in records[0].values.items()} == {
        "id": "1",
        "so.ky_hieu": "01/QĐ",
        "tien": "1.10",
        "noi": "A;B",
        "x": "None",
    }
    assert records[0].place == "van-ban:1"


def test_the_columns_come_from_one_page(desk: Desk) -> None:
    """Lint asks for one page only."""
    with serving(Register(*range(9))) as service:
        text = settings(service.url, f", records: data.items{PAGING['page']}")

        assert desk.open(text).columns() == ("id", "trich_yeu")
        assert len(service.asked) == 1


AFTER = ", records: data.items, cursor_column: id, cursor_parameter: after"


@pytest.mark.parametrize("paging", [*PAGING, None])
def test_reading_goes_on_after_the_cursor(desk: Desk, paging: str | None) -> None:
    """Only what is new is asked for, and nothing is passed over."""
    register = Register(*range(1, 8))
    more = "" if paging is None else PAGING[paging]
    with serving(register) as service:
        text = settings(service.url, AFTER + more)
        batches = desk.read(text, size=2)
        assert ids(batches) == list(range(1, 8))
        assert desk.read(text, batches[-1].cursor) == []

        register.records += rows(9, 11)
        service.asked.clear()
        assert ids(desk.read(text, batches[-1].cursor)) == [9, 11]
        first = service.asked[0]
        assert str((first.query or first.json)["after"]) == "7"
        for batch in batches:
            again = ids(desk.read(text, batch.cursor))
            assert again == [n for n in (*range(1, 8), 9, 11) if n > batch.records[-1].values["id"]]


def test_a_row_that_goes_between_two_pages_hides_no_other(desk: Desk) -> None:
    """With a cursor no page is asked for by its number after it was read."""
    register = Register(*range(1, 10))
    with serving(register) as service:
        text = settings(service.url, AFTER + PAGING["page"])
        source = desk.open(text)
        batches = source.read(None, batch_size=3)
        found = [next(batches)]
        del register.records[0]
        found += list(batches)

    assert ids(found) == list(range(1, 10))


class Changes:
    """Records by the time of their change, of which the service gives what is equal too."""

    def __init__(self, *changes: tuple[str, int]) -> None:
        self.changes = list(changes)

    def __call__(self, asked: Asked) -> Reply:
        """Answer with a page."""
        start = (int(asked.query.get("page", 1)) - 1) * 2
        found = sorted(one for one in self.changes if one[0] >= asked.query["since"])
        return reply([{"id": n, "sua": at} for at, n in found[start : start + 2]])


SINCE = (
    ", cursor_column: sua, cursor_parameter: since, cursor_start: '2026-01-01T00:00:00',"
    " id_column: id, paging: {by: page, parameter: page}"
)


def test_changes_at_the_same_moment_are_told_apart(desk: Desk) -> None:
    """More records of one moment than a page holds, and one that comes later, are all read once."""
    moment, later = "2026-01-05T08:00:00", "2026-01-05T09:30:00"
    changes = Changes(*((moment, n) for n in (1, 2, 3, 4, 5)), (later, 6))
    with serving(changes) as service:
        text = settings(service.url, SINCE)
        batches = desk.read(text, size=2)
        assert ids(batches) == [1, 2, 3, 4, 5, 6]
        assert desk.read(text, batches[-1].cursor) == []

        changes.changes.append((later, 7))
        assert ids(desk.read(text, batches[-1].cursor)) == [7]
        changes.changes.append((moment, 0))
        for batch in batches[:2]:
            assert 0 in ids(desk.read(text, batch.cursor))


def test_equal_values_without_an_id_are_an_error(desk: Desk) -> None:
    """Nobody could know which of them were read."""
    with serving(Changes(("2026-01-05T08:00:00", 1), ("2026-01-05T08:00:00", 2))) as service:
        error = failure(desk, settings(service.url, SINCE.replace("id_column: id, ", "")))

    assert error.code == remote_codes.CURSOR_NOT_UNIQUE.code


@pytest.mark.parametrize("values", [(3, 1), (1, "x"), ("2026-01-05", "2026-01-05T08:00:00Z")])
def test_records_out_of_order_are_an_error(desk: Desk, values: tuple[Any, Any]) -> None:
    """A service that orders its pages anew, or mixes kinds, would make records pass unread."""
    with serving(lambda _: reply([{"id": value} for value in values])) as service:
        more = ", cursor_column: id, cursor_parameter: after"
        error = failure(desk, settings(service.url, more))

    assert error.code == codes.CURSOR_UNORDERED.code


@pytest.mark.parametrize("value", [None, "", True, [1], {}])
def test_a_record_without_a_cursor_value_is_refused(desk: Desk, value: Any) -> None:
    """It is refused once in a pass, the others go on."""
    found = [{"id": 1, "a": "x"}, {"id": value, "a": "y"}, {"id": 2, "a": "z"}]
    with serving(lambda _: reply(found)) as service:
        more = ", cursor_column: id, cursor_parameter: after"
        batches = desk.read(settings(service.url, more))

    assert ids(batches) == [1, 2]
    refusals = [one for batch in batches for one in batch.refusals]
    assert [one.findings[0].code for one in refusals] == [codes.CURSOR_NULL.code]


def test_a_list_that_changed_at_its_beginning_is_read_again(desk: Desk) -> None:
    """Without a cursor column a changed page order costs reading, never a record."""
    register = Register(1, 2, 3, 4)
    with serving(register) as service:
        text = settings(service.url, f", records: data.items{PAGING['page']}")
        cursor = desk.read(text)[-1].cursor
        register.records.reverse()

        assert ids(desk.read(text, cursor)) == [4, 3, 2, 1]
        register.records.pop()
        assert ids(desk.read(text, cursor)) == [4, 3, 2]


AUTH = {
    "bearer": ("{secret: {file: token}}", "Authorization", "Bearer b1.x-y"),
    "basic": ("{scheme: basic, user: đi, secret: {file: token}}", "Authorization", "Basic "),
    "header": ("{scheme: header, name: X-Api-Key, secret: {file: token}}", "X-Api-Key", "b1.x-y"),
}


@pytest.mark.parametrize("scheme", AUTH)
def test_the_login_is_sent(desk: Desk, scheme: str) -> None:
    """Each way to log in puts the secret where the service looks for it."""
    written, name, value = AUTH[scheme]
    desk.file("token", "b1.x-y\n")
    with serving(lambda _: reply(rows(1))) as service:
        desk.read(settings(service.url, f", headers: {{X-Don-Vi: G22}}, auth: {written}"))

    sent = service.asked[0].headers
    assert sent[name].startswith(value)
    assert sent["X-Don-Vi"] == "G22"
    if scheme == "basic":
        assert base64.b64decode(sent[name].removeprefix("Basic ")).decode() == "đi:b1.x-y"


def test_a_secret_never_stands_in_a_finding(desk: Desk) -> None:
    """Not even one that cannot be sent."""
    desk.file("token", "geheim\x00\nTập")
    with serving(lambda _: reply([])) as service:
        error = failure(desk, settings(service.url, ", auth: {secret: {file: token}}"))

    assert error.code == remote_codes.LOGIN_REFUSED.code
    assert "geheim" not in str(error)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("url: 'ftp://x/y'", remote_codes.BAD_ADDRESS),
        ("url: 'file:///etc/passwd'", remote_codes.BAD_ADDRESS),
        ("url: 'https://u:p@x/y'", remote_codes.BAD_ADDRESS),
        ("url: 'https://x/y#z'", remote_codes.BAD_ADDRESS),
        ("url: 'https://x:y/'", remote_codes.BAD_ADDRESS),
        ("url: 'https:///y'", remote_codes.BAD_ADDRESS),
        ("url: 'https://đ/'", remote_codes.BAD_ADDRESS),
        ("url: 'http://x/', auth: {secret: {env: X}}", remote_codes.PLAIN_HTTP),
        ("url: 'https://x/', headers: {Authorization: x}", remote_codes.BAD_HEADER),
        ("url: 'https://x/', headers: {X: \"a\\nb\"}", remote_codes.BAD_HEADER),
        ("url: 'https://x/', body: '{}'", remote_codes.CURSOR_INCOMPLETE),
        ("url: 'https://x/', method: POST, body: '[]'", remote_codes.BAD_BODY),
        ("url: 'https://x/', method: POST, body: '{'", remote_codes.BAD_BODY),
        ("url: 'https://x/', paging: {by: token}", remote_codes.BAD_PAGING),
        ("url: 'https://x/', cursor_column: id", remote_codes.CURSOR_INCOMPLETE),
        ("url: 'https://x/', id_column: id", remote_codes.CURSOR_INCOMPLETE),
        ("url: 'https://x/', auth: {scheme: basic, secret: {env: X}}", None),
        ("url: 'https://x/', auth: {user: x, secret: {env: X}}", None),
        ("url: 'https://x/', auth: {scheme: header, name: 'a b', secret: {env: X}}", None),
    ],
)
def test_settings_that_cannot_work(desk: Desk, more: str, text: Any) -> None:
    """They are refused when the adapter is read, at their line."""
    with pytest.raises(ConfigError) as caught:
        desk.open(f"type: rest, {more}")

    assert caught.value.findings[0].place.startswith(f"{desk.directory}/adapter.yaml:2:")
    assert text is None or caught.value.code == text.code


def test_plain_http_is_a_decision(desk: Desk) -> None:
    """Inside a network of one's own it can be allowed."""
    allowed = "type: rest, url: 'http://x/', plain_http: {}, auth: {{secret: {{env: X}}}}"
    assert desk.open(allowed.format("true")) is not None
    with pytest.raises(ConfigError):
        desk.open(allowed.format("false"))


def test_a_cursor_can_be_read_back_from_its_text(desk: Desk) -> None:
    """The cursor of a moment names the ids that were read at it."""
    with serving(Changes(("2026-01-05T08:00:00", 1), ("2026-01-05T08:00:00", 2))) as service:
        cursor = json.loads(desk.read(settings(service.url, SINCE))[-1].cursor)

    assert cursor == {"column": "sua", "str": "2026-01-05T08:00:00", "seen": ["1", "2"]}
