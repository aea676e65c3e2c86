"""Files in the spool that nothing refers to: left by a process that died before its commit.

A file is written before the row that names it, so one without a row is either very young or an
orphan. What was put within the last day is never touched; putting a content again makes it young.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Column, Connection, bindparam, select

from connector.model.recipe import files
from connector.store import tables as t
from connector.store.spool import Spool
from connector.store.statements import Statement, limited
from connector.store.store import Store

__all__ = ["AGE", "named_contents", "referred", "remove_orphans"]

AGE: Final = dt.timedelta(days=1)
"""How long a file may wait for its row."""

_AT_ONCE: Final = 1000
_LOOKED_AT: Final = 50_000
_NEVER: Final = ""
_DIGEST: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_AFTER: Final[Any] = bindparam("after")


def _page_of(key: Column[Any], value: Column[Any]) -> Statement:
    """Return the statement for a page of a column, in the order of an index."""
    query = select(key, value).where(key > _AFTER).order_by(key)
    return Statement(limited(query), "after", "at_most")


_RECIPES: Final = _page_of(t.outbox_recipe.c.position, t.outbox_recipe.c.recipe)
_BODIES: Final = _page_of(t.inbox_message.c.position, t.inbox_message.c.body_sha256)
_PARTS: Final = _page_of(t.inbox_part.c.sha256, t.inbox_part.c.sha256)
_ASSEMBLIES: Final = _page_of(t.inbox_assembly.c.assembly, t.inbox_assembly.c.assembly)


def remove_orphans(store: Store, spool: Spool, *, older_than: dt.timedelta = AGE) -> int:
    """Remove old files of the spool that no recipe, message or unfinished packet names; count them.

    Looks at a bounded number of files at once, whatever the size of the spool. Raises
    StorageError if the spool or the store cannot be read.
    """
    moment = store.clock.now() - older_than
    removed = 0
    for candidates in _groups(spool, moment):
        with store.read() as tx:
            for digest in referred(tx):
                candidates.discard(digest)
        removed += sum(spool.remove_unless_put_since(digest, moment) for digest in candidates)
    return removed


def named_contents(tx: Connection) -> Iterator[str]:
    """Yield the digests of the contents that packets and messages are made of.

    A recipe that cannot be read names none: whoever sends it says so.
    """
    for recipe in _pages(tx, _RECIPES, 0):
        with suppress(ValueError):
            yield from files(recipe)
    yield from _pages(tx, _BODIES, 0)


def referred(tx: Connection) -> Iterator[str]:
    """Yield the names of all files that a row names, some of them more than once.

    In a recipe everything that could be a digest counts as one.
    """
    for recipe in _pages(tx, _RECIPES, 0):
        for found in _DIGEST.findall(recipe):
            yield found.decode()
    yield from _pages(tx, _BODIES, 0)
    yield from _pages(tx, _PARTS, _NEVER)
    yield from _pages(tx, _ASSEMBLIES, _NEVER)


def _pages(tx: Connection, statement: Statement, after: Any) -> Iterator[Any]:
    while rows := statement.all(tx, after, _AT_ONCE):
        yield from (row[1] for row in rows)
        after = rows[-1][0]


def _groups(spool: Spool, moment: dt.datetime) -> Iterator[set[str]]:
    """Yield the digests of the old files, a bounded number at once."""
    group: set[str] = set()
    for digest in spool.digests():
        last = spool.last_put(digest)
        if last is not None and last < moment:
            group.add(digest)
        if len(group) >= _LOOKED_AT:
            yield group
            group = set()
    if group:
        yield group
