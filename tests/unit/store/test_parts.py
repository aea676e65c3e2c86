from __future__ import annotations

import datetime as dt

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.store import parts
from connector.store.parts import Piece
from connector.store.store import Store

HOUR = dt.timedelta(hours=1)


def add(store: Store, number: int, of: int = 3, assembly: str = "a", sha256: str = "") -> int:
    """Note one part of ten bytes a number."""
    with store.begin() as tx:
        return parts.add(
            tx,
            assembly,
            Piece(number, None if sha256 else 100 * number, 10 * number, sha256),
            of=of,
            facts={"queue": "edoc.G09.inbox", "người gửi": "G22"},
            now=store.clock.now(),
        )


def test_parts_come_in_any_order(store: Store) -> None:
    """Every part leaves one fewer to wait for, and is found where it stands."""
    assert [add(store, 3), add(store, 1)] == [2, 1]
    with store.read() as tx:
        assert parts.pieces(tx, "a") == [(1, 100, 10, ""), (3, 300, 30, "")]
        assert [parts.piece(tx, "a", number) for number in (2, 3)] == [None, (3, 300, 30, "")]
    assert add(store, 2) == 0
    with store.read() as tx:
        found = parts.assembly(tx, "a")
    assert found is not None
    assert (found.parts, found.arrived, found.arrived_bytes) == (3, 3, 60)
    assert found.facts == {"queue": "edoc.G09.inbox", "người gửi": "G22"}


def test_a_part_that_is_here_is_a_bug(store: Store) -> None:
    """The caller looks before, for only it can compare what came with what is here."""
    add(store, 1)
    with pytest.raises(Bug):
        add(store, 1)
    with store.read() as tx:
        assert parts.pieces(tx, "a") == [(1, 100, 10, "")]


@pytest.mark.parametrize(("number", "of"), [(0, 3), (4, 3), (-1, 3), (1, 2)])
def test_numbers_that_do_not_fit_are_a_bug(store: Store, number: int, of: int) -> None:
    """A part outside its packet, or of a packet of another length, is not written."""
    add(store, 2)
    with pytest.raises(Bug):
        add(store, number, of)
    with store.read() as tx:
        assert [piece.number for piece in parts.pieces(tx, "a")] == [2]


def test_an_assembly_goes_as_a_whole(store: Store) -> None:
    """Removing one leaves the others; removing it again is no error."""
    add(store, 1)
    add(store, 1, assembly="b")
    for _ in range(2):
        with store.begin() as tx:
            parts.remove(tx, "a")
    with store.read() as tx:
        assert parts.assembly(tx, "a") is None
        assert parts.pieces(tx, "a") == []
        assert [found.assembly for found in parts.open_assemblies(tx, 10)] == ["b"]


def test_what_waits_too_long_is_found(store: Store, clock: ManualClock) -> None:
    """Age counts from the last part."""
    add(store, 1)
    add(store, 1, assembly="b")
    clock.sleep(3600)
    now = clock.now()
    add(store, 2, assembly="b")
    with store.read() as tx:
        assert parts.expired(tx, now - HOUR) == []
        assert [found.assembly for found in parts.expired(tx, now)] == ["a"]
        assert [found.assembly for found in parts.expired(tx, now + HOUR)] == ["a", "b"]
        assert len(parts.open_assemblies(tx, 1)) == 1


def test_a_file_is_in_use_until_its_packet_is_forgotten(store: Store) -> None:
    """It has its assembly's name; an older one may belong to parts of two packets."""
    add(store, 1, sha256="same")
    add(store, 1, assembly="b", sha256="same")
    for assembly, unused in (("a", ["a", "x"]), ("b", ["a", "b", "same", "x"])):
        with store.begin() as tx:
            parts.remove(tx, assembly)
            assert parts.unused(tx, ["a", "b", "same", "x", "same"]) == unused


def test_an_unfinished_transaction_leaves_no_part(store: Store) -> None:
    """A part counts only with the commit after which it is acknowledged."""

    def fail() -> None:
        with store.begin() as tx:
            parts.add(tx, "a", Piece(1, 0, 1), of=2, facts={}, now=store.clock.now())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.read() as tx:
        assert parts.open_assemblies(tx, 10) == []
