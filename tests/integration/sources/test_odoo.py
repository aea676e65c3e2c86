"""An Odoo database behind its JSON-RPC service, as far as reading documents needs it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigError, RecordError, UnavailableError
from connector.model.content import read_all
from connector.model.record import Record
from connector.sources import codes, remote_codes
from connector.sources.base import Batch
from tests.integration.sources.services import Asked, Reply, Service, reply, serving
from tests.unit.sources.conftest import Desk

TYPES = {
    "id": {"type": "integer"},
    "write_date": {"type": "datetime"},
    "so_van_ban": {"type": "char"},
    "trich_yeu": {"type": "text"},
    "loai_van_ban_id": {"type": "many2one", "relation": "qlvb.loai"},
    "noi_nhan_ids": {"type": "many2many", "relation": "res.partner"},
    "tep_ids": {"type": "many2many", "relation": "ir.attachment"},
    "ban_scan": {"type": "binary"},
    "mat": {"type": "boolean"},
    "state": {"type": "selection"},
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
}


def document(number: int, at: str = "2026-01-05 08:00:00", **more: Any) -> dict[str, Any]:
    """Return a record as Odoo gives it: false where a field is empty."""
    return {
        "id": number,
        "write_date": at,
        "so_van_ban": f"{number:02}/QĐ-UBND",
        "trich_yeu": f"Về việc thứ {number}",
        "loai_van_ban_id": [3, "Quyết định"],
        "noi_nhan_ids": [7, 9],
        "tep_ids": [],
        "ban_scan": False,
        "mat": False,
        "state": "done",
        **more,
    }


class Odoo:
    """The service: logs in, tells the types of fields, searches and reads."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {"qlvb.van.ban.di": [], "ir.attachment": []}
        self.error: Any = None

    def __call__(self, asked: Asked) -> Reply:
        """Answer one call."""
        assert asked.path == "/jsonrpc"
        params = asked.json["params"]
        if self.error is not None:
            return reply({"jsonrpc": "2.0", "id": 1, "error": self.error})
        call = getattr(self, params["method"])
        return reply({"jsonrpc": "2.0", "id": 1, "result": call(*params["args"])})

    def authenticate(self, database: str, user: str, secret: str, _: object) -> Any:
        """Return the user's number, or false."""
        return 5 if (database, user, secret) == ("qlvb", "truc", "khóa") else False

    def execute_kw(
        self, database: str, user: int, secret: str, model: str, method: str, *rest: Any
    ) -> Any:
        """Call a method of a model, as far as the user may."""
        assert (database, user, secret) == ("qlvb", 5, "khóa")
        given, options = rest
        if method == "fields_get":
            return {name: TYPES[name] for name in given[0] if name in TYPES}
        found = [
            one
            for one in self.tables[model]
            if all(OPERATORS[how](one[name], value) for name, how, value in given[0])
        ]
        order = options.get("order", "id asc").split(", ")
        found.sort(key=lambda one: [one[term.removesuffix(" asc")] for term in order])
        start = options.get("offset", 0)
        names = {"id", *options["fields"]}
        return [
            {name: one[name] for name in names}
            for one in found[start : start + options.get("limit", 1000)]
        ]


@pytest.fixture
def odoo() -> Odoo:
    """Give an empty database."""
    return Odoo()


@pytest.fixture
def service(odoo: Odoo) -> Iterator[Service]:
    """Give its running service."""
    with serving(odoo) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a directory with the key of the user."""
    desk = Desk(tmp_path)
    desk.file("khoa", "khóa")
    return desk


FIELDS = "so_van_ban, trich_yeu, loai_van_ban_id, noi_nhan_ids, tep_ids, ban_scan, mat, state"


def settings(service: Service, more: str = "") -> str:
    """Return settings of a source over the documents."""
    return (
        f"type: odoo, url: '{service.url}', database: qlvb, user: truc, secret: {{file: khoa}},"
        f" model: qlvb.van.ban.di, fields: [{FIELDS}], page_size: 3{more}"
    )


def ids(batches: list[Batch]) -> list[Any]:
    """Return the ids of all records."""
    return [record.values["id"] for batch in batches for record in batch.records]


def test_values_are_what_their_types_say(desk: Desk, odoo: Odoo, service: Service) -> None:
    """An empty field is empty, a false one is false, a many2one has name and id."""
    scan = base64.b64encode(b"%PDF").decode()
    odoo.tables["qlvb.van.ban.di"] = [
        document(1, ban_scan=scan, noi_nhan_ids=[]),
        document(2, loai_van_ban_id=False, trich_yeu=False, mat=True, ban_scan="!"),
    ]
    records, refusals = desk.results(settings(service))

    first, second = (record.values for record in records)
    assert first["so_van_ban"] == "01/QĐ-UBND"
    assert (first["loai_van_ban_id"], first["loai_van_ban_id.id"]) == ("Quyết định", 3)
    assert first["noi_nhan_ids"] is None
    assert first["ban_scan"] == b"%PDF"
    assert first["mat"] is False
    assert (second["loai_van_ban_id"], second["loai_van_ban_id.id"]) == (None, None)
    assert (second["trich_yeu"], second["mat"]) == (None, True)
    assert second["noi_nhan_ids"] == "7;9"
    assert records[0].place == "qlvb.van.ban.di:id=1"
    assert refusals == []


def test_the_columns_are_known_without_a_record(desk: Desk, service: Service) -> None:
    """Lint asks for the types only."""
    columns = desk.open(settings(service)).columns()

    assert columns[:5] == ("id", "write_date", "so_van_ban", "trich_yeu", "loai_van_ban_id")
    assert "loai_van_ban_id.id" in columns


@pytest.mark.parametrize("column", ["write_date", "id"])
def test_pages_and_cursors(desk: Desk, odoo: Odoo, service: Service, column: str) -> None:
    """Many records of one second are read page by page, once, and then only what is new."""
    odoo.tables["qlvb.van.ban.di"] = [document(n) for n in range(1, 9)]
    text = settings(service, f', cursor_column: {column}, domain: \'[["state", "=", "done"]]\'')
    batches = desk.read(text, size=2)
    assert ids(batches) == list(range(1, 9))
    assert desk.read(text, batches[-1].cursor) == []
    for batch in batches:
        after = ids(desk.read(text, batch.cursor))
        assert after == [n for n in range(1, 9) if n > ids([batch])[-1]]

    odoo.tables["qlvb.van.ban.di"] += [document(9), document(10, state="draft")]
    assert ids(desk.read(text, batches[-1].cursor)) == [9]


def test_a_document_that_is_finished_later_is_found(
    desk: Desk, odoo: Odoo, service: Service
) -> None:
    """By the time of its change, though its id is lower than the last one."""
    odoo.tables["qlvb.van.ban.di"] = [document(1, state="draft"), document(2)]
    text = settings(service, ', domain: \'[["state", "=", "done"]]\'')
    cursor = desk.read(text)[-1].cursor

    odoo.tables["qlvb.van.ban.di"][0] = document(1, "2026-01-06 10:00:00")
    assert ids(desk.read(text, cursor)) == [1]


def test_reading_begins_where_it_is_told_to(desk: Desk, odoo: Odoo, service: Service) -> None:
    """Old documents stay where they are."""
    odoo.tables["qlvb.van.ban.di"] = [document(1, "2025-12-31 23:59:59"), document(2)]

    text = settings(service, ", cursor_start: '2026-01-01 00:00:00'")
    assert ids(desk.read(text)) == [2]


def test_attachments_are_read_when_they_are_needed(
    desk: Desk, odoo: Odoo, service: Service
) -> None:
    """The column holds id and name; the bytes come of the attachment."""
    data = base64.b64encode(b"%PDF-1.7").decode()
    odoo.tables["ir.attachment"] = [
        {"id": 31, "name": "quyết định.pdf", "datas": data},
        {"id": 32, "name": "phụ lục.xlsx", "datas": False},
    ]
    odoo.tables["qlvb.van.ban.di"] = [document(1, tep_ids=[31, 32])]
    source = desk.open(settings(service))
    [record] = [record for batch in source.read(None) for record in batch.records]

    assert record.values["tep_ids"] == "31/quyết định.pdf;32/phụ lục.xlsx"
    assert read_all(source.attachment(record, "31/quyết định.pdf")) == b"%PDF-1.7"
    for reference in ("32/phụ lục.xlsx", "33/x", "x", ""):
        with pytest.raises(RecordError) as caught:
            source.attachment(record, reference)
        assert caught.value.code == codes.ATTACHMENT_ABSENT.code
    small = desk.open(settings(service, ", max_attachment_bytes: 7"))
    with pytest.raises(RecordError) as caught:
        small.attachment(Record("x:1", {}), "31/x")
    assert caught.value.code == remote_codes.FILE_TOO_LARGE.code


def test_a_wrong_key_is_told(desk: Desk, service: Service) -> None:
    """The finding stands at the secret and does not hold it."""
    desk.file("khoa", "sai-khoa")
    with pytest.raises(ConfigError) as caught:
        desk.read(settings(service))

    assert caught.value.code == remote_codes.LOGIN_REFUSED.code
    assert "sai-khoa" not in str(caught.value)


def test_a_field_that_is_not_there_is_told(desk: Desk, service: Service) -> None:
    """At the line of the fields."""
    with pytest.raises(ConfigError) as caught:
        desk.open(settings(service).replace("state]", "trang_thai]")).columns()

    assert "trang_thai" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("odoo.exceptions.AccessError", ConfigError, remote_codes.LOGIN_REFUSED),
        ("odoo.exceptions.AccessDenied", ConfigError, remote_codes.LOGIN_REFUSED),
        ("builtins.ValueError", ConfigError, remote_codes.REQUEST_REFUSED),
        ("psycopg2.OperationalError", UnavailableError, remote_codes.SERVER_FAILED),
        (None, UnavailableError, remote_codes.SERVER_FAILED),
    ],
)
def test_errors_of_odoo_are_sorted(
    desk: Desk, odoo: Odoo, service: Service, name: str | None, kind: type[Exception], text: Any
) -> None:
    """What is a matter of rights or of the request is told apart from what passes."""
    odoo.error = "x" if name is None else {"data": {"name": name, "message": "a\nb"}}
    with pytest.raises(kind) as caught:
        desk.read(settings(service))

    assert getattr(caught.value, "code", "") == text.code


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b"null", b'"x"'])
def test_another_service_is_not_odoo(desk: Desk, service: Service, body: bytes) -> None:
    """An answer of another shape is tried again."""
    service.answer = lambda _: Reply(body)
    with pytest.raises(UnavailableError) as caught:
        desk.read(settings(service))

    assert caught.value.code == remote_codes.BAD_ANSWER.code


@pytest.mark.parametrize("domain", ["{}", "[", "x"])
def test_a_domain_is_a_list(desk: Desk, service: Service, domain: str) -> None:
    """It is refused when the adapter is read."""
    with pytest.raises(ConfigError) as caught:
        desk.open(settings(service, f", domain: '{domain}'"))

    assert caught.value.code == remote_codes.BAD_BODY.code
