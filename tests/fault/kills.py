"""SIGKILL at named points: both roles, every kind of document, judged after each recovery.

A lane is a sender and a receiver with the broker between them. For each kill a row is written, a
person recalls, or replies; one of the two nodes is killed at the n-th passage of a point, started
again without it, and must come to rest by itself. Then the checker looks at the documents that
were touched, and at everything at the end of a slice.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.broker.sandbox import Sandbox
from connector.broker.topology import dead_queue, queues_of
from connector.trust.pki import DevPki
from tests.fault.checker import check, open_work
from tests.fault.evidence import World, query
from tests.fault.forks import PATIENCE_SECONDS, Child, until
from tests.fault.runner import Start, start_node
from tests.fault.world import EXCHANGE, SMALL_PARTS, Site, build_world

__all__ = ["KINDS", "ROLES", "Case", "Lane", "Outcome", "cases", "census", "run_slice"]

KINDS: Final = (
    *("parts", "pause", "state"),
    *("document", "resend", "status", "update", "replace", "recall"),
)
"""In this order each works on the document of the one before; the first is new, as is `pause`.

`parts` travels in parts, `pause` after its adapter stood still, `state` is answered by the legacy
system itself and written back to that of the sender.
"""

ROLES: Final = ("sender", "receiver")
_NEW: Final = frozenset({"parts", "pause", "document", "replace"})
_IN_PARTS_BYTES: Final = 150_000
_SHOT: Final = -9
_LOOK_SECONDS: Final = 0.006
_LOOKS: Final = 5
_LOOK_AGAIN_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Case:
    """One kill: who dies, at which passage of which point, over what."""

    kind: str
    role: str
    point: str
    passage: int
    turned: bool = False
    """Whether sender and receiver change places, so that the other sink is used."""


@dataclass(slots=True)
class Outcome:
    """What a case came to."""

    case: Case
    killed: bool
    recovered: bool
    seconds: float
    """From the kill to the moment at which everything was answered."""

    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return one line of a slice's record."""
        return asdict(self)


class Lane:
    """Two agencies, one broker account each, and a peer that stays alive while the other dies."""

    def __init__(self, root: Path, pki: DevPki, sandbox: Sandbox, codes: tuple[str, str]) -> None:
        self.root = root
        self.codes = codes
        self._pki = pki
        self._sandbox = sandbox
        self._number = 0
        self._last: dict[bool, str] = {}
        self._peer: Child | None = None
        self._peer_code: str | None = None
        self.sites: dict[str, Site] = {}
        self.renew()

    def renew(self) -> None:
        """Begin with empty nodes and empty queues."""
        self.rest()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        for code in self.codes:
            for queue in (*queues_of(code), dead_queue(code)):
                self._sandbox.management._delete(["queues", self._sandbox.vhost, queue, "contents"])
        options = {"parts": SMALL_PARTS, "exchange": EXCHANGE}
        self.sites = build_world(self.root, self._pki, self._sandbox, self.codes, **options)
        self.world = World.load(self.root / "world.json")
        self._last = {}

    def rest(self) -> None:
        """End the peer."""
        if self._peer is not None:
            self._peer.stop()
        self._peer = self._peer_code = None

    def run(self, case: Case) -> Outcome:
        """Carry out one case."""
        sender, receiver = self._pair(case)
        victim, peer = (sender, receiver) if case.role == "sender" else (receiver, sender)
        self._keep_alive(peer)
        touched, commands, goal = self._set_up(case, sender, receiver)
        mine = [c for c in commands if c["who"] == victim.code]
        for command in commands:
            if command not in mine and self._peer is not None:
                self._peer.send(json.dumps(command))
        start = Start(point=case.point, passage=case.passage, commands=mine)
        child = self.begin(victim, start, self._log(victim))
        self._rests(child, goal)
        killed = child.stop() == _SHOT
        began = time.monotonic()
        if killed:
            child = start_node(victim, Start(commands=self._open(mine, goal)), self._log(victim))
            recovered = self._rests(child, goal)
            seconds = time.monotonic() - began
            ended = child.stop()
        else:
            recovered, seconds, ended = True, 0.0, child.wait()
        faults = self._judge(touched)
        if ended != 0:
            faults.append(f"unanswered: the node ended with {ended}: {self._last_word(victim)}")
        if not recovered:
            faults.append(f"unanswered: no rest after {PATIENCE_SECONDS} s")
        return Outcome(case, killed, recovered, seconds, faults)

    def _open(self, commands: list[dict[str, str]], goal: _Goal) -> list[dict[str, str]]:
        """Return what a person asks for again: all but a resend that has been carried out."""
        sent_again = self._attempts(self.sites[goal.code], goal.document) >= goal.attempts
        return [each for each in commands if each["do"] != "resend" or not sent_again]

    def begin(self, site: Site, start: Start, log: Path) -> Child:
        """Start the node that is going to die."""
        return start_node(site, start, log)

    def census(self, kind: str, role: str, *, turned: bool) -> dict[str, int]:
        """Return how often one undisturbed run passes each point."""
        case = Case(kind, role, "store.begun", 1, turned)
        sender, receiver = self._pair(case)
        victim, peer = (sender, receiver) if role == "sender" else (receiver, sender)
        self._keep_alive(peer)
        _, commands, goal = self._set_up(case, sender, receiver)
        mine = [c for c in commands if c["who"] == victim.code]
        for command in commands:
            if command not in mine and self._peer is not None:
                self._peer.send(json.dumps(command))
        found = self.root / "census.json"
        child = start_node(victim, Start(commands=mine, census=found), self._log(victim))
        self._rests(child, goal)
        child.stop()
        counts: dict[str, int] = json.loads(found.read_text("utf-8"))
        return counts

    def verdict(self) -> list[str]:
        """Check everything; nothing may run any more."""
        self.rest()
        return [str(fault) for fault in check(self.world).faults]

    def documents(self) -> int:
        """Return how many documents were sent so far."""
        return self._number

    def _pair(self, case: Case) -> tuple[Site, Site]:
        first, second = (self.sites[code] for code in self.codes)
        return (second, first) if case.turned else (first, second)

    def _keep_alive(self, site: Site) -> None:
        if self._peer_code != site.code or self._peer is None or self._peer.poll():
            self.rest()
            self._peer = start_node(site, Start(), self._log(site))
            self._peer_code = site.code

    def _set_up(
        self, case: Case, sender: Site, receiver: Site
    ) -> tuple[list[str], list[dict[str, str]], _Goal]:
        """Ask for what is to be done; return the documents, a person's commands, and the aim."""
        before = self._last.get(case.turned)
        if case.kind in _NEW or before is None:
            return self._set_up_new(case, sender, receiver, before)
        if case.kind == "state":
            receiver.has_done(before)
            goal = _Goal(sender.code, before, None, "finished", reported=sender.reported)
            return [before], [], goal
        act = {"document": before}
        if case.kind == "resend":
            act |= {"do": "resend", "who": sender.code}
            goal = _Goal(sender.code, before, None, "accepted", self._attempts(sender, before) + 1)
            return [before], [act], goal
        if case.kind == "status":
            act |= {"do": "reply", "status": "06", "who": receiver.code}
            return [before], [act], _Goal(sender.code, before, None, "finished")
        if case.kind == "update":
            act |= {"do": "update", "who": sender.code}
            return [before], [act], _Goal(sender.code, before, 2, "finished")
        act |= {"do": "recall", "who": sender.code}
        del self._last[case.turned]
        return [before], [act], _Goal(sender.code, before, None, "recalled")

    def _set_up_new(
        self, case: Case, sender: Site, receiver: Site, before: str | None
    ) -> tuple[list[str], list[dict[str, str]], _Goal]:
        """Let a document be exported."""
        self._number += 1
        number = f"{self._number}/VP"
        cells = {"ThayThe": before} if case.kind == "replace" and before else {}
        size = _IN_PARTS_BYTES if case.kind == "parts" else 0
        files = 1 + self._number % 2
        document = sender.record(number, [receiver.code], files=files, size=size, **cells)
        self._last[case.turned] = document
        acts = [{"do": "pause", "who": sender.code}] if case.kind == "pause" else []
        goal = _Goal(sender.code, document, 3 if cells else 0, "accepted")
        return [document, *cells.values()], acts, goal

    def _rests(self, child: Child, goal: _Goal) -> bool:
        """Wait until a node has died or everything is answered; tell whether it is."""
        done = False

        def over() -> bool:
            nonlocal done
            done = not child.poll() and self._done(goal)
            return done or child.poll()

        until(over, PATIENCE_SECONDS, _LOOK_SECONDS)
        return done

    def _judge(self, touched: list[str]) -> list[str]:
        """Return what is wrong with some documents, twice: the peer may just be writing."""
        faults: list[str] = []
        for _ in range(_LOOKS):
            faults = [str(fault) for fault in check(self.world, only=touched).faults]
            if not faults:
                break
            time.sleep(_LOOK_AGAIN_SECONDS)
        return faults

    def _done(self, goal: _Goal) -> bool:
        database = self.sites[goal.code].database
        rows = query(
            database,
            "SELECT d.state, d.attempts, p.business_type FROM delivery d JOIN outbox_packet p"
            " ON p.packet_id = d.packet_id WHERE p.document_id = ? AND p.kind = 'document'",
            goal.document,
        )
        meant = {0, 3} if goal.business_type is None else {goal.business_type}
        states = [
            row["state"]
            for row in rows
            if row["business_type"] in meant and row["attempts"] >= goal.attempts
        ]
        reached = states == [goal.state] and open_work(self.world) == 0
        return reached and (goal.reported is None or _is_reported(goal.reported, goal))

    def _attempts(self, site: Site, document: str) -> int:
        """Return how often a document was given to the broker."""
        rows = query(
            site.database,
            "SELECT max(d.attempts) AS n FROM delivery d JOIN outbox_packet p"
            " ON p.packet_id = d.packet_id WHERE p.document_id = ? AND p.business_type IN (0, 3)",
            document,
        )
        return int(rows[0]["n"] or 0) if rows else 0  # it may have died before its first table

    def _last_word(self, site: Site) -> str:
        """Return the last line of a node's log: why it ended, if it was an exception."""
        path = self._log(site)
        lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
        return lines[-1][:300] if lines else "it said nothing"

    def _log(self, site: Site) -> Path:
        return self.root / f"{site.code}.log"


@dataclass(frozen=True, slots=True)
class _Goal:
    code: str
    document: str
    business_type: int | None
    state: str
    attempts: int = 1
    reported: Path | None = None


def _is_reported(path: Path, goal: _Goal) -> bool:
    """Tell whether the sender's legacy system has been told, by its own file."""
    if not path.exists():
        return False
    lines = path.read_text("utf-8").splitlines()
    return any(goal.document in line and goal.state in line for line in lines)


def census(lane: Lane) -> dict[str, dict[str, int]]:
    """Count the passages of every point, by kind, role and direction."""
    found = {}
    for turned in (False, True):
        for role in ROLES:
            for kind in KINDS:
                key = f"{kind} {role} {'turned' if turned else 'straight'}"
                found[key] = lane.census(kind, role, turned=turned)
    return found


def cases(counts: dict[str, dict[str, int]], *, seed: int, deepest: int = 12) -> Iterator[Case]:
    """Yield kills without end: every point and passage of the census, in a random order each time.

    Kinds go round in their order, as each needs the document of the one before.
    """
    rolls = random.Random(seed)  # noqa: S311 - repeatable, not secret
    shuffled: dict[str, list[tuple[str, int]]] = {}
    while True:
        for turned in rolls.sample((False, True), 2):
            for kind in KINDS:
                role = rolls.choice(ROLES)
                key = f"{kind} {role} {'turned' if turned else 'straight'}"
                if not shuffled.get(key):
                    places = [
                        (point, passage)
                        for point, times in counts[key].items()
                        for passage in range(1, min(times, deepest) + 1)
                    ]
                    shuffled[key] = rolls.sample(places, len(places))
                point, passage = shuffled[key].pop()
                yield Case(kind, role, point, passage, turned)


def run_slice(lane: Lane, todo: Sequence[Case]) -> Iterator[Outcome]:
    """Carry out cases on fresh nodes; the last outcome also tells what the whole check found."""
    lane.renew()
    last: Outcome | None = None
    for case in todo:
        if last is not None:
            yield last
        last = lane.run(case)
    if last is not None:
        last.faults += [fault for fault in lane.verdict() if fault not in last.faults]
        yield last
