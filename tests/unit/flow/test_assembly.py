"""Packets that come in parts: any order, copies, restarts, conflicts, limits, those left over."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from connector.broker.consumer import Consumer
from connector.broker.message import DeliveryTag, Incoming
from connector.clock import ManualClock
from connector.errors import StorageError
from connector.flow import codes
from connector.flow.assembly import Assembler
from connector.flow.crowding import GENEROUS, Room
from connector.flow.node import Node
from connector.flow.receive import Receiver
from connector.model.content import read_all
from connector.model.states import InboxState
from connector.store import inbox, journal, parts
from connector.store.codes import DISK_FULL, PARTS_GONE
from connector.store.inbox import InboxMessage
from connector.store.parts import Piece
from connector.store.spool import Spool

DIGEST = "ab" * 32
EXPIRE = 1000.0
LIMIT = 100_000


@dataclass
class AtHand:
    """Messages that have arrived, and what was acknowledged of them."""

    waiting: list[Incoming] = field(default_factory=list)
    acked: list[DeliveryTag] = field(default_factory=list)

    def receive_many(self, limit: int, _timeout: float) -> list[Incoming]:
        """Return up to `limit` messages."""
        found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return found

    def ack(self, tags: Sequence[DeliveryTag]) -> None:
        """Note tags."""
        self.acked += tags


class Counter:
    """The receiving side of a node that messages in parts reach."""

    def __init__(self, node: Node, clock: ManualClock, room: Room = GENEROUS) -> None:
        self.node = node
        self.clock = clock
        self.room = room
        self.numbers = itertools.count(1)
        self.restart()

    def restart(self) -> None:
        """Begin again with what is durable."""
        self.at_hand = AtHand()
        state = self.node.config.state_dir
        self.parts_spool = Spool(state / "parts")
        self.assembler = Assembler(
            self.node.ledger,
            self.node.spool,
            self.parts_spool,
            max_bytes=LIMIT,
            expire_seconds=EXPIRE,
            room=self.room,
        )
        self.receiver = Receiver(
            self.node.ledger,
            self.node.spool,
            cast("Consumer", self.at_hand),
            self.node.receipts,
            self.assembler,
        )

    def message(self, body: bytes, **change: Any) -> Incoming:
        """Return a message as the broker gives it."""
        headers = {"edoc-receiver": "G22", "edoc-environment": "test", "edoc-sha256": DIGEST}
        headers |= change.pop("headers", {})
        plain: dict[str, Any] = {
            "user_id": "H41",
            "message_id": "m1",
            "type": "document",
            "correlation_id": None,
            "queue": "edoc.G22.inbox",
            "redelivered": False,
            "tag": DeliveryTag(0, next(self.numbers)),
        }
        return Incoming(body=body, headers=headers, **(plain | change))

    def parts_of(self, packet: bytes, size: int, **change: Any) -> list[Incoming]:
        """Return a packet as messages of `size` bytes."""
        pieces = [packet[at : at + size] for at in range(0, len(packet), size)]
        return [
            self.message(
                piece,
                headers={"edoc-part": number, "edoc-parts": len(pieces), "edoc-size": len(packet)}
                | change.get("headers", {}),
                **{name: value for name, value in change.items() if name != "headers"},
            )
            for number, piece in enumerate(pieces, 1)
        ]

    def take(self, *messages: Incoming, at_once: int = 64) -> None:
        """Let messages arrive, so many at once; all must be acknowledged."""
        for start in range(0, len(messages), at_once):
            batch = list(messages[start : start + at_once])
            self.at_hand.waiting += batch
            before = len(self.at_hand.acked)
            self.receiver.pump()
            assert self.at_hand.acked[before:] == [message.tag for message in batch]

    def rows(self) -> list[InboxMessage]:
        """Return what is in the inbox, oldest first."""
        with self.node.store.read() as tx:
            return inbox.list_messages(tx, limit=100)[::-1]

    def body(self, row: InboxMessage) -> bytes:
        """Return the bytes of a message."""
        return read_all(self.node.spool.verify(row.body_sha256))

    def left_over(self) -> tuple[int, int]:
        """Return how many assemblies are open, and how many files of parts there are."""
        with self.node.store.read() as tx:
            open_ones = parts.open_assemblies(tx, 100)
        return len(open_ones), len(list(self.parts_spool.digests()))

    def alarms(self) -> list[str]:
        """Return the codes of all alarms."""
        with self.node.store.read() as tx:
            entries = journal.entries(tx, limit=1000)
        return [each.facts["error_code"] for each in entries if each.event == "alarm_raised"]


@pytest.fixture
def counter(office: Any) -> Counter:
    """The receiving side of a node."""
    clock = office.node.clock
    assert isinstance(clock, ManualClock)
    return Counter(office.node, clock)


PACKET = random.Random(7).randbytes(10_000)  # noqa: S311 - no secret


def shuffled(messages: list[Incoming]) -> list[Incoming]:
    """Return messages in another order, the same each time."""
    return random.Random(3).sample(messages, len(messages))  # noqa: S311 - no secret


@pytest.mark.parametrize("order", [list, lambda messages: messages[::-1], shuffled])
@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_any_order(
    counter: Counter, order: Callable[[list[Incoming]], list[Incoming]], at_once: int
) -> None:
    """In whatever order and groups the parts come, the packet is one message of its bytes."""
    counter.take(*order(counter.parts_of(PACKET, 1500)), at_once=at_once)
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert (row.state, row.body_size, row.user_id) == (InboxState.RECEIVED, 10_000, "H41")
    assert (row.message_id, row.headers["edoc-sha256"]) == ("m1", DIGEST)
    assert "edoc-part" not in row.headers
    assert counter.left_over() == (0, 0)


def test_copies_of_parts(counter: Counter) -> None:
    """A part that comes twice counts once."""
    messages = counter.parts_of(PACKET, 3000)
    again = counter.parts_of(PACKET, 3000)
    counter.take(messages[0], again[0], messages[2], again[2], again[0])
    assert counter.rows() == []
    counter.take(messages[1], messages[3], again[3], at_once=1)
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert (row.copies, counter.left_over()) == (1, (0, 0))


def test_interleaved_packets(counter: Counter) -> None:
    """Parts of several packets, senders and receivers never mix, even where bytes are the same."""
    other = PACKET[:6000] + PACKET[:4000]
    streams = [
        counter.parts_of(PACKET, 2000),
        counter.parts_of(other, 2000, message_id="m2"),
        counter.parts_of(PACKET, 2000, user_id="G09"),
        counter.parts_of(PACKET, 2000, headers={"edoc-receiver": "G22.01"}),
        counter.parts_of(PACKET, 2000, headers={"edoc-sha256": "cd" * 32}, message_id="m3"),
    ]
    counter.take(*itertools.chain(*zip(*streams, strict=True)), at_once=4)
    rows = counter.rows()
    assert sorted(counter.body(row) for row in rows) == sorted([PACKET] * 4 + [other])
    assert len({row.message_key for row in rows}) == len(streams)
    assert counter.left_over() == (0, 0)


def test_a_restart_between_parts(counter: Counter) -> None:
    """Parts that were acknowledged are there after a restart."""
    messages = counter.parts_of(PACKET, 2500)
    counter.take(*messages[:2])
    counter.restart()
    counter.take(*messages[2:])
    (row,) = counter.rows()
    assert counter.body(row) == PACKET


def test_a_restart_before_the_parts_are_joined(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends when all parts are durable joins them when it begins again."""
    messages = counter.parts_of(PACKET, 2500)
    counter.at_hand.waiting += messages
    with monkeypatch.context() as patch:
        patch.setattr(counter.assembler, "join", killed)
        with pytest.raises(Killed):
            counter.receiver.pump()
    assert len(counter.at_hand.acked) == len(messages)
    assert counter.rows() == []
    counter.restart()
    counter.receiver.pump()
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


class Killed(BaseException):
    """Stands for SIGKILL."""


def killed(*_: object) -> None:
    """Stand for whatever the process was about to do."""
    raise Killed


def full_disk(*_: object, **__: object) -> Any:
    """Stand for anything that is written to a full disk."""
    raise StorageError(DISK_FULL.at("state", reason="No space left on device"))


@pytest.mark.parametrize("where", ["spool", "store"])
def test_a_full_disk_loses_no_message(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What could not be stored is not acknowledged, stays in hand and is stored first, in order."""
    first, second = counter.message(b"one", message_id="m1"), counter.message(b"2", message_id="m2")
    later = counter.message(b"three", message_id="m3")
    counter.at_hand.waiting += [first, second]
    with monkeypatch.context() as patch:
        if where == "spool":
            patch.setattr(counter.node.spool, "put_many", full_disk)
        else:
            patch.setattr(inbox, "receive_many", full_disk)
        for _ in range(2):
            with pytest.raises(StorageError):
                counter.receiver.pump()
    assert (counter.rows(), counter.at_hand.acked) == ([], [])
    counter.at_hand.waiting.append(later)
    assert counter.receiver.pump() == len([first, second])
    assert counter.at_hand.acked == [first.tag, second.tag]
    counter.receiver.pump()
    assert [row.message_id for row in counter.rows()] == ["m1", "m2", "m3"]
    assert counter.at_hand.acked[2:] == [later.tag]


def test_a_message_in_hand_that_the_broker_gives_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept over a lost connection is stored once, and its copy acknowledged."""
    counter.at_hand.waiting.append(counter.message(b"one"))
    with monkeypatch.context() as patch:
        patch.setattr(counter.node.spool, "put_many", full_disk)
        with pytest.raises(StorageError):
            counter.receiver.pump()
    again = counter.message(b"one", redelivered=True)
    counter.at_hand.waiting.append(again)
    counter.receiver.pump()
    counter.receiver.pump()
    (row,) = counter.rows()
    assert (row.copies, counter.at_hand.acked[-1]) == (2, again.tag)


def test_joining_that_failed_is_tried_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that were acknowledged while the disk had no room for the whole are joined later."""
    counter.receiver.pump()
    counter.at_hand.waiting += counter.parts_of(PACKET, 2500)
    with monkeypatch.context() as patch:
        patch.setattr(counter.node.spool, "adopt", full_disk)
        for _ in range(2):
            with pytest.raises(StorageError):
                counter.receiver.pump()
    assert (counter.rows(), len(counter.at_hand.acked)) == ([], 4)
    counter.receiver.pump()
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


@pytest.mark.parametrize("gone", [None, 2499])
@pytest.mark.parametrize("missed_at", ["the last part", "the third part", "a restart"])
def test_parts_that_are_gone_from_the_disk(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, gone: int | None, missed_at: str
) -> None:
    """A packet of which bytes are gone raises an alarm and can be sent again."""
    messages = counter.parts_of(PACKET, 2500)
    early = {"the last part": 3, "the third part": 2, "a restart": 4}[missed_at]
    with monkeypatch.context() as patch:
        patch.setattr(counter.assembler, "join", lambda _: None)
        counter.take(*messages[:early])
    (file,) = (counter.node.config.state_dir / "parts").glob("??/*")
    if gone is None:
        file.unlink()
    else:
        os.truncate(file, gone)
    if missed_at == "a restart":
        counter.restart()
        counter.receiver.pump()
    else:
        counter.take(*messages[early:])
    assert counter.alarms() == [PARTS_GONE.code]
    assert counter.rows() == []
    counter.take(*counter.parts_of(PACKET, 2500))
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


def test_parts_in_order_are_not_copied(counter: Counter) -> None:
    """The file in which they stand becomes the packet's; the parts after a restart too."""
    messages = counter.parts_of(PACKET, 1500)
    counter.take(*messages[:3], at_once=2)
    (file,) = (counter.node.config.state_dir / "parts").glob("??/*")
    before = file.stat().st_ino
    counter.restart()
    counter.take(*messages[3:], at_once=3)
    (row,) = counter.rows()
    assert counter.node.spool.get(row.body_sha256).path.stat().st_ino == before
    assert counter.node.spool.get(row.body_sha256).path.stat().st_nlink == 1


def test_a_packet_is_whole_where_files_have_one_name_only(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the spool is on another disk than the parts, the packet is copied."""

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    counter.take(*counter.parts_of(PACKET, 2500))
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


def test_what_was_not_recorded_is_overwritten(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of a batch that was not committed stand in the file without being believed."""
    other = counter.parts_of(PACKET[::-1], 2500)
    counter.take(counter.parts_of(PACKET, 2500)[0])
    counter.at_hand.waiting += other[1:3]
    with monkeypatch.context() as patch:
        patch.setattr(parts, "add", full_disk)
        with pytest.raises(StorageError):
            counter.receiver.pump()
    counter.restart()
    counter.take(*counter.parts_of(PACKET, 2500)[1:], at_once=1)
    (row,) = counter.rows()
    assert counter.body(row) == PACKET


def test_a_packet_that_gives_way_is_whole_if_it_does_not(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of its part comes in the transaction in which it gives way, and that one fails."""
    counter.room = Room(packets=1, size=GENEROUS.size, at_most=1)
    counter.restart()
    old, new = counter.parts_of(PACKET, 2500), counter.parts_of(PACKET, 2500, message_id="m2")
    counter.take(*old[:2])
    counter.at_hand.waiting += [new[0], counter.parts_of(PACKET, 2500)[0]]
    with monkeypatch.context() as patch:
        patch.setattr(journal, "append_many", full_disk)
        with pytest.raises(StorageError):
            counter.receiver.pump()
    counter.restart()
    counter.take(*old[2:])
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.alarms() == []


def test_a_copy_of_a_part_of_what_has_just_given_way(counter: Counter) -> None:
    """It begins the packet anew, which becomes whole once all of its parts come again."""
    counter.room = Room(packets=1, size=GENEROUS.size, at_most=1)
    counter.restart()
    old, new = counter.parts_of(PACKET, 2500), counter.parts_of(PACKET, 2500, message_id="m2")
    counter.take(*old[:2])
    counter.take(new[0], counter.parts_of(PACKET, 2500)[0])
    assert counter.alarms() == [codes.PARTS_CROWDED.code] * 2
    counter.take(*old[1:])
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


def test_a_packet_in_the_spool_is_not_written_to(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its second name was removed, then parts by the same name: evidence stays."""
    counter.at_hand.waiting += counter.parts_of(PACKET, 2500)
    with monkeypatch.context() as patch:
        patch.setattr(counter.assembler, "drop", killed)
        with pytest.raises(Killed):
            counter.receiver.pump()
    (row,) = counter.rows()
    assert counter.left_over() == (0, 1)
    with counter.node.store.begin() as tx:  # so that its parts are taken once more
        inbox.update(tx, row.message_key, state=InboxState.QUARANTINED, now=counter.clock.now())
    counter.restart()
    counter.take(*counter.parts_of(PACKET[::-1], 2500))
    assert [counter.body(each) for each in counter.rows()] == [PACKET, PACKET[::-1]]
    assert counter.left_over() == (0, 0)


@pytest.mark.parametrize("early", [1, 2, 4])
def test_parts_that_an_older_version_took(counter: Counter, early: int) -> None:
    """Each lies in a file of its own, named by its digest; the others come to the new one."""
    messages = counter.parts_of(PACKET, 2500)
    counter.take(messages[0])
    with counter.node.store.begin() as tx:
        (found,) = parts.open_assemblies(tx, 10)
        parts.remove(tx, found.assembly)
        for number in range(early):
            data = PACKET[2500 * number : 2500 * (number + 1)]
            piece = Piece(number + 1, None, 2500, counter.parts_spool.put(data).sha256)
            now = counter.clock.now()
            parts.add(tx, found.assembly, piece, of=4, facts=found.facts, now=now)
    counter.parts_spool.remove(found.assembly)
    counter.restart()
    counter.take(*messages[early - 1 :])
    counter.receiver.pump()
    (row,) = counter.rows()
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)
    counter.take(*messages)
    assert len(counter.rows()) == 1


def test_a_packet_sent_again_in_parts(counter: Counter) -> None:
    """Parts of a packet that is here are dropped, and do not wait for the others."""
    counter.take(*counter.parts_of(PACKET, 2500))
    counter.take(*counter.parts_of(PACKET, 2500)[1:3])
    counter.take(*counter.parts_of(PACKET, 2500))
    assert len(counter.rows()) == 1
    assert counter.left_over() == (0, 0)


def test_another_body_under_the_same_number(counter: Counter) -> None:
    """The part that came first counts; the other one is kept as evidence."""
    messages = counter.parts_of(PACKET, 2500)
    forged = counter.parts_of(PACKET[:2500] + bytes(2500) + PACKET[5000:], 2500)[1]
    counter.take(messages[0], messages[1], forged, messages[2], messages[3])
    aside, row = counter.rows()
    assert [each["code"] for each in aside.findings] == [codes.PART_CONFLICT.code]
    assert aside.state is InboxState.QUARANTINED
    assert counter.body(aside) == bytes(2500)
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"edoc-part": 0},
        {"edoc-part": 9},
        {"edoc-part": "1"},
        {"edoc-part": True},
        {"edoc-part": None},
        {"edoc-parts": 0},
        {"edoc-parts": 1 << 40},
        {"edoc-parts": "4"},
        {"edoc-size": LIMIT + 1},
        {"edoc-size": -1},
        {"edoc-size": 2499},
        {"edoc-size": None},
        {"edoc-sha256": "x"},
    ],
)
def test_headers_that_cannot_be(counter: Counter, headers: dict[str, Any]) -> None:
    """The first such part is set aside with its reason, the rest is acknowledged and dropped."""
    counter.take(*counter.parts_of(PACKET, 2500, headers=headers))
    (row,) = counter.rows()
    assert row.state is InboxState.QUARANTINED
    assert [each["code"] for each in row.findings] == [codes.PART_UNUSABLE.code]
    assert counter.body(row) == PACKET[:2500]
    assert counter.left_over() == (0, 0)


def test_a_part_without_user(counter: Counter) -> None:
    """A part of nobody is set aside like any message of nobody."""
    counter.take(*counter.parts_of(PACKET, 2500, user_id=None))
    (row,) = counter.rows()
    assert row.state is InboxState.QUARANTINED
    assert [each["code"] for each in row.findings] == [codes.MESSAGE_WITHOUT_USER.code]


def test_fewer_bytes_than_announced(counter: Counter) -> None:
    """Parts that are all there but too small are set aside as one message."""
    counter.take(*counter.parts_of(PACKET, 2500, headers={"edoc-size": 20_000}))
    (row,) = counter.rows()
    assert row.state is InboxState.QUARANTINED
    assert [each["code"] for each in row.findings] == [codes.PARTS_MISMATCH.code]
    assert counter.body(row) == PACKET
    assert counter.left_over() == (0, 0)


def test_more_bytes_than_announced(counter: Counter) -> None:
    """Nobody fills the disk under a small announcement: what is too much is set aside and told."""
    whole = counter.parts_of(PACKET, 2500)
    thick = counter.parts_of(bytes(4 * 7000), 7000, headers={"edoc-size": len(PACKET)})
    counter.take(thick[0], thick[1], thick[2], thick[3])
    (row,) = counter.rows()
    assert row.state is InboxState.QUARANTINED
    assert [each["code"] for each in row.findings] == [codes.PART_UNUSABLE.code]
    assert "more than" in row.findings[0]["en"]
    assert counter.left_over() == (1, 1)
    counter.take(*(replace(each, message_id="m2") for each in whole))
    assert counter.body(counter.rows()[-1]) == PACKET


def test_what_never_becomes_whole(counter: Counter) -> None:
    """An abandoned packet is removed in the end, with an alarm; a fresh one goes on waiting."""
    counter.take(*counter.parts_of(PACKET, 2500)[:2])
    counter.clock.sleep(EXPIRE - 10)
    counter.take(*counter.parts_of(PACKET[::-1], 2500, message_id="m2")[:1])
    assert counter.left_over() == (2, 2)
    counter.clock.sleep(20)
    counter.restart()
    counter.receiver.pump()
    assert counter.left_over() == (1, 1)
    assert counter.alarms() == [codes.PARTS_EXPIRED.code]


def test_packets_of_the_same_bytes(counter: Counter) -> None:
    """What becomes whole takes nothing from another one of the same bytes."""
    counter.take(*counter.parts_of(PACKET, 2500, message_id="m2")[:3])
    counter.take(*counter.parts_of(PACKET, 2500))
    assert counter.left_over() == (1, 1)
    counter.take(*counter.parts_of(PACKET, 2500, message_id="m2")[3:])
    assert [counter.body(row) for row in counter.rows()] == [PACKET, PACKET]
    assert counter.left_over() == (0, 0)


def test_the_key_is_by_what_cannot_be_forged(counter: Counter) -> None:
    """Another user cannot add to somebody's packet."""
    messages = counter.parts_of(PACKET, 2500)
    theirs = counter.parts_of(PACKET, 2500, user_id="G09")
    counter.take(*messages[:3], theirs[3])
    assert counter.rows() == []
    counter.take(messages[3])
    (row,) = counter.rows()
    assert hashlib.sha256(PACKET).hexdigest() == row.body_sha256
