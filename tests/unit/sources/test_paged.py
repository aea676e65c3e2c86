"""Pages of any service, any cut, any crash: nothing lost, nothing twice, no foreign error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConnectorError
from connector.model.record import Cell
from connector.sources.attachments import Attachments
from connector.sources.base import Batch
from connector.sources.embedded import Embedded
from connector.sources.json import parsed_json, tree_of
from connector.sources.paged import Page, PagedSource, Shape

MOMENTS = [f"2026-01-05T08:00:0{n}" for n in range(4)]
Changes = list[tuple[int, int]]


@dataclass
class Service:
    """Gives what was changed at or after a moment, in that order, page by page."""

    changes: Changes
    size: int
    chained: bool = False

    def walk(self, cursor: Cell) -> Iterator[Page]:
        """Yield the pages as the list is now."""
        start = 0
        while True:
            found = [c for c in sorted(self.changes) if cursor is None or MOMENTS[c[0]] >= cursor]  # type: ignore[operator]
            page = found[start : start + self.size]
            written = json.dumps([{"sua": MOMENTS[at], "id": ident} for at, ident in page])
            yield Page(tuple(parsed_json(written)), None)
            start += self.size
            if not page:
                return


def source(service: Any, **more: Any) -> PagedSource:
    """Return a source over a service."""
    shape = Shape(
        name="vb", tree=lambda value, place: tree_of(value, place, repr(value).encode()), **more
    )
    return PagedSource(service, shape, Embedded(Attachments(None)), lambda key: f"a.yaml:{key}")


def ids(batches: list[Batch]) -> list[Any]:
    """Return the ids of all records."""
    return [record.values["id"] for batch in batches for record in batch.records]


@dataclass
class Given:
    """Gives one page, whatever is asked."""

    values: tuple[Any, ...]
    chained: bool = False

    def walk(self, _cursor: Cell) -> Iterator[Page]:
        """Yield the page."""
        yield Page(self.values, None)


changes = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 99)), max_size=12, unique_by=lambda one: one[1]
)


@settings(max_examples=150, deadline=None)
@given(changes, st.integers(1, 5), st.integers(1, 5), st.integers(0, 5), st.booleans())
def test_a_crash_anywhere_loses_nothing(
    found: Changes, page: int, size: int, taken: int, chained: bool
) -> None:
    """Whatever the pages, the batches and the batch after which the process dies."""
    service = Service(found, page, chained)
    reader = source(service, cursor_column="sua", id_column="id")
    batches = list(reader.read(None, batch_size=size))
    assert sorted(ids(batches)) == sorted(ident for _, ident in found)

    kept = batches[:taken]
    cursor = kept[-1].cursor if kept else None
    rest = list(reader.read(cursor, batch_size=size))
    assert ids(kept) + ids(rest) == ids(batches)


@settings(max_examples=150, deadline=None)
@given(changes, changes, st.integers(1, 5), st.integers(1, 5))
def test_what_comes_later_is_found(before: Changes, after: Changes, page: int, size: int) -> None:
    """Records at the last moment or after it are read once, though others of it were read."""
    service = Service(before, page)
    reader = source(service, cursor_column="sua", id_column="id")
    batches = list(reader.read(None, batch_size=size))
    last = max((at for at, _ in before), default=0)
    known = {ident for _, ident in before}
    later = [(max(at, last), ident) for at, ident in after if ident not in known]
    service.changes = [*before, *later]
    cursor = batches[-1].cursor if batches else None

    assert sorted(ids(list(reader.read(cursor, batch_size=size)))) == sorted(i for _, i in later)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "sua", "a", "", "a.b", "đ"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(values, max_size=5), st.booleans())
def test_any_json_is_records_or_refusals(found: list[Any], ordered: bool) -> None:
    """No shape of an answer raises anything but the project's own errors."""
    parsed = parsed_json(json.dumps(found))
    more = {"cursor_column": "sua", "id_column": "id"} if ordered else {}
    reader = source(Given(tuple(parsed)), **more)
    try:
        reader.columns()
        batches = list(reader.read(None))
    except ConnectorError:
        return
    assert sum(len(b.records) + len(b.refusals) for b in batches) <= len(found)
    assert all(one.findings for batch in batches for one in batch.refusals)


def test_nothing_is_moved_or_written(tmp_path: Path) -> None:
    """Acknowledging and closing change nothing, at any time."""
    reader = source(Service([(0, 1)], 2))
    reader.close()
    reader.acknowledge("x")
    reader.close()

    assert ids(list(reader.read("x"))) == [1]
