"""Nothing that is open waits for a time that only a wrong clock has seen."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import Connection, Table, bindparam, text, update

from connector.store import tables as t
from connector.store.columns import moment_text
from connector.store.statements import Statement

__all__ = ["CLOCK_STEP", "due_again"]

CLOCK_STEP: Final = dt.timedelta(seconds=1)
"""How much later than now a row must have been written to be of a clock that was wrong."""


def _statement(table: Table, is_open: str) -> Statement:
    columns = table.c
    return Statement(
        update(table)
        .where(text(is_open), columns.updated_at > bindparam("later"))
        .ordered_values(
            (columns.not_before, bindparam("now")), (columns.updated_at, bindparam("at"))
        ),
        "now",
        "at",
        "later",
    )


_STATEMENTS: Final = (
    _statement(t.delivery, t.OPEN_DELIVERY),
    _statement(t.inbox_message, t.OPEN_MESSAGE),
)


def due_again(tx: Connection, *, now: dt.datetime) -> int:
    """Let open deliveries and messages that a later clock has put off be due now; count them."""
    at, later = moment_text(now), moment_text(now + CLOCK_STEP)
    return sum(statement.change(tx, at, at, later) for statement in _STATEMENTS)
