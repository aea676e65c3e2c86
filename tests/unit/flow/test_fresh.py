"""What is remembered of packets that were sealed a moment ago."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.flow.bodies import Fresh
from connector.model.envelope import (
    Organization,
    ResponseFor,
    StatusCode,
    StatusReport,
)
from connector.model.packet import Sealed

REPORT = StatusReport(
    sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
    response_for=ResponseFor(
        organ_id="G09",
        code="05/VPCP",
        promulgation_date=dt.date(2026, 1, 5),
        document_id="G09,2026/01/05,05/VPCP",
    ),
    status_code=StatusCode.ARRIVED,
    timestamp=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
)


def _sealed(packet_id: str, *chunks: bytes) -> Sealed:
    return Sealed(chunks, REPORT, packet_id, "", "", chunks or None)


def test_each_receiver_gets_the_bytes_once() -> None:
    """After the last of them nothing is held any more."""
    fresh = Fresh()
    fresh.remember(_sealed("a", b"<a>", b"</a>"), b"recipe", 2)
    assert fresh.take("a", b"recipe") == (b"<a>", b"</a>")
    assert fresh.take("a", b"recipe") == (b"<a>", b"</a>")
    assert fresh.take("a", b"recipe") is None


def test_another_recipe_gets_nothing() -> None:
    """Bytes are given out only for what the outbox says, and are forgotten if it says otherwise."""
    fresh = Fresh()
    fresh.remember(_sealed("a", b"<a/>"), b"recipe", 2)
    assert fresh.take("a", b"other") is None
    assert fresh.take("a", b"recipe") is None


def test_what_is_wanted_next_stays() -> None:
    """Without room nothing more is held, and what was sealed first, which is sent first, stays."""
    fresh = Fresh(most_bytes=10)
    for name in "abc":
        fresh.remember(_sealed(name, b"12345"), b"recipe", 1)
    assert fresh.take("c", b"recipe") is None
    assert fresh.take("a", b"recipe") == (b"12345",)
    fresh.remember(_sealed("d", b"12345"), b"recipe", 1)
    assert fresh.take("b", b"recipe") == (b"12345",)
    assert fresh.take("d", b"recipe") == (b"12345",)
    fresh.remember(_sealed("e", b"1234567890!"), b"recipe", 1)
    assert fresh.take("e", b"recipe") is None


def test_what_was_overtaken_gives_way() -> None:
    """A packet whose receiver is away does not hold the room for good."""
    fresh = Fresh(most_bytes=15)
    fresh.remember(_sealed("away", b"1234567890"), b"recipe", 1)
    for number in range(600):
        fresh.remember(_sealed(str(number), b"12345"), b"recipe", 1)
        assert fresh.take(str(number), b"recipe") == (b"12345",)
    fresh.remember(_sealed("large", b"12345678901"), b"recipe", 1)
    assert fresh.take("large", b"recipe") is not None
    assert fresh.take("away", b"recipe") is None


def test_what_fills_all_room_gives_way_too() -> None:
    """Packets whose receiver is away leave no room for others, until those have overtaken them."""
    fresh = Fresh(most_bytes=10)
    fresh.remember(_sealed("away", b"1234567890"), b"recipe", 1)
    found = []
    for number in range(600):
        fresh.remember(_sealed(str(number), b"12345"), b"recipe", 1)
        found.append(fresh.take(str(number), b"recipe") is not None)
    assert (found[0], found[-1]) == (False, True)
    assert fresh.take("away", b"recipe") is None


def test_who_seals_waits_for_who_sends_only_while_he_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While nothing is sent, sealing goes on after one moment's wait, until something is."""
    waits: list[float | None] = []
    fresh = Fresh(most_bytes=10)
    monkeypatch.setattr(fresh._packets._changed, "wait", waits.append)
    for name in "ab":
        fresh.remember(_sealed(name, b"12345"), b"recipe", 1)
    for _ in range(5):
        fresh.wait_for_room()
    assert len(waits) == 1
    assert fresh.take("a", b"recipe") is not None
    fresh.wait_for_room()
    assert len(waits) == 2
    assert fresh.take("b", b"recipe") is not None
    fresh.wait_for_room()
    assert len(waits) == 2


def test_a_packet_remembered_twice_is_held_once() -> None:
    """Its latest bytes count, and room is counted once."""
    fresh = Fresh(most_bytes=10)
    for _ in range(4):
        fresh.remember(_sealed("a", b"12345"), b"recipe", 1)
    fresh.remember(_sealed("b", b"12345"), b"recipe", 1)
    assert fresh.take("a", b"recipe") == (b"12345",)


def test_large_packets_are_not_remembered() -> None:
    """Of these the signer keeps no bytes."""
    fresh = Fresh()
    fresh.remember(_sealed("a"), b"recipe", 1)
    assert fresh.take("a", b"recipe") is None
