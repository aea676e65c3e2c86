"""What a sender leaves unfinished is bounded, and only that sender feels it."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from connector.broker.consumer import Consumer
from connector.clock import ManualClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow import codes
from connector.flow.crowding import Room
from connector.flow.node import open_node
from connector.flow.receive import Receiver
from connector.model.states import InboxState
from connector.store.parts import Assembly
from tests.unit.flow.test_assembly import Counter

SECOND = dt.timedelta(seconds=1)
PACKET = random.Random(9).randbytes(10_000)  # noqa: S311 - no secret


@pytest.fixture
def narrow(office: Any) -> Counter:
    """A node with room for three unfinished packets, or 40,000 bytes, of each sender."""
    clock = office.node.clock
    assert isinstance(clock, ManualClock)
    return Counter(office.node, clock, room=Room(packets=3, size=40_000, quiet=SECOND))


def begin(counter: Counter, name: str, data: bytes = PACKET, **change: Any) -> None:
    """Let all parts of a packet come but the last one."""
    counter.take(*counter.parts_of(data, 2500, message_id=name, **change)[:-1])
    counter.clock.sleep(1)


def end(counter: Counter, name: str, **change: Any) -> None:
    """Let the last part of a packet come."""
    counter.take(counter.parts_of(PACKET, 2500, message_id=name, **change)[-1])


def names(counter: Counter) -> set[str]:
    """Return the packets that are here whole."""
    return {row.message_id for row in counter.rows()}


def test_the_stalest_of_the_same_sender_gives_way(narrow: Counter) -> None:
    """The packet whose last part came longest ago goes, with an alarm and its files."""
    for name in ("m1", "m2", "m3"):
        begin(narrow, name, name.encode() * 5000)
    narrow.take(narrow.parts_of(b"m1" * 5000, 2500, message_id="m1")[0])  # a copy is no news
    begin(narrow, "m4")
    assert narrow.alarms() == [codes.PARTS_CROWDED.code]
    assert narrow.left_over() == (3, 3)
    end(narrow, "m4")
    assert names(narrow) == {"m4"}
    assert narrow.left_over()[0] == 2


def test_packets_on_their_way_never_give_way(office: Any) -> None:
    """A sender has several large packets under way at once; all of them arrive."""
    clock = office.node.clock
    counter = Counter(office.node, clock, room=Room(packets=3, size=40_000))
    several = [f"m{number}" for number in range(8)]
    packets = [counter.parts_of(name.encode() * 5000, 2500, message_id=name) for name in several]
    for parts in zip(*packets, strict=True):
        counter.take(*parts)
        clock.sleep(60)
    assert names(counter) == set(several)
    assert counter.alarms() == []


@pytest.mark.parametrize(
    ("room", "left"),
    [(Room(packets=3, size=10**9), 12), (Room(packets=100, size=20_000), 8)],
    ids=["packets", "bytes"],
)
def test_a_sender_that_is_fast_is_bounded_too(office: Any, room: Room, left: int) -> None:
    """Beyond four times the room even a packet goes whose last part has just come."""
    clock = office.node.clock
    counter = Counter(office.node, clock, room=room)
    begin(counter, "theirs", user_id="G09")
    for number in range(left):
        begin(counter, f"m{number}")
    assert counter.alarms() == []
    for number in range(left, left + 5):
        begin(counter, f"m{number}")
        assert counter.left_over()[0] == left + 1
    assert counter.alarms() == [codes.PARTS_CROWDED.code] * 5
    for name in ("m5", f"m{left + 4}"):
        end(counter, name)
    end(counter, "theirs", user_id="G09")
    assert names(counter) == {"m5", f"m{left + 4}", "theirs"}


def test_no_sender_has_more_than_is_counted() -> None:
    """However many packets are allowed, so many that the node would lose count are not."""
    now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    several = [
        Assembly(
            assembly=str(number),
            facts={"user_id": "H41", "size": 1000},
            parts=2,
            arrived=1,
            arrived_bytes=500,
            started_at=now,
            updated_at=now,
        )
        for number in range(9000)
    ]
    room = Room(packets=9000, size=10**12)
    assert room.giving_way(several[1:], "H41", 1000, now) == []
    assert room.giving_way(several, "H41", 1000, now) == several[:1]


def test_other_senders_do_not_feel_it(narrow: Counter) -> None:
    """However many packets one sender begins, another's goes through."""
    begin(narrow, "theirs", user_id="G09")
    for number in range(20):
        begin(narrow, f"m{number}")
    end(narrow, "theirs", user_id="G09")
    assert names(narrow) == {"theirs"}
    assert narrow.left_over()[0] == 3


def test_what_gave_way_comes_again(narrow: Counter) -> None:
    """Nothing is remembered against a packet: sent again, it arrives."""
    for name in ("m1", "m2", "m3", "m4"):
        begin(narrow, name)
    narrow.take(*narrow.parts_of(PACKET, 2500, message_id="m1"))
    (row,) = narrow.rows()
    assert (row.message_id, row.state) == ("m1", InboxState.RECEIVED)
    assert narrow.body(row) == PACKET


def test_bytes_count_as_announced(narrow: Counter) -> None:
    """Two packets of 20,000 bytes fit, a third one does not; one larger than all room is let in."""
    begin(narrow, "m1", PACKET * 2)
    begin(narrow, "m2", PACKET[::-1] * 2)
    assert narrow.alarms() == []
    begin(narrow, "m3", PACKET[:3000])
    assert narrow.alarms() == [codes.PARTS_CROWDED.code]
    large = PACKET * 5
    narrow.take(*narrow.parts_of(large, 2500, message_id="large"))
    assert names(narrow) == {"large"}
    assert narrow.left_over()[0] == 0


def test_a_batch_that_fails_removes_nothing(
    narrow: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of what gave way go only after the commit."""
    for name in ("m1", "m2", "m3"):
        begin(narrow, name, name.encode() * 5000)
    kept = narrow.left_over()
    with monkeypatch.context() as patch:
        patch.setattr("connector.flow.assembly.parts.add", _fails)
        with pytest.raises(RuntimeError):
            narrow.take(narrow.parts_of(PACKET, 2500, message_id="m4")[0])
    narrow.restart()
    narrow.assembler.drop([])
    assert narrow.left_over()[0] == kept[0]
    assert narrow.alarms() == []
    narrow.take(narrow.parts_of(b"m1" * 5000, 2500, message_id="m1")[-1])
    assert names(narrow) == {"m1"}


def _fails(*_arguments: object, **_named: object) -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("limits", "left"),
    [("", 3), ("max_unfinished_packets: 2", 2), ("max_unfinished_bytes: 100000", 1)],
)
def test_the_bounds_are_those_of_the_node(office: Any, limits: str, left: int) -> None:
    """connector.yaml says how many packets, and how many bytes of them."""
    path = office.directory / "connector.yaml"
    text = path.read_text(encoding="utf-8").replace("state_dir: state", "state_dir: other")
    path.write_text(f"{text}limits: {{max_packet_bytes: 200000, {limits}}}\n", encoding="utf-8")
    clock = ManualClock()
    node = open_node(load_node(path), clock=clock, emitter=Emitter(CollectorRegistry()))
    try:
        counter = Counter(node, clock)
        counter.assembler = node.assembler
        counter.receiver = Receiver(
            node.ledger,
            node.spool,
            cast("Consumer", counter.at_hand),
            node.receipts,
            node.assembler,
        )
        for name in ("m1", "m2", "m3"):
            counter.take(counter.parts_of(PACKET * 8, 40_000, message_id=name)[0])
            clock.sleep(3600)
        assert counter.left_over()[0] == left
    finally:
        node.close()
