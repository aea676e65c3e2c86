"""Faults of the broker: F7, F8, F16, F27."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.broker.topology import queues_of
from tests.fault.arena import Arena
from tests.fault.forks import until

__all__ = [
    "alarm",
    "frozen",
    "killed",
    "management_down",
    "queue_full",
    "restarted",
    "unknown_receiver",
]


@contextmanager
def frozen(arena: Arena) -> Iterator[None]:
    """The broker hangs: connections stay, nothing is answered, and it wakes up again."""
    arena.rabbit.freeze()
    try:
        yield
        arena.pause(0.5, 6.0)
    finally:
        arena.rabbit.thaw()


@contextmanager
def killed(arena: Arena) -> Iterator[None]:
    """The broker loses its power, and is started again."""
    arena.rabbit.kill()
    try:
        yield
    finally:
        arena.rabbit.restart()


@contextmanager
def restarted(arena: Arena) -> Iterator[None]:
    """The broker is stopped in order, and started again."""
    yield
    arena.rabbit.restart()


@contextmanager
def alarm(arena: Arena) -> Iterator[None]:
    """The broker's disk is nearly full: it takes nothing from publishers."""
    arena.rabbit.control("set_disk_free_limit", "1000GB")
    try:
        yield
        arena.pause(0.2, 2.0)
    finally:
        arena.rabbit.control("set_disk_free_limit", "50MB")


@contextmanager
def management_down(arena: Arena) -> Iterator[None]:
    """The management API is gone; nothing of the exchange depends on it."""
    arena.rabbit.control("eval", "application:stop(rabbitmq_management).")
    try:
        yield
    finally:
        arena.rabbit.control("eval", "application:start(rabbitmq_management).")


@contextmanager
def unknown_receiver(arena: Arena) -> Iterator[None]:
    """A document goes to an agency that the broker does not know; the others go on."""
    site = arena.sites[arena.any_code()]
    document = site.record(arena.number(), ["H29"])
    yield
    came = until(lambda: arena.states(document) == ["returned"], 30.0, 0.05)
    assert came, f"to nobody: {arena.states(document)}"


@contextmanager
def queue_full(arena: Arena) -> Iterator[None]:
    """An agency is away and its queue is full: senders wait, and go on by themselves."""
    code = arena.any_code()
    arena.stop(code)
    facts = {
        "pattern": f"^{queues_of(code)[1]}$",
        "apply-to": "queues",
        "priority": 99,
        "definition": {"max-length": 1, "overflow": "reject-publish", "delivery-limit": 1000},
    }
    arena.sandbox.management.put_policy("full", facts)
    try:
        yield
        arena.pause(0.5, 1.5)
    finally:
        arena.sandbox.management.delete_policy("full")
        arena.start(code)
