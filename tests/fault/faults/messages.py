"""Faults of what arrives: F14, F15, F18, F19, F24, F26."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from connector.broker.message import OutcomeKind, Outgoing
from tests.fault.arena import HOSTILE, Arena
from tests.fault.evidence import query, sent_bodies
from tests.fault.forks import until
from tests.fault.runner import Runner
from tests.fault.world import Site

__all__ = [
    "copies",
    "flood",
    "huge_raw",
    "huge_row",
    "other_content",
    "poison",
    "statuses_twice",
    "tampered_copy",
]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A packet that an agency has sent."""

    packet_id: str
    kind: str
    receiver: str
    body: bytes


def _sent(arena: Arena, code: str, kind: str, limit: int = 8) -> list[_Sent]:
    agency = arena.world.agencies[code]
    rows = query(
        agency.database,
        "SELECT p.packet_id, p.kind, d.receiver FROM outbox_packet p JOIN delivery d"
        " ON d.packet_id = p.packet_id WHERE p.kind = ? AND d.receiver != 'H29'"
        " ORDER BY p.position DESC LIMIT ?",
        kind,
        limit,
    )
    bodies = sent_bodies(agency, [row["packet_id"] for row in rows])
    return [
        _Sent(row["packet_id"], row["kind"], row["receiver"], bodies[row["packet_id"]] or b"")
        for row in rows
    ]


def _message(user: str, receiver: str, body: bytes, **properties: Any) -> Outgoing:
    plain: dict[str, Any] = {
        "key": (str(uuid.uuid4()), receiver),
        "exchange": "edoc",
        "routing_key": receiver,
        "message_id": str(uuid.uuid4()),
        "type": "document",
        "user_id": user,
        "headers": {"edoc-receiver": receiver, "edoc-environment": "test", "edoc-sender": user},
    }
    return Outgoing(body=body, **{**plain, **properties})


def _again(arena: Arena, code: str, kind: str) -> None:
    """Publish what an agency has sent once more, several times, in another order."""
    known = _sent(arena, code, kind)
    thrown = [
        _message(code, one.receiver, one.body, message_id=one.packet_id, type=one.kind)
        for one in known * 2
    ]
    arena.rolls.shuffle(thrown)
    outcomes = arena.throw(code, *thrown)
    kinds = {outcome.kind for outcome in outcomes}
    assert kinds <= {OutcomeKind.CONFIRMED}, f"copies were not taken: {kinds}"


@contextmanager
def copies(arena: Arena) -> Iterator[None]:
    """The broker delivers documents several times, in any order."""
    _again(arena, arena.any_code(), "document")
    yield
    for code in arena.codes:
        _again(arena, code, "document")


@contextmanager
def statuses_twice(arena: Arena) -> Iterator[None]:
    """The broker delivers statuses several times, older ones after newer ones."""
    yield
    for code in arena.codes:
        _again(arena, code, "status")


@contextmanager
def poison(arena: Arena) -> Iterator[None]:
    """What no parser and no verifier likes arrives between the documents."""
    code = arena.any_code()
    there = arena.other(code)
    packet = _sealed_by_a_twin(arena, arena.sites[code], arena.number())
    half = packet[: arena.rolls.randrange(1, len(packet))]
    deep = b"<a>" * 50_000
    junk = arena.rolls.randbytes(5_000)
    bodies = [b"", bytes(100), half, _flipped(arena, packet), deep, junk]
    before = _set_aside(arena, there)
    thrown = [_message(code, there, body) for body in bodies]
    strange = _message(code, there, b"<x/>", type="", headers={"edoc-receiver": there})
    arena.throw(code, *thrown, strange)
    yield
    came = until(lambda: _set_aside(arena, there) >= before + 6, 30.0, 0.1)
    assert came, "not everything was set aside"


@contextmanager
def tampered_copy(arena: Arena) -> Iterator[None]:
    """A delivered document comes again with one letter changed, under its sender's account.

    The refusal of the copy must not turn the delivered document into a refused one.
    """
    code = arena.any_code()
    there = arena.other(code)
    document = arena.sites[code].record(arena.number(), [there])
    assert arena.rest([document]), "a document before"
    number = document.rpartition(",")[2]
    (packet, *_) = _sent(arena, code, "document", 1)
    changed = packet.body.replace(f"số {number}".encode(), f"so {number}".encode(), 1)
    before = _set_aside(arena, there)
    arena.throw(code, _message(code, there, changed))
    yield
    came = until(lambda: _set_aside(arena, there) > before, 30.0, 0.1)
    assert came, "the changed copy was not set aside"
    arena.pause(1.5, 2.0)
    assert arena.states(document) == ["accepted"], f"it is {arena.states(document)} now"


def _flipped(arena: Arena, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[arena.rolls.randrange(len(changed))] ^= 1 << arena.rolls.randrange(7)
    return bytes(changed)


def _set_aside(arena: Arena, code: str) -> int:
    rows = query(
        arena.sites[code].database,
        "SELECT count(*) AS n FROM inbox_message WHERE state IN ('quarantined', 'refused')",
    )
    return int(rows[0]["n"]) if rows else 0


@contextmanager
def huge_row(arena: Arena) -> Iterator[None]:
    """A file above the limit: refused at the sender with its reason, the others leave."""
    site = arena.sites[arena.any_code()]
    number = arena.number()
    name = f"{number.replace('/', '-')}-0.pdf"
    arena.excused.add(site.document_id(number))
    site.record(number, [arena.other(site.code)])
    (site.directory / "adapter" / "files" / name).write_bytes(bytes(5_000_001))
    yield
    (site.directory / "adapter" / "files" / name).write_bytes(bytes(5_000_001))


@contextmanager
def huge_raw(arena: Arena) -> Iterator[None]:
    """A message above the receiver's limit, from a sender that does not check."""
    code = arena.any_code()
    there = arena.other(code)
    before = _set_aside(arena, there)
    arena.throw(code, _message(code, there, b"<edXML>" + b"x" * 12_000_000 + b"</edXML>"))
    yield
    came = until(lambda: _set_aside(arena, there) > before, 30.0, 0.1)
    assert came, "it was not set aside"


@contextmanager
def other_content(arena: Arena) -> Iterator[None]:
    """A rightly signed packet with the id of an earlier document and other content."""
    code = arena.any_code()
    there = arena.other(code)
    site = arena.sites[code]
    document = site.record(arena.number(), [there])
    assert arena.rest([document]), "a document before"
    number = document.rpartition(",")[2]
    forged = _sealed_by_a_twin(arena, site, number)
    before = _set_aside(arena, there)
    arena.throw(code, _message(code, there, forged))
    yield
    came = until(lambda: _set_aside(arena, there) > before, 30.0, 0.1)
    assert came, "the second content was not set aside"
    assert not arena.judge([document])


def _sealed_by_a_twin(arena: Arena, site: Site, number: str) -> bytes:
    """Seal another content with the agency's key on an empty node of the same configuration."""
    directory = arena.root / "world" / f"{site.code}-twin"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(site.directory, directory, ignore=shutil.ignore_patterns("state", "sink"))
    twin = Site(site.code, directory)
    header = twin.export.read_text("utf-8").splitlines()[0]
    twin.export.write_text(header + "\n", encoding="utf-8")
    twin.record(number, [arena.other(site.code)], TrichYeu="V/v nội dung khác")
    runner = Runner(twin)
    try:
        assert runner.collect() == 1
    finally:
        runner.close()
    agency = replace(
        arena.world.agencies[site.code], database=twin.database, spool=twin.state / "spool"
    )
    (body,) = sent_bodies(agency).values()
    return body or b""


@contextmanager
def flood(arena: Arena) -> Iterator[None]:
    """An agency sends masses of what is not its own: documents, receipts for others, junk."""
    code = arena.any_code()
    there = arena.other(code)
    stolen = _sent(arena, code, "document") + _sent(arena, code, "status")
    thrown = [_message(HOSTILE, there, one.body, type=one.kind) for one in stolen]
    thrown += [_message(HOSTILE, there, json.dumps({"n": n}).encode()) for n in range(40)]
    before = _answers(arena, there)
    arena.throw(HOSTILE, *thrown)
    yield
    assert _answers(arena, there) == before, "a forgery was answered"


def _answers(arena: Arena, code: str) -> int:
    rows = query(
        arena.sites[code].database,
        "SELECT count(*) AS n FROM delivery WHERE receiver = ?",
        HOSTILE,
    )
    return int(rows[0]["n"]) if rows else 0
