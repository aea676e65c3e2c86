"""Queries on a real PostgreSQL and a real MariaDB: values, cursors, marks, rights."""

from __future__ import annotations

import datetime as dt
import gc
import json
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import ConfigError, UnavailableError
from connector.sources import codes, remote_codes
from connector.sources.base import Batch, Source
from tests.integration.databases import Server
from tests.unit.sources.conftest import Desk

BLOB = {"postgresql": "bytea", "mariadb": "longblob"}
MOMENT = {"postgresql": "timestamp", "mariadb": "datetime(6)"}


@pytest.fixture
def documents(server: Server) -> Server:
    """Give a server with an empty table of documents that the adapters' user may read."""
    if server.kind == "mariadb":  # rights outlive the table there
        server.run("REVOKE ALL PRIVILEGES, GRANT OPTION FROM doc@localhost")
    server.run(
        "DROP TABLE IF EXISTS vb",
        f"CREATE TABLE vb (id bigint PRIMARY KEY, sua {MOMENT[server.kind]}, so varchar(50),"
        f" trich_yeu text, tien decimal(10, 2), tep {BLOB[server.kind]}, ten_tep varchar(50),"
        " da_chuyen integer NOT NULL DEFAULT 0)",
        "GRANT SELECT ON vb TO doc" + ("" if server.kind == "postgresql" else "@localhost"),
    )
    return server


def settings(server: Server, query: str, more: str = "") -> str:
    """Return settings of a source that asks as the adapters' user."""
    return f"type: sql, url: '{server.reader}', query: '{query}'{more}"


def day(number: int, micros: int = 0) -> dt.datetime:
    """Return a moment of a day."""
    return dt.datetime(2026, 1, number, 8, 30, 0, micros)  # noqa: DTZ001 - databases have no zone


def fill(server: Server, *rows: tuple[int, dt.datetime | None]) -> None:
    """Insert documents by id and time of change."""
    server.insert("vb", [{"id": n, "sua": at, "so": f"{n:03}/QĐ-UBND"} for n, at in rows])


def ids(batches: list[Batch]) -> list[Any]:
    """Return the ids of all records."""
    return [record.values["id"] for batch in batches for record in batch.records]


def test_values_come_with_their_types(desk: Desk, documents: Server) -> None:
    """Vietnamese text, moments, exact numbers, NULL and files."""
    data = bytes(range(256)) * 300
    row = {"id": 1, "sua": day(5), "so": "01/QĐ", "trich_yeu": "Về việc đã ký", "tien": "1.10"}
    documents.insert("vb", [row | {"tep": data, "ten_tep": "quyết định.pdf"}])

    records, refusals = desk.results(settings(documents, "SELECT * FROM vb"))

    assert refusals == []
    values = records[0].values
    assert values["trich_yeu"] == "Về việc đã ký"
    assert values["sua"] == day(5)
    assert values["tien"] == Decimal("1.10")
    assert values["tep"] == data
    assert records[0].place == "qlvb:1"


AFTER_ID = ("SELECT id, so FROM vb WHERE id > :cursor ORDER BY id", ", cursor_column: id")
AFTER_TIME = (
    "SELECT id, sua, so FROM vb WHERE sua >= :cursor ORDER BY sua, id",
    ", cursor_column: sua, cursor_start: '1970-01-01 00:00:00', id_column: id",
)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_reading_goes_on_after_an_id(desk: Desk, documents: Server, size: int) -> None:
    """After each batch of any size nothing is lost or repeated."""
    fill(documents, *((n, None) for n in (1, 2, 5, 8, 13)))
    text = settings(documents, *AFTER_ID)
    batches = desk.read(text, size=size)
    assert ids(batches) == [1, 2, 5, 8, 13]
    for batch in batches:
        last = ids([batch])[-1]
        assert ids(desk.read(text, batch.cursor)) == [n for n in (1, 2, 5, 8, 13) if n > last]

    fill(documents, (21, None))
    assert ids(desk.read(text, batches[-1].cursor)) == [21]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_reading_goes_on_after_a_moment_and_id(desk: Desk, documents: Server, size: int) -> None:
    """Rows of one moment are told apart, a late one of that moment is found, a changed one too."""
    moments = [(4, day(5, 1)), (2, day(5, 500)), (7, day(5, 500)), (9, day(5, 500)), (1, day(6))]
    fill(documents, *moments)
    text = settings(documents, *AFTER_TIME)
    batches = desk.read(text, size=size)
    assert ids(batches) == [4, 2, 7, 9, 1]
    for number, batch in enumerate(batches):
        assert ids(batches[: number + 1]) + ids(desk.read(text, batch.cursor)) == [4, 2, 7, 9, 1]

    fill(documents, (3, day(6)))
    documents.run("UPDATE vb SET sua = '2026-01-07 08:30:00' WHERE id = 4")
    assert ids(desk.read(text, batches[-1].cursor)) == [3, 4]


def test_rows_without_moment_or_order(desk: Desk, documents: Server) -> None:
    """A NULL is refused alone; rows that do not ascend are an error of the query."""
    fill(documents, (1, day(5)), (2, None), (3, day(4)))
    query = "SELECT id, sua FROM vb WHERE id < 3 AND (sua IS NULL OR sua >= :cursor) ORDER BY id"
    records, refusals = desk.results(settings(documents, query, AFTER_TIME[1]))
    assert [record.values["id"] for record in records] == [1]
    assert [one.findings[0].code for one in refusals] == [codes.CURSOR_NULL.code]

    unordered = "SELECT id, sua FROM vb WHERE sua >= :cursor ORDER BY id"
    with pytest.raises(ConfigError) as caught:
        desk.read(settings(documents, unordered, AFTER_TIME[1]))
    assert caught.value.code == codes.CURSOR_UNORDERED.code


UNMARKED = "SELECT id, so FROM vb WHERE da_chuyen = 0 ORDER BY id"
MARK = ", sent: {key_column: id, statement: UPDATE vb SET da_chuyen = 1 WHERE id = :key}"


def may_mark(server: Server) -> None:
    """Let the adapters' user change the mark and nothing else."""
    who = "doc" if server.kind == "postgresql" else "doc@localhost"
    server.run(f"GRANT UPDATE (da_chuyen) ON vb TO {who}")


def collect(source: Source, cursor: str | None, size: int = 2) -> tuple[list[Any], str | None]:
    """Read a pass as the runtime does: commit, acknowledge, go on."""
    found: list[Any] = []
    if cursor is not None:
        source.acknowledge(cursor)
    for batch in source.read(cursor, batch_size=size):
        found += ids([batch])
        cursor = batch.cursor
        source.acknowledge(cursor)
    source.close()
    return found, cursor


def marked(server: Server) -> list[Any]:
    """Return the ids of the rows that are marked."""
    return server.values("SELECT id FROM vb WHERE da_chuyen = 1 ORDER BY id")


def test_rows_are_marked_when_they_are_acknowledged(desk: Desk, documents: Server) -> None:
    """Not before; then they do not come again, and new ones do."""
    may_mark(documents)
    fill(documents, *((n, None) for n in range(1, 6)))
    text = settings(documents, UNMARKED, MARK)
    source = desk.open(text)
    assert source.columns() == ("id", "so")
    batches = source.read(None, batch_size=2)
    first = next(batches)
    assert marked(documents) == []
    source.acknowledge(first.cursor)
    source.acknowledge(first.cursor)
    assert marked(documents) == [1, 2]
    batches.close()  # type: ignore[attr-defined]
    source.close()

    rest, cursor = collect(desk.open(text), first.cursor)
    assert rest == [3, 4, 5]
    assert marked(documents) == [1, 2, 3, 4, 5]
    fill(documents, (6, None))
    assert collect(desk.open(text), cursor)[0] == [6]
    assert collect(desk.open(text), cursor)[0] == []


def test_a_crash_between_commit_and_mark_is_made_good(desk: Desk, documents: Server) -> None:
    """The cursor says what is not marked yet; the next start marks it and repeats no row."""
    may_mark(documents)
    fill(documents, *((n, None) for n in range(1, 6)))
    text = settings(documents, UNMARKED, MARK)
    crashed = next(iter(desk.open(text).read(None, batch_size=3)))

    rest, _ = collect(desk.open(text), crashed.cursor)

    assert rest == [4, 5]
    assert marked(documents) == [1, 2, 3, 4, 5]


def test_a_mark_that_somebody_takes_off_stays_off(desk: Desk, documents: Server) -> None:
    """A corrected row is read again, though it was in the last cursor."""
    may_mark(documents)
    fill(documents, (1, None), (2, None))
    text = settings(documents, UNMARKED, MARK)
    _, cursor = collect(desk.open(text), None)
    documents.run("UPDATE vb SET da_chuyen = 0 WHERE id = 2")

    assert collect(desk.open(text), cursor)[0] == [2]


def test_without_the_right_to_mark_lint_and_marking_say_so(desk: Desk, documents: Server) -> None:
    """The finding names what to grant; nothing was changed."""
    fill(documents, (1, None))
    source = desk.open(settings(documents, UNMARKED, MARK))
    for attempt in (source.columns, lambda: collect(source, None)):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert caught.value.code == remote_codes.SENT_NOT_ALLOWED.code
        assert "UPDATE" in caught.value.findings[0].hint_en
    assert marked(documents) == []


def test_the_attempt_of_lint_changes_nothing(desk: Desk, documents: Server) -> None:
    """Not even with a statement that would mark every row."""
    may_mark(documents)
    fill(documents, (1, None), (2, None))
    careless = MARK.replace("WHERE id = :key", "WHERE id = :key OR id > 0")
    desk.open(settings(documents, UNMARKED, careless)).columns()

    assert marked(documents) == []


def test_a_mark_that_is_not_asked_for_is_an_error(desk: Desk, documents: Server) -> None:
    """Otherwise the same rows would come for ever."""
    may_mark(documents)
    fill(documents, *((n, None) for n in range(1, 6)))
    with pytest.raises(ConfigError) as caught:
        collect(desk.open(settings(documents, "SELECT id, so FROM vb ORDER BY id", MARK)), None)

    assert caught.value.code == remote_codes.SENT_INEFFECTIVE.code


def test_one_key_in_two_rows_is_an_error(desk: Desk, documents: Server) -> None:
    """A join that doubles rows would lose the second one."""
    may_mark(documents)
    fill(documents, (1, None))
    doubled = "SELECT v.id, so FROM vb v JOIN (SELECT 1 a UNION SELECT 2) t ON true"
    with pytest.raises(ConfigError) as caught:
        collect(desk.open(settings(documents, doubled, MARK)), None)

    assert caught.value.code == remote_codes.SENT_KEY_TWICE.code


def test_a_row_without_a_key_is_refused(desk: Desk, documents: Server) -> None:
    """Once in a pass; the others are read and marked."""
    may_mark(documents)
    fill(documents, (1, None), (2, None), (3, None))
    query = "SELECT NULLIF(id, 2) AS id, so FROM vb WHERE da_chuyen = 0 ORDER BY so"
    source = desk.open(settings(documents, query, MARK))
    batches = []
    for batch in source.read(None, batch_size=1):
        batches.append(batch)
        source.acknowledge(batch.cursor)

    assert ids(batches) == [1, 3]
    refusals = [one.findings[0].code for batch in batches for one in batch.refusals]
    assert refusals == [remote_codes.SENT_KEY_NULL.code]
    assert marked(documents) == [1, 3]


def test_a_query_cannot_write(desk: Desk, documents: Server) -> None:
    """Its connection is told that there is nothing to write, whatever the user may do."""
    may_mark(documents)
    fill(documents, (1, None))
    for query in ("UPDATE vb SET da_chuyen = 1", "DELETE FROM vb"):
        with pytest.raises((ConfigError, UnavailableError)):
            desk.read(settings(documents, query))
    assert documents.values("SELECT da_chuyen FROM vb") == [0]


def test_what_is_wrong_with_a_query_is_told(desk: Desk, documents: Server) -> None:
    """An unknown table or column is a matter of the configuration, in the database's words."""
    for query in ("SELECT * FROM khong_co", "SELECT khong_co FROM vb", "SELEKT 1"):
        with pytest.raises(ConfigError) as caught:
            desk.read(settings(documents, query))
        assert caught.value.code == codes.BAD_QUERY.code
        assert "SELECT *" not in caught.value.findings[0].en


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_server_that_is_away_is_tried_again(desk: Desk, documents: Server) -> None:
    """Nobody listens at that socket; PyMySQL leaves its end of it to the garbage collector."""
    gone = settings(documents, "SELECT 1 AS a").replace("/tmp/db-", "/tmp/no-")  # noqa: S108
    with pytest.raises(UnavailableError) as caught:
        desk.read(gone)

    assert caught.value.code == codes.DATABASE_FAILED.code
    del caught
    gc.collect()


def test_cursors_are_readable_text(desk: Desk, documents: Server) -> None:
    """What the store keeps names value and ids."""
    fill(documents, (4, day(5)), (6, day(5)))
    cursor = json.loads(desk.read(settings(documents, *AFTER_TIME))[-1].cursor)

    assert cursor == {"column": "sua", "datetime": "2026-01-05T08:30:00", "seen": ["4", "6"]}
