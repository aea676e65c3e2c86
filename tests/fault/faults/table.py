"""The faults of the world F1 to F27 by name, and how one of them is tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from tests.fault.arena import Arena, Trial
from tests.fault.faults import broker, disk, legacy, messages, network, process, trust, upgrade

__all__ = ["ELSEWHERE", "FAULTS", "NOT_DONE", "Fault", "attempt"]

Doing = Callable[[Arena], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the catalogue: what goes wrong, and the ways in which it is tried."""

    title: str
    ways: Mapping[str, Doing]


FAULTS: Final[Mapping[str, Fault]] = {
    "F4": Fault("a failing fsync or write", {"sync": disk.bad_sync, "write": disk.bad_write}),
    "F5": Fault("a full disk", {"full": disk.full}),
    "F6": Fault(
        "a locked, corrupt or truncated database",
        {"locked": disk.locked, "corrupt": disk.corrupt, "truncated": disk.truncated},
    ),
    "F7": Fault(
        "broker killed, restarted, frozen",
        {"frozen": broker.frozen, "killed": broker.killed, "restarted": broker.restarted},
    ),
    "F8": Fault("a resource alarm of the broker", {"disk alarm": broker.alarm}),
    "F9": Fault(
        "partition, black hole, half-open, reset",
        {
            "black hole": network.black_hole,
            "half open": network.half_open,
            "reset": network.reset,
            "refused": network.refused,
            "only answers lost": network.no_answers,
            "only requests lost": network.no_requests,
        },
    ),
    "F10": Fault(
        "a slow line, cuts in the middle of a message",
        {"slow": network.slow, "cut": network.cut},
    ),
    "F11": Fault(
        "TLS: certificates expired, foreign, renewed",
        {
            "client renewed": trust.client_renewed,
            "client expired": trust.client_expired,
            "broker expired": trust.broker_expired,
            "broker foreign": trust.broker_foreign,
        },
    ),
    "F12": Fault(
        "key rotation and revocation in flight",
        {"rotated": trust.rotated, "revoked": trust.revoked},
    ),
    "F13": Fault("clock jumps", {"ahead": process.clock_ahead, "behind": process.clock_behind}),
    "F14": Fault("poison messages", {"poison": messages.poison}),
    "F15": Fault("huge messages", {"at the sender": messages.huge_row, "raw": messages.huge_raw}),
    "F16": Fault(
        "unknown receivers, full queues",
        {"unknown": broker.unknown_receiver, "full": broker.queue_full},
    ),
    "F17": Fault(
        "the same export again, edited records",
        {"again": legacy.export_again, "edited": legacy.edited_record},
    ),
    "F18": Fault("duplicates and reordering", {"copies": messages.copies}),
    "F19": Fault("same id, other content", {"other content": messages.other_content}),
    "F20": Fault(
        "legacy system down or half-written",
        {"sink down": legacy.sink_down, "half a row": legacy.half_a_row},
    ),
    "F21": Fault("two daemons at once", {"second": process.second_daemon}),
    "F22": Fault(
        "rolling upgrade and downgrade, schemas upgraded in flight",
        {
            "from 0001": upgrade.from_first,
            "from 0002": upgrade.from_second,
            "killed": upgrade.killed_while_upgrading,
            "back": upgrade.back,
            **({"rolling": upgrade.rolling} if upgrade.has_predecessor() else {}),
        },
    ),
    "F23": Fault("a restored backup", {"restored": disk.restored}),
    "F24": Fault(
        "confirms lost, statuses twice",
        {"confirm lost": network.confirm_lost, "twice": messages.statuses_twice},
    ),
    "F25": Fault(
        "OOM kill, descriptors exhausted, log disk full",
        {
            "killed": process.killed,
            "descriptors": process.few_descriptors,
            "log": process.log_full,
        },
    ),
    "F26": Fault(
        "a hostile agency", {"flood": messages.flood, "tampered copy": messages.tampered_copy}
    ),
    "F27": Fault("management and metrics down", {"management": broker.management_down}),
}
"""Faults that are done to running daemons."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "F1": "kill -9 at every crash point (tests/fault/kills.py)",
    "F2": "power cuts at every write and sync (tests/fault/power.py)",
    "F3": "a disk whose fsync lies (tests/fault/power.py)",
}
"""Faults with machinery of their own."""

NOT_DONE: Final[Mapping[str, str]] = {}
"""Faults that nobody does yet, each with its reason."""


def attempt(arena: Arena, name: str, way: str, seed: int) -> Trial:
    """Let documents flow, do something to them, mend it, and see whether all come to rest."""
    arena.rolls.seed(seed)
    arena.forgiven |= arena.excused
    arena.excused.clear()
    arena.present.clear()
    trial = Trial(name, way, seed, 0, 0.0)
    documents = arena.send(2)
    arena.pause(0.0, 0.3)
    try:
        with FAULTS[name].ways[way](arena):
            documents += arena.send(3)
            arena.pause(0.1, 0.6)
    except AssertionError as error:
        trial.faults.append(f"out of state: {error}")
    ended = time.monotonic()
    for code in arena.codes:
        arena.revive(code)
    documents += arena.send(1)
    if not arena.rest(documents):
        states = {document: arena.states(document) for document in documents}
        trial.faults.append(f"unanswered: no rest: {states}")
    trial.seconds = round(time.monotonic() - ended, 3)
    trial.documents = len(documents)
    trial.faults += arena.judge(documents)
    return trial
