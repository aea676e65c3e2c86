"""The names on the broker (a contract) and the plan of everything for a set of agencies.

::

    edoc ──H41.#──► edoc.H41 ──H41.02.#──► edoc.H41.02 ─┐ no unit below takes it
                       │ no unit below takes it         ▼ alternate exchange
                       ▼ alternate exchange      edoc.H41.02.fallback ─► edoc.H41.02.inbox
               edoc.H41.fallback ─► edoc.H41.inbox

and once more as `edoc.urgent…` into `….inbox.urgent`. Routing is the broker's, not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from connector.broker import codes as texts
from connector.errors import ConfigError

__all__ = [
    "ROOT",
    "URGENT_ROOT",
    "Binding",
    "Exchange",
    "Policy",
    "Queue",
    "QueueLimits",
    "Topology",
    "User",
    "code_of_exchange",
    "dead_queue",
    "exchange_for",
    "parent_of",
    "plan",
    "queues_of",
]

ROOT: Final = "edoc"
URGENT_ROOT: Final = "edoc.urgent"

_CODE: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_RESERVED: Final = frozenset({"dead", "edoc", "fallback", "inbox", "urgent"})
_URGENT_PRIORITIES: Final = range(1, 5)
_LANES: Final = ((ROOT, "inbox"), (URGENT_ROOT, "inbox.urgent"))
# The dead queue is the last stop: nothing may ever drop from it (newer brokers default to 20).
_NEVER: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Limits of an agency's queues; beyond `max_bytes` the sender gets a nack, nothing is lost."""

    delivery_limit: int = 1000
    max_bytes: int = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: str
    alternate: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return what the management API wants to hear."""
        return {
            "type": self.type,
            "durable": True,
            "auto_delete": False,
            "internal": False,
            "arguments": {"alternate-exchange": self.alternate} if self.alternate else {},
        }


@dataclass(frozen=True, slots=True)
class Queue:
    """A replicated queue with one active consumer at a time; all else is policy."""

    name: str

    def facts(self) -> dict[str, Any]:
        """Return what the management API wants to hear."""
        return {
            "durable": True,
            "auto_delete": False,
            "arguments": {"x-queue-type": "quorum", "x-single-active-consumer": True},
        }


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """From an exchange to an exchange or queue."""

    source: str
    destination: str
    destination_type: str
    routing_key: str

    def __str__(self) -> str:
        return f"{self.source} --{self.routing_key or '*'}--> {self.destination}"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be changed about queues later on."""

    name: str
    pattern: str
    definition: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """Return what the management API wants to hear."""
        return {
            "pattern": self.pattern,
            "apply-to": "queues",
            "priority": 10,
            "definition": self.definition,
        }


@dataclass(frozen=True, slots=True)
class User:
    """An agency's login, named by its code, with the regular expressions of what it may do."""

    name: str
    configure: str
    write: str
    read: str

    def permissions(self) -> dict[str, str]:
        """Return the regular expressions by kind."""
        return {"configure": self.configure, "write": self.write, "read": self.read}


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that has to be on the broker for these agencies."""

    codes: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...]
    users: tuple[User, ...]


def exchange_for(priority: int | None) -> str:
    """Return where a document of this Priority is published: 1 to 4 are urgent."""
    return URGENT_ROOT if priority in _URGENT_PRIORITIES else ROOT


def queues_of(code: str) -> tuple[str, str]:
    """Return an agency's inbox queues, the urgent one first."""
    return f"{ROOT}.{code}.inbox.urgent", f"{ROOT}.{code}.inbox"


def dead_queue(code: str) -> str:
    """Return the queue of what was delivered too often without being taken."""
    return f"{ROOT}.{code}.dead"


def parent_of(code: str, connected: Iterable[str]) -> str | None:
    """Return the nearest connected agency above a code, None if there is none."""
    above = [other for other in connected if code.startswith(f"{other}.")]
    return max(above, key=len, default=None)


def code_of_exchange(name: str) -> str | None:
    """Return the agency of an exchange ``edoc.<CODE>``, None for every other name."""
    code = name.removeprefix(f"{ROOT}.")
    return code if code != name and _usable(code) else None


def plan(codes: Iterable[str], limits: QueueLimits | None = None) -> Topology:
    """Return the topology of all agencies connected at one broker.

    All of them have to be named together, because a unit's exchange hangs below that of the
    nearest connected agency above it. Raises ConfigError on a code that cannot be a name.
    """
    known = tuple(sorted(set(codes)))
    unusable = [code for code in known if not _usable(code)]
    if unusable:
        raise ConfigError(*(texts.CODE_UNUSABLE.at(value=code) for code in unusable))
    chosen = limits or QueueLimits()
    roots = tuple(Exchange(root, "topic") for root, _ in _LANES)
    return Topology(
        codes=known,
        exchanges=roots + tuple(e for code in known for e in _exchanges(code)),
        queues=tuple(Queue(name) for code in known for name in _queue_names(code)),
        bindings=tuple(b for code in known for b in _bindings(code, known)),
        policies=tuple(p for code in known for p in _policies(code, chosen)),
        users=tuple(_user(code) for code in known),
    )


def _usable(code: str) -> bool:
    return _CODE.fullmatch(code) is not None and not _RESERVED & set(code.split("."))


def _exchanges(code: str) -> list[Exchange]:
    return [
        exchange
        for root, _ in _LANES
        for exchange in (
            Exchange(f"{root}.{code}", "topic", f"{root}.{code}.fallback"),
            Exchange(f"{root}.{code}.fallback", "fanout"),
        )
    ]


def _queue_names(code: str) -> tuple[str, ...]:
    return (*queues_of(code), dead_queue(code))


def _bindings(code: str, known: tuple[str, ...]) -> list[Binding]:
    parent = parent_of(code, known)
    return [
        binding
        for root, inbox in _LANES
        for binding in (
            Binding(
                f"{root}.{parent}" if parent else root, f"{root}.{code}", "exchange", f"{code}.#"
            ),
            Binding(f"{root}.{code}.fallback", f"{ROOT}.{code}.{inbox}", "queue", ""),
        )
    ]


def _policies(code: str, limits: QueueLimits) -> list[Policy]:
    name = re.escape(code)
    inbox = {
        "delivery-limit": limits.delivery_limit,
        "max-length-bytes": limits.max_bytes,
        "overflow": "reject-publish",
        "dead-letter-exchange": "",
        "dead-letter-routing-key": dead_queue(code),
        "dead-letter-strategy": "at-least-once",
    }
    return [
        Policy(f"{ROOT}.{code}.inbox", rf"^edoc\.{name}\.inbox(\.urgent)?$", inbox),
        Policy(f"{ROOT}.{code}.dead", rf"^edoc\.{name}\.dead$", {"delivery-limit": _NEVER}),
    ]


def _user(code: str) -> User:
    return User(
        name=code,
        configure="^$",
        write=r"^edoc(\.urgent)?$",
        read=rf"^edoc\.{re.escape(code)}\.(inbox(\.urgent)?|dead)$",
    )
