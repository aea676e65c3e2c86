"""Faults of the line between a node and the broker: F9, F10, F24."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.fault.arena import Arena
from tests.fault.proxy import Direction

__all__ = [
    "black_hole",
    "confirm_lost",
    "cut",
    "half_open",
    "no_answers",
    "no_requests",
    "refused",
    "reset",
    "slow",
]

_LONGEST = 9.0
"""Longer than two heartbeats of the arena's nodes, so that some outages are noticed by them."""


@contextmanager
def black_hole(arena: Arena) -> Iterator[None]:
    """Nothing passes, nobody is told."""
    proxy = arena.proxies[arena.any_code()]
    proxy.black_hole()
    yield
    arena.pause(0.1, _LONGEST)
    proxy.heal()


@contextmanager
def half_open(arena: Arena) -> Iterator[None]:
    """The broker ended a connection that the node still believes in; heartbeats tell."""
    proxy = arena.proxies[arena.any_code()]
    proxy.half_open()
    yield
    arena.pause(0.1, 2.0)
    proxy.heal()


@contextmanager
def reset(arena: Arena) -> Iterator[None]:
    """Connections end with RST, several times."""
    proxy = arena.proxies[arena.any_code()]
    proxy.reset()
    yield
    proxy.reset()


@contextmanager
def refused(arena: Arena) -> Iterator[None]:
    """Connections end, and no new ones are taken for a while."""
    proxy = arena.proxies[arena.any_code()]
    proxy.refuse()
    yield
    arena.pause(0.1, 2.0)
    proxy.heal()


@contextmanager
def no_answers(arena: Arena) -> Iterator[None]:
    """What a node sends arrives, but no answer comes back."""
    proxy = arena.proxies[arena.any_code()]
    proxy.partition(Direction.DOWN)
    yield
    arena.pause(0.1, _LONGEST)
    proxy.heal()


@contextmanager
def no_requests(arena: Arena) -> Iterator[None]:
    """Deliveries arrive, but nothing that a node sends leaves it."""
    proxy = arena.proxies[arena.any_code()]
    proxy.partition(Direction.UP)
    yield
    arena.pause(0.1, _LONGEST)
    proxy.heal()


@contextmanager
def confirm_lost(arena: Arena) -> Iterator[None]:
    """The broker takes messages, and the connection ends before it can say so."""
    proxy = arena.proxies[arena.any_code()]
    proxy.partition(Direction.DOWN)
    yield
    arena.pause(0.3, 0.8)
    proxy.reset()
    proxy.heal()


@contextmanager
def slow(arena: Arena) -> Iterator[None]:
    """256 kbit/s with 300 ms, and documents with large files."""
    proxy = arena.proxies[arena.any_code()]
    proxy.throttle(32_000)
    proxy.delay(0.3)
    large = arena.send(1, size=60_000)
    yield
    arena.rest(large)
    proxy.heal()


@contextmanager
def cut(arena: Arena) -> Iterator[None]:
    """Connections end in the middle of a message, in either direction."""
    proxy = arena.proxies[arena.any_code()]
    proxy.cut_after(arena.rolls.choice(list(Direction)), arena.rolls.randrange(1, 30_000))
    arena.send(1, size=30_000)
    yield
    proxy.heal()
