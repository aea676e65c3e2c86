"""What holds for every source, as checks that pytest collects from a subclass.

A test module of a source names its cases::

    class TestMine(SourceContract):
        @pytest.fixture(params=CASES)
        def export(self, request, tmp_path):
            return Export.under(tmp_path, CASES[request.param])

Without pytest `violations` runs all of it. Every built-in source passes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from connector.errors import RecordError, UnavailableError
from connector.model.content import read_all
from connector.model.record import Record
from connector.testing.exports import ATTACHMENTS, Export, rows
from connector.testing.verdicts import raises, require, require_equal

__all__ = ["SourceContract", "checks", "violations"]

_CELLS: Final = (str, int, float, Decimal, bool, bytes, dt.date, dt.datetime, dt.time, type(None))
_FOREIGN_CURSORS: Final = ("", "[]", "{}", "nonsense", '{"rows": "x"}', json.dumps({"files": 1}))
_OUTSIDE: Final = ("../adapter.yaml", "/etc/hostname", "a/../../adapter.yaml", "C:\\x.pdf")
_ODD: Final = ("", " ", "\0", ".", "x" * 5000, "a\nb", "none.pdf", "\udcff")


class SourceContract:
    """The checks; each takes an empty export and is one rule of `sources.base.Source`."""

    def test_columns_are_those_of_the_header(self, export: Export) -> None:
        """Lint sees the columns without reading the rows."""
        export.write(rows(2))
        source = export.open()
        columns = source.columns()
        source.close()
        require(set(export.case.names) <= set(columns), "columns() names every column", columns)
        if export.case.exact and not export.case.apart:
            require_equal(columns, export.case.names, "columns() names no other")

    def test_every_row_is_read_once_in_order(self, export: Export) -> None:
        """Batches hold at most the size asked for, nothing is lost or doubled between them."""
        export.write(rows(7))
        batches = export.read(size=3)
        require_equal(export.values(batches), export.expected(rows(7)), "every row once, in order")
        sizes = [len(batch.records) for batch in batches]
        require(max(sizes) <= 3, "a batch has at most as many records as were asked for", sizes)
        require(not any(batch.refusals for batch in batches), "good rows are not refused")

    def test_cells_are_of_known_types(self, export: Export) -> None:
        """Every value is one that the mapping knows, and text has no half of a character."""
        export.write(rows(3))
        for batch in export.read():
            for record in batch.records:
                for name, cell in record.values.items():
                    require(isinstance(cell, _CELLS), f"'{name}' is a Cell", cell)
                    if isinstance(cell, str):
                        cell.encode()

    def test_places_are_distinct(self, export: Export) -> None:
        """Every record can be found again in its export."""
        export.write(rows(5))
        places = [record.place for batch in export.read() for record in batch.records]
        require_equal(len(set(places)), 5, "every record has a place of its own")
        require(all(":" in place for place in places), "a place is export:row", places)

    def test_reading_is_repeatable(self, export: Export) -> None:
        """The same export gives the same records at the same places, and stays as it is."""
        export.write(rows(4))
        export.open().close()
        before = export.files()
        require_equal(export.read(), export.read(), "reading twice gives the same batches")
        require_equal(export.files(), before, "reading changes nothing")

    def test_a_finished_export_gives_nothing(self, export: Export) -> None:
        """After the last cursor there is nothing, wherever the batches ended."""
        export.write(rows(6))
        for size in (1, 2, 3, 6, 7):
            last = export.read(size=size)[-1]
            require_equal(export.read(last.cursor), [], f"nothing after the end (size {size})")

    def test_reading_goes_on_after_any_committed_batch(self, export: Export) -> None:
        """A crash after any commit loses nothing and repeats nothing."""
        export.write(rows(8))
        for taken in (1, 2, 3):
            before = export.read(size=2)[:taken]
            after = export.read(before[-1].cursor, size=3)
            found = export.values(before) + export.values(after)
            require_equal(found, export.expected(rows(8)), f"all rows, crash after {taken}")

    def test_reading_can_be_left_and_begun_again(self, export: Export) -> None:
        """Who stops after one batch and closes finds the rest with that batch's cursor."""
        export.write(rows(5))
        source = export.open()
        batches = source.read(None, batch_size=2)
        first = next(iter(batches))
        _end(batches)
        source.close()
        found = export.values([first]) + export.values(export.read(first.cursor))
        require_equal(found, export.expected(rows(5)), "the rest is found")

    def test_added_rows_are_found(self, export: Export) -> None:
        """A grown export gives its new rows; rows given again are equal to what they were."""
        export.write(rows(3))
        cursor = export.read()[-1].cursor
        export.write(rows(5))
        again, expected = export.values(export.read(cursor)), export.expected(rows(5))
        require_equal(again[-2:], expected[-2:], "new rows are found")
        require(all(value in expected for value in again), "old rows are equal", again)

    def test_an_export_without_rows_gives_nothing(self, export: Export) -> None:
        """A header alone is a good export."""
        export.write([])
        require_equal(export.read(), [], "no rows, no batches")
        if not export.case.apart:
            source = export.open()
            columns = source.columns()
            source.close()
            require(set(export.case.names) <= set(columns), "the header is known", columns)

    def test_a_strange_cursor_means_from_the_beginning(self, export: Export) -> None:
        """A cursor that another kind of source wrote is not an error; keys prevent doubles."""
        export.write(rows(2))
        for cursor in _FOREIGN_CURSORS:
            found = export.values(export.read(cursor))
            require_equal(found, export.expected(rows(2)), f"all rows after cursor {cursor!r}")

    def test_acknowledging_is_idempotent(self, export: Export) -> None:
        """The same cursor may be acknowledged again and again, a foreign one too."""
        export.write(rows(2))
        source = export.open()
        cursor = list(source.read(None))[-1].cursor
        for one in (*_FOREIGN_CURSORS, cursor, cursor):
            source.acknowledge(one)
        source.close()
        source.close()
        after = export.read(cursor)
        require_equal(export.values(after), [], "what was acknowledged does not come again")

    def test_acknowledging_while_reading_loses_nothing(self, export: Export) -> None:
        """As the runtime does it: commit, acknowledge, go on; then a new process."""
        export.write(rows(7))
        source, cursor, found = export.open(), "", []
        for batch in source.read(None, batch_size=2):
            found.append(batch)
            cursor = batch.cursor
            source.acknowledge(cursor)
        source.close()
        require_equal(export.values(found), export.expected(rows(7)), "every row once, in order")
        again = export.open()
        again.acknowledge(cursor)
        after = list(again.read(cursor))
        again.close()
        require_equal(export.values(after), [], "nothing comes again")

    def test_an_absent_export_is_unavailable(self, export: Export) -> None:
        """A file, directory or database that is not there is tried again later, not created."""
        with raises(UnavailableError, "read() without an export"):
            export.read()
        with raises(UnavailableError, "columns() without an export"):
            export.open().columns()
        require_equal(list(export.files()), ["adapter.yaml"], "nothing is created")

    def test_attachments_are_read_beside_the_export(self, export: Export) -> None:
        """A relative path under the attachments' directory gives the bytes, digest and size."""
        directory = export.directory / ATTACHMENTS / "2026"
        directory.mkdir()
        (directory / "quyết định.pdf").write_bytes(b"%PDF-1.7")
        source = export.open()
        content = source.attachment(Record("export:1", {}), "2026\\quyết định.pdf")
        require_equal(read_all(content), b"%PDF-1.7", "the bytes of the file")
        require_equal(read_all(content), b"%PDF-1.7", "… as often as they are read")
        require_equal(content.size, 8, "its size")
        require_equal(content.sha256, hashlib.sha256(b"%PDF-1.7").hexdigest(), "its digest")
        source.close()

    def test_attachments_that_are_not_there_refuse_the_record(self, export: Export) -> None:
        """Whatever stands in the cell, the record is refused, at its own place."""
        source = export.open()
        for reference in (*_OUTSIDE, *_ODD):
            with raises(RecordError, f"attachment {reference[:40]!r}") as caught:
                source.attachment(Record("export:7", {}), reference)
            place = caught[0].findings[0].place
            require_equal(place, "export:7", "the finding names the record's place")
        source.close()


def checks(contract: type[SourceContract] = SourceContract) -> tuple[str, ...]:
    """Return the names of the checks, in their order."""
    return tuple(name for name in dir(contract) if name.startswith("test_"))


def violations(
    new_export: Callable[[], Export], contract: type[SourceContract] = SourceContract
) -> Iterator[tuple[str, str]]:
    """Run each check on a new export and yield name and reason of those that do not hold."""
    for name in checks(contract):
        try:
            getattr(contract(), name)(new_export())
        except Exception as error:  # noqa: BLE001 - a foreign exception is a violation too
            yield name, str(error) if isinstance(error, AssertionError) else repr(error)


def _end(batches: object) -> None:
    """Close a generator that is left in the middle, as garbage collection would."""
    close = getattr(batches, "close", None)
    if close is not None:
        close()
