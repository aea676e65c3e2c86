"""What was last exchanged with a legacy system about an item, so that nothing goes twice."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from connector.store.columns import moment_text
from connector.store.statements import Statement, insert_into
from connector.store.tables import legacy_status

__all__ = ["last_status", "note_status"]

_ONE: Final = tuple(legacy_status.c[name] == bindparam(f"key_{name}") for name in ("name", "item"))
_GET: Final = Statement(select(legacy_status.c.status).where(*_ONE), "key_name", "key_item")
_MOVE: Final = Statement(
    update(legacy_status).where(*_ONE).values(status=bindparam("new"), at=bindparam("moment")),
    *("new", "moment", "key_name", "key_item"),
)
_ADD: Final = insert_into(legacy_status, ("name", "item", "status", "at"))


def last_status(tx: Connection, name: str, item: str) -> str | None:
    """Return what was last noted of an item under a source's or sink's name."""
    row = _GET.first(tx, name, item)
    return None if row is None else str(row[0])


def note_status(tx: Connection, name: str, item: str, status: str, now: dt.datetime) -> None:
    """Note what was exchanged of an item."""
    moment = moment_text(now)
    if not _MOVE.change(tx, status, moment, name, item):
        _ADD.change(tx, name, item, status, moment)
