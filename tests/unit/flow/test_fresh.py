"""What is remembered of packets that were sealed a moment ago."""

from __future__ import annotations

import datetime as dt

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


def test_the_oldest_are_forgotten() -> None:
    """No more is held than is allowed, whatever is never asked for."""
    fresh = Fresh(most_bytes=10)
    for name in "abc":
        fresh.remember(_sealed(name, b"12345"), b"recipe", 1)
    assert fresh.take("a", b"recipe") is None
    assert fresh.take("b", b"recipe") == (b"12345",)
    assert fresh.take("c", b"recipe") == (b"12345",)
    fresh.remember(_sealed("d", b"1234567890!"), b"recipe", 1)
    assert fresh.take("d", b"recipe") is None


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
