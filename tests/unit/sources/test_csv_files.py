from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from connector.clock import ManualClock
from connector.errors import NoInputError, UnavailableError
from connector.sources import codes
from tests.unit.sources.conftest import Desk

CSV = "type: csv, path: e.csv, delimiter: ';'"


def test_a_pattern_reads_every_file_by_name(desk: Desk) -> None:
    """Files come in the order of their names, each with its own places."""
    desk.file("out/2.csv", "A\nb\n")
    desk.file("out/1.csv", "A\na\n")
    desk.file("out/x.txt", "A\nz\n")
    (desk.directory / "out" / "3.csv").mkdir()

    records, _ = desk.results("type: csv, path: 'out/*.csv'")

    assert [(record.place, record.values["A"]) for record in records] == [
        ("out/1.csv:2", "a"),
        ("out/2.csv:2", "b"),
    ]


def test_new_files_are_found_and_vanished_ones_forgotten(desk: Desk) -> None:
    """The cursor follows the directory; a file that went away does no harm."""
    settings = "type: csv, path: '*.csv'"
    desk.file("1.csv", "A\na\n")
    cursor = desk.read(settings)[-1].cursor
    desk.file("2.csv", "A\nb\n")
    (desk.directory / "1.csv").unlink()

    batches = desk.read(settings, cursor)

    assert [record.values["A"] for batch in batches for record in batch.records] == ["b"]
    assert "1.csv" not in batches[-1].cursor


def test_a_pattern_without_files_gives_nothing(desk: Desk) -> None:
    """Only lint cannot do without a sample."""
    assert desk.read("type: csv, path: '*.csv'") == []
    with pytest.raises(NoInputError):
        desk.open("type: csv, path: '*.csv'").columns()


def test_a_pattern_in_a_directory_that_is_gone_is_unavailable(desk: Desk) -> None:
    """A share that is not mounted is not an export without files."""
    with pytest.raises(UnavailableError):
        desk.read("type: csv, path: 'share/*/*.csv'")


def test_a_name_with_brackets_is_a_name(desk: Desk) -> None:
    """A file that is there under exactly this name is meant."""
    desk.file("e[1].csv", "A\na\n")

    records, _ = desk.results("type: csv, path: 'e[1].csv'")

    assert [record.place for record in records] == ["e[1].csv:2"]


def test_a_changed_file_is_read_again(desk: Desk) -> None:
    """Also when size and time of change are as they were."""
    path = desk.file("e.csv", "A;B\n1;2\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    cursor = desk.read(CSV)[-1].cursor
    assert desk.read(CSV, cursor) == []

    desk.file("e.csv", "A;B\n1;3\n")
    again = desk.read(CSV, cursor)

    assert [record.values["B"] for batch in again for record in batch.records] == ["3"]


def test_a_young_file_is_known_by_its_content(desk: Desk) -> None:
    """A second write within the same tick of the clock is seen."""
    path = desk.file("e.csv", "A;B\n1;2\n")
    written = path.stat().st_mtime_ns
    cursor = desk.read(CSV)[-1].cursor
    desk.file("e.csv", "A;B\n1;3\n")
    os.utime(path, ns=(written, written))

    assert len(desk.read(CSV, cursor)) == 1


def test_other_settings_read_the_file_again(desk: Desk) -> None:
    """Rows that were refused for a wrong delimiter are read after it was corrected."""
    desk.file("e.csv", "A;B\n1;2,5\n")
    batches = desk.read("type: csv, path: e.csv")
    assert len(batches[0].refusals) == 1

    again = desk.read(CSV, batches[-1].cursor)

    assert [dict(record.values) for record in again[0].records] == [{"A": "1", "B": "2,5"}]


def test_a_file_is_left_alone_until_it_has_settled(desk: Desk) -> None:
    """settle_seconds compares the time of change with the clock."""
    path = desk.file("e.csv", "A;B\n1;2\n")
    clock = ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    moment = clock.now().timestamp()
    os.utime(path, (moment - 20, moment - 20))
    source = desk.open(f"{CSV}, settle_seconds: 30", clock)

    assert list(source.read(None)) == []
    clock.sleep(10)
    assert len(list(source.read(None))) == 1


def test_a_file_written_to_while_it_is_read_is_not_taken(desk: Desk) -> None:
    """The batch in hand is dropped, the failure is reported, the next reading has all."""
    path = desk.file("e.csv", "A;B\n" + "1;2\n" * 10)
    source = desk.open(CSV)
    batches = source.read(None, batch_size=2)
    cursor = next(batches).cursor
    with path.open("a") as stream:
        stream.write("3;4\n")

    with pytest.raises(UnavailableError) as caught:
        next(batches)

    assert caught.value.code == codes.CHANGED_WHILE_READING.code
    assert sum(len(batch.records) for batch in desk.read(CSV, cursor)) == 11


def test_a_directory_in_place_of_the_file_is_unavailable(desk: Desk) -> None:
    """What the operating system says becomes a finding."""
    (desk.directory / "e.csv").mkdir()

    with pytest.raises(UnavailableError):
        desk.read(CSV)
