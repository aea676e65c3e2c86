"""What is stuck in numbers is set going again with one command, and never by mistake."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.store import inbox
from connector.store.inbox import NewMessage
from connector.store.spool import Spool
from connector.store.store import Store
from tests.integration.cli.conftest import Pair

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def _returned(pair: Pair) -> list[tuple[str, str]]:
    rows = pair.sender.deliveries("--state", "returned")
    return sorted((row["packet_id"], row["receiver"]) for row in rows)


def test_all_that_was_returned_is_sent_again(pair: Pair) -> None:
    """`outbox retry --all` queues every stuck delivery, what has arrived stays as it is."""
    stuck = _returned(pair)
    settled = {row["packet_id"]: row["state"] for row in pair.sender.deliveries()}
    assert stuck
    asked = pair.sender.do("outbox", "retry", "--all")
    assert (asked.status, "--yes" in asked.err) == (2, True)
    dry = pair.sender.do("outbox", "retry", "--all", "--dry-run")
    assert sorted(dry.out.splitlines()) == [f"would send {p} to {r} again" for p, r in stuck]
    assert _returned(pair) == stuck
    assert pair.sender.do("outbox", "retry", "--all", "--yes").status == 0
    assert _returned(pair) == []
    queued = pair.sender.deliveries("--state", "queued")
    assert sorted((row["packet_id"], row["receiver"]) for row in queued) == stuck
    nothing = pair.sender.do("outbox", "retry", "--all", "--yes")
    assert (nothing.status, "nothing to send again" in nothing.err) == (0, True)
    pair.sender.once()
    assert _returned(pair) == stuck
    assert {row["packet_id"]: row["state"] for row in pair.sender.deliveries()} == settled


def test_the_choice_among_all(pair: Pair) -> None:
    """`--state`, `--kind` and `--receiver` choose; several packets are named at once."""
    stuck = _returned(pair)
    for arguments in (("--state", "parked"), ("--kind", "status"), ("--receiver", "H41")):
        said = pair.sender.do("outbox", "retry", "--all", *arguments, "--dry-run")
        assert (said.status, said.out) == (0, "")
    said = pair.sender.do("outbox", "retry", "--all", "--receiver", "G09", "--dry-run")
    assert len(said.out.splitlines()) == len(stuck)
    named = dict.fromkeys(packet for packet, _ in stuck)
    said = pair.sender.do("outbox", "retry", *named, *named, "--dry-run")
    assert len(said.out.splitlines()) == len(named)
    unknown = pair.sender.do("outbox", "retry", *named, "no-such-thing", "--yes")
    assert (unknown.status, "EDX-7030" in unknown.err) == (65, True)
    assert _returned(pair) == stuck


@pytest.mark.parametrize("room", ["outbox", "inbox"])
@pytest.mark.parametrize(
    "arguments", [(), ("x", "--all"), ("x", "--state", "parked"), ("x", "--kind", "status")]
)
def test_a_forgotten_name_means_nothing(pair: Pair, room: str, arguments: tuple[str, ...]) -> None:
    """Neither no name nor a name beside --all is taken for everything."""
    said = pair.sender.do(room, "retry", *arguments, "--yes")
    assert (said.status, "--all" in said.err) == (2, True)


def test_all_that_was_parked_is_processed_again(pair: Pair) -> None:
    """`inbox retry --all` takes what is parked; what is quarantined only if it is asked for."""
    keys = [_strange(pair, number) for number in range(3)]
    for key in keys:
        said = pair.receiver.do("inbox", "park", key, "--reason", "thử", "--yes")
        assert said.status == 0, said.err
    assert set(keys) <= set(_in_state(pair, "parked"))
    dry = pair.receiver.do("inbox", "retry", "--all", "--dry-run")
    assert {f"would process {key} again" for key in keys} <= set(dry.out.splitlines())
    assert pair.receiver.do("inbox", "retry", "--all", "--yes").status == 0
    assert _in_state(pair, "parked") == []
    pair.receiver.once()
    assert set(keys) <= set(_in_state(pair, "quarantined"))
    again = pair.receiver.do("inbox", "retry", "--all", "--yes")
    assert (again.status, "nothing to process again" in again.err) == (0, True)
    again = pair.receiver.do("inbox", "retry", "--all", "--state", "quarantined", "--dry-run")
    assert {f"would process {key} again" for key in keys} <= set(again.out.splitlines())


def test_cases_are_closed_together(pair: Pair) -> None:
    """`inbox close` takes several, with a reason, and leaves them quarantined."""
    keys = [_strange(pair, number) for number in (20, 21)]
    pair.receiver.once()
    without = pair.receiver.do("inbox", "close", *keys, "--yes")
    assert (without.status, "--reason" in without.err) == (2, True)
    reason = ("--reason", "đã hỏi cơ quan gửi")
    dry = pair.receiver.do("inbox", "close", *keys, *keys, *reason, "--dry-run")
    assert dry.out.splitlines() == [f"would close the case of {key}" for key in keys]
    assert pair.receiver.do("inbox", "close", *keys, *reason, "--yes").status == 0
    rows = pair.receiver.do("inbox", "list", "--state", "quarantined", "--json").data
    closed = {row["message_key"] for row in rows if row["closed_at"]}
    assert closed == set(keys)
    assert pair.receiver.do("inbox", "list", "--state", "quarantined").out.count(", closed ") == 2
    dry = pair.receiver.do("inbox", "retry", "--all", "--state", "quarantined", "--dry-run")
    assert not any(key in dry.out for key in keys)
    again = pair.receiver.do("inbox", "close", keys[0], *reason, "--yes")
    assert (again.status, "closed" in again.err) == (65, True)
    assert pair.receiver.do("inbox", "close", keys[0], "--reason", " ", "--yes").status == 2
    delivered = pair.receiver.do("inbox", "list", "--state", "delivered", "--json").data[0]
    wrong = pair.receiver.do("inbox", "close", delivered["message_key"], *reason, "--yes")
    assert (wrong.status, "delivered" in wrong.err) == (65, True)


def test_one_that_fails_stops_no_other(pair: Pair) -> None:
    """Of several named messages those that can be are processed, the others are told: 65."""
    key = _strange(pair, 9)
    assert pair.receiver.do("inbox", "park", key, "--reason", "thử", "--yes").status == 0
    done = pair.receiver.do("inbox", "list", "--state", "delivered", "--json").data[0]
    said = pair.receiver.do("inbox", "retry", done["message_key"], key, "--yes")
    assert (said.status, "delivered" in said.err) == (65, True)
    assert key in _in_state(pair, "received")
    pair.receiver.once()


def test_a_packet_of_the_inbox_is_written_as_it_came(pair: Pair, tmp_path: Path) -> None:
    """`inbox export` writes every byte, more than it reads at once."""
    body = b"<a>" + bytes(range(256)) * 9000
    key = _strange(pair, 10, body)
    assert pair.receiver.do("inbox", "export", key, tmp_path / "as-it-came").status == 0
    assert (tmp_path / "as-it-came").read_bytes() == body


def _in_state(pair: Pair, state: str) -> list[str]:
    rows = pair.receiver.do("inbox", "list", "--state", state, "--json").data
    return [row["message_key"] for row in rows]


def _strange(pair: Pair, number: int, body: bytes = b"") -> str:
    """Put a message that is no packet into the receiver's inbox, as it would come."""
    state = pair.directory / "state-H41"
    spooled = Spool(state / "spool").put(body or f"<no-packet n='{number}'/>".encode())
    new = NewMessage(
        user_id="G22",
        message_id=f"strange-{number}",
        type="document",
        queue="edoc.H41.inbox",
        body_sha256=spooled.sha256,
        body_size=spooled.size,
        headers={},
        received_at=dt.datetime.now(dt.UTC),
        receiver="H41",
    )
    store = Store.open(state, clock=SystemClock())
    with closing(store), store.begin() as tx:
        assert inbox.receive(tx, new)
    return new.message_key
