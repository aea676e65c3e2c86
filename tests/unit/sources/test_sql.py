"""Queries on a real SQLite database of a legacy system."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from collections.abc import Sequence
from contextlib import closing

import pytest

from connector.errors import ConfigError, UnavailableError
from connector.sources import codes
from connector.sources.cursors import Reached, counted, reached
from tests.unit.sources.conftest import Desk

ALL = "type: sql, url: 'sqlite:///q.db', query: 'SELECT * FROM v ORDER BY id'"
AFTER = (
    "type: sql, url: 'sqlite:///q.db', cursor_column: id,"
    " query: 'SELECT * FROM v WHERE id > :cursor ORDER BY id'"
)


def fill(desk: Desk, rows: Sequence[Sequence[object]], columns: str = "id, a") -> None:
    """Make table v of the database anew."""
    with closing(sqlite3.connect(desk.directory / "q.db")) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS v")
        connection.execute(f"CREATE TABLE v ({columns})")
        marks = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO v VALUES ({marks})", rows)  # noqa: S608


def ids(desk: Desk, settings: str, cursor: str | None = None, size: int = 100) -> list[object]:
    """Return the ids that are read after a cursor."""
    batches = desk.read(settings, cursor, size)
    return [record.values["id"] for batch in batches for record in batch.records]


def test_values_are_those_of_the_database(desk: Desk) -> None:
    """Texts, numbers, NULL and BLOBs come as they are."""
    fill(desk, [(1, "0012", 1.5, None, b"%PDF\x00")], "id, a, b, c, d")

    records, _ = desk.results(ALL)

    assert dict(records[0].values) == {"id": 1, "a": "0012", "b": 1.5, "c": None, "d": b"%PDF\x00"}
    assert records[0].place == "q.db:1"


def test_places_name_the_cursor_column(desk: Desk) -> None:
    """With a cursor column a row is found by its value."""
    fill(desk, [(17, "x")])

    records, _ = desk.results(AFTER)

    assert records[0].place == "q.db:id=17"


def test_the_database_is_never_written(desk: Desk) -> None:
    """A query that writes is refused, and a missing file is not created."""
    fill(desk, [(1, "x")])
    settings = "type: sql, url: 'sqlite:///q.db', query: 'DELETE FROM v RETURNING id'"

    with pytest.raises((ConfigError, UnavailableError)):
        desk.read(settings)

    assert ids(desk, ALL) == [1]


def test_rows_of_one_value_are_not_lost_between_batches(desk: Desk) -> None:
    """A cursor stands at a value only when a greater one was seen."""
    fill(desk, [(1, "a"), (2, "b"), (2, "c"), (2, "d"), (3, "e")])
    batches = desk.read(AFTER, size=2)

    for number, batch in enumerate(batches):
        before = [r.values["a"] for b in batches[: number + 1] for r in b.records]
        after = [r.values["a"] for b in desk.read(AFTER, batch.cursor) for r in b.records]
        assert set(before + after) == set("abcde")
    assert desk.read(AFTER, batches[-1].cursor) == []


def test_rows_that_do_not_ascend_are_an_error(desk: Desk) -> None:
    """Otherwise the cursor would pass over rows."""
    fill(desk, [(3, "x"), (1, "y"), (2, "z")])
    settings = AFTER.replace(" ORDER BY id", "")

    with pytest.raises(ConfigError) as caught:
        desk.read(settings)
    with pytest.raises(ConfigError):
        desk.read(settings, size=1)

    assert caught.value.code == codes.CURSOR_UNORDERED.code
    assert caught.value.findings[0].place.startswith(f"{desk.directory}/adapter.yaml:2:")


def test_a_row_without_a_cursor_value_is_refused(desk: Desk) -> None:
    """It could not be passed in order; the others go on."""
    fill(desk, [(None, "x"), (1, "y")])
    query = "SELECT * FROM v WHERE id > :cursor OR id IS NULL ORDER BY id"

    records, refusals = desk.results(
        f"type: sql, url: 'sqlite:///q.db', cursor_column: id, query: '{query}'"
    )

    assert [record.values["a"] for record in records] == ["y"]
    assert refusals[0].findings[0].code == codes.CURSOR_NULL.code


@pytest.mark.parametrize("values", [("2026-01-05", "2026-02-01"), (b"\x01", b"\x02")])
def test_cursors_keep_the_kind_of_their_value(desk: Desk, values: tuple[object, object]) -> None:
    """Dates as text and row versions go on where they stood."""
    fill(desk, [(value, "x") for value in values])
    settings = f"{AFTER}, cursor_start: ''"

    batches = desk.read(settings, size=1)

    assert [r.values["id"] for b in batches for r in b.records] == list(values)
    assert ids(desk, settings, batches[0].cursor) == [values[1]]


def test_the_first_cursor_can_be_set(desk: Desk) -> None:
    """Old documents stay where they are."""
    fill(desk, [(1, "x"), (5, "y"), (9, "z")])

    assert ids(desk, f"{AFTER}, cursor_start: 5") == [9]


def test_a_change_among_rows_already_read_begins_again(desk: Desk) -> None:
    """Without a cursor column a changed, deleted or inserted row is noticed."""
    fill(desk, [(1, "a"), (2, "b"), (3, "c")])
    cursor = desk.read(ALL)[-1].cursor

    fill(desk, [(1, "a"), (2, "changed"), (3, "c")])
    assert ids(desk, ALL, cursor) == [1, 2, 3]
    fill(desk, [(1, "a"), (2, "b")])
    assert ids(desk, ALL, cursor) == [1, 2]
    fill(desk, [(1, "a"), (2, "b"), (3, "c"), (4, "d")])
    assert ids(desk, ALL, cursor) == [4]
    assert ids(desk, ALL.replace("*", "id, a, 1 AS n"), cursor) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (ALL.replace("FROM v", "FROM w"), "SELECT"),
        (ALL.replace("SELECT", "SELEC"), "SELEC"),
        (ALL.replace("ORDER BY id", "WHERE id = :other"), "SELECT"),
    ],
)
def test_a_query_that_the_database_refuses_is_found_at_the_query(
    desk: Desk, settings: str, key: str
) -> None:
    """The reason is the database's, without the query's text and values."""
    fill(desk, [(1, "x")])

    with pytest.raises(ConfigError) as caught:
        desk.open(settings).columns()

    finding = caught.value.findings[0]
    line = (desk.directory / "adapter.yaml").read_text().splitlines()[1]
    assert finding.code == codes.BAD_QUERY.code
    assert finding.place == f"{desk.directory}/adapter.yaml:2:{line.index(key)}"


def test_a_database_that_is_not_one_is_unavailable(desk: Desk) -> None:
    """A damaged file is reported as such, again and again, nothing is taken."""
    desk.file("q.db", b"SoKyHieu;NgayBanHanh\n" * 100)

    with pytest.raises(UnavailableError):
        desk.read(ALL)


def test_a_server_that_is_down_is_unavailable(desk: Desk) -> None:
    """Nobody listens there; the password is not in the finding."""
    pytest.importorskip("psycopg")
    desk.file("password", "throw-away")
    settings = (
        "type: sql, url: 'postgresql+psycopg://qlvb@127.0.0.1:1/qlvb?connect_timeout=2',"
        " password: {file: password}, query: SELECT 1"
    )

    with pytest.raises(UnavailableError) as caught:
        desk.read(settings)

    assert caught.value.code == codes.DATABASE_FAILED.code
    assert "throw-away" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", codes.BAD_URL.code),
        ("foo://host/db", codes.BAD_URL.code),
        ("oracle+oracledb://u@host/db", codes.DRIVER_MISSING.code),
        ("postgresql+psycopg://u:secret@host/db", codes.PASSWORD_IN_URL.code),
    ],
)
def test_urls_are_checked_when_the_source_is_opened(desk: Desk, url: str, code: str) -> None:
    """Before anything is connected, with the place of the url."""
    with pytest.raises(ConfigError) as caught:
        desk.open(f"type: sql, url: '{url}', query: SELECT 1")

    assert caught.value.code == code
    assert caught.value.findings[0].place.startswith(f"{desk.directory}/adapter.yaml:2:")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [AFTER.replace("cursor_column: id,", ""), f"{ALL}, cursor_column: id"]
)
def test_cursor_column_and_parameter_belong_together(desk: Desk, settings: str) -> None:
    """One without the other would read everything again or nothing."""
    with pytest.raises(ConfigError) as caught:
        desk.open(settings)

    assert caught.value.code == codes.CURSOR_MISSING_IN_QUERY.code


def test_the_cursor_column_must_be_selected(desk: Desk) -> None:
    """The hint lists the columns of the query."""
    fill(desk, [(1, "x")])

    with pytest.raises(ConfigError) as caught:
        desk.open(AFTER.replace("cursor_column: id", "cursor_column: nr")).columns()

    assert caught.value.code == codes.CURSOR_COLUMN_ABSENT.code
    assert "id, a" in caught.value.findings[0].hint_en


def test_columns_of_one_name_are_found(desk: Desk) -> None:
    """A join that selects two columns of one name would lose one."""
    fill(desk, [(1, "x")])

    with pytest.raises(ConfigError) as caught:
        desk.open(ALL.replace("*", "id, a AS b, id AS b")).columns()

    assert caught.value.code == codes.COLUMN_DUPLICATE.code


def test_text_that_is_not_utf8_refuses_its_row(desk: Desk) -> None:
    """Bytes of a legacy charset in a text column are not passed on as they are."""
    fill(desk, [(1, "Đã"), (2, "y")])
    with closing(sqlite3.connect(desk.directory / "q.db")) as connection, connection:
        connection.execute("UPDATE v SET a = CAST(x'43AB6E67' AS TEXT) WHERE id = 2")

    records, refusals = desk.results(ALL)

    assert [record.values["a"] for record in records] == ["Đã"]
    assert refusals[0].findings[0].code == codes.CELL_UNDECODABLE.code


def test_legacy_text_is_read_with_its_charset(desk: Desk) -> None:
    """Both its bytes and its look-alikes become Vietnamese."""
    fill(desk, [(1, "C«ng v¨n"), (2, "y"), (3, "ASCII"), (4, "Đã")])
    with closing(sqlite3.connect(desk.directory / "q.db")) as connection, connection:
        connection.execute("UPDATE v SET a = CAST(x'43AB6E67' AS TEXT) WHERE id = 2")

    records, refusals = desk.results(f"{ALL}, charset: tcvn3")

    assert [record.values["a"] for record in records] == ["Công văn", "Công", "ASCII"]
    assert [refused.findings[0].code for refused in refusals] == [codes.CELL_UNREPAIRABLE.code]


def test_rows_of_nothing_are_passed_over(desk: Desk) -> None:
    """Rows that hold only NULL are no records, and are not read again."""
    fill(desk, [(None, None), (None, "")])

    batches = desk.read(ALL)

    assert [(batch.records, batch.refusals) for batch in batches] == [((), ())]
    assert desk.read(ALL, batches[-1].cursor) == []


def test_memory_does_not_grow_with_blobs(desk: Desk) -> None:
    """A batch ends early when its files are large; none is lost."""
    fill(desk, [(i, b"x" * (4 << 20)) for i in range(1, 25)])
    source = desk.open(ALL)
    tracemalloc.start()
    try:
        sizes = [len(batch.records) for batch in source.read(None)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sizes == [4] * 6
    assert peak < 60 << 20


@pytest.mark.parametrize(
    "cursor", ["{", "[]", '{"column": "id"}', '{"column": "id", "int": "x"}', '{"column": "nr"}']
)
def test_unreadable_cursors_cover_nothing(cursor: str) -> None:
    """A cursor of another column or kind means from the beginning."""
    assert reached(cursor, "id") is None
    assert counted(cursor).rows == 0


def test_cursor_text_is_json() -> None:
    """Operators can read where an adapter stands."""
    assert json.loads(Reached("ID", 17).written()) == {"column": "ID", "int": "17"}
