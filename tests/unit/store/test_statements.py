from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from connector.errors import Bug, StorageError
from connector.store import (
    codes,
    inbox,
    inbox_queries,
    journal,
    orphans,
    outbox,
    outbox_queries,
    parts,
    sources,
)
from connector.store import tables as t
from connector.store.statements import Statement, insert_into
from connector.store.store import Store

ROOMS = (inbox, inbox_queries, journal, orphans, outbox, outbox_queries, parts, sources)


def statements_of(room: ModuleType) -> list[Statement]:
    """Return the statements that a module has built."""
    found: list[Statement] = []
    for value in vars(room).values():
        several = value.values() if isinstance(value, dict) else value
        each = several if isinstance(value, dict | tuple) else (value,)
        found += [one for one in each if isinstance(one, Statement)]
    return found


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_statement_can_be_written_for_both_databases(room: ModuleType) -> None:
    """SQLite gets question marks, PostgreSQL what its driver wants, in the same order."""
    sqlite_dialect: Any = sqlite.dialect()  # type: ignore[no-untyped-call,unused-ignore]
    postgres_dialect: Any = psycopg.dialect()  # type: ignore[no-untyped-call,unused-ignore]
    built = statements_of(room)
    assert built
    for statement in built:
        marks = statement.text(sqlite_dialect).count("?")
        assert statement.text(postgres_dialect).count("%s") == marks


def test_parameters_that_are_not_as_named_are_a_bug(store: Store) -> None:
    """A statement whose values would go to the wrong places is not run."""
    key = t.source_cursor.c.adapter == bindparam("adapter")
    for names in ((), ("other",), ("adapter", "more")):
        wrong = Statement(select(t.source_cursor.c.value).where(key), *names)
        with pytest.raises(Bug) as caught, store.read() as tx:
            wrong.first(tx, "a")
        assert caught.value.code == codes.MISUSE.code


def test_the_drivers_own_errors_do_not_leak(store: Store) -> None:
    """What the database refuses comes out in the project's words, without any value in it."""
    add = insert_into(t.source_cursor, ("adapter", "value"))
    with pytest.raises(Bug) as caught, store.begin() as tx:
        add.change_many(tx, [("a", "1"), ("b", "secret"), ("b", "secret")])
    assert caught.value.code == codes.CONSTRAINT.code
    assert "secret" not in str(caught.value)
    with pytest.raises(StorageError) as refused, store.read() as tx:
        add.change(tx, "a", "1")
    assert refused.value.code == codes.READ_ONLY.code
    with store.read() as tx:
        assert sources.cursor(tx, "a") is None


def test_a_batch_of_none_does_nothing(store: Store) -> None:
    """No rows, no statement."""
    with store.begin() as tx:
        assert insert_into(t.source_cursor, ("adapter", "value")).change_many(tx, []) == 0
