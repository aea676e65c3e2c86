"""What verification may cost at most, and that it touches nothing but the bytes it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from connector.trust.registry import Trust
from tests.corpus.vector import Vector
from tests.corpus.vectors import all_vectors
from tests.corpus.world import World

VECTORS: Final = all_vectors()
LARGE: Final = [each for each in VECTORS if each.large]
USUAL: Final = [
    each for each in VECTORS if not each.large and each.trust is World.trust and not each.days
]
SECONDS: Final = 2
MEGABYTES: Final = 500
BACKSTOP_SECONDS: Final = 20
TRIES: Final = 3
"""Processor time swells on a busy machine: what a packet costs is the least of several runs."""


@pytest.fixture(scope="module")
def world() -> World:
    """The authorities and agencies of the corpus."""
    return World()


def judged(orders: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    """Return what a process of its own says of files; it must come to its end."""
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    run = subprocess.run(
        [sys.executable, "-m", "tests.corpus.judge", *options],
        input="".join(json.dumps(order) + "\n" for order in orders),
        env=environment,  # tracing would be measured along
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert run.returncode == 0, f"ended by {run.returncode}: {run.stderr[-2000:]}"
    return [json.loads(line) for line in run.stdout.splitlines()]


def due(vector: Vector) -> tuple[str | None, list[str]]:
    """Return stage and first code that are due."""
    return vector.stage, [vector.code] if vector.code else list(vector.warnings[:1])


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in LARGE])
def test_the_most_that_a_packet_may_cost(vector: Vector, world: World, tmp_path: Path) -> None:
    """The worst packets are judged in 2 s of processor time and 500 MB of memory."""
    path = tmp_path / "packet.edxml"
    path.write_bytes(vector.build(world))
    order = {"file": str(path), "seconds": BACKSTOP_SECONDS}
    costs = []
    for _ in range(TRIES):
        (told,) = judged([order])
        assert (told["stage"], told["codes"][:1]) == due(vector)
        assert told["megabytes"] < MEGABYTES
        costs.append(told["seconds"])
        if costs[-1] < SECONDS:
            break
    assert min(costs) < SECONDS, costs
    path.unlink()


def test_want_of_memory_refuses_nothing(world: World, tmp_path: Path) -> None:
    """However little memory there is, a genuine packet is valid or waits; it is never refused."""
    (vector,) = (each for each in LARGE if each.name == "large-attachment-12-megabytes")
    path = tmp_path / "packet.edxml"
    path.write_bytes(vector.build(world))
    outcomes = set()
    for megabytes in (4, 12, 18, 30, 45, 60, 75, 400):
        (told,) = judged([{"file": str(path), "megabytes": megabytes}])
        outcomes.add(tuple(told["codes"]))
    assert outcomes == {(), ("EDX-3199",)}


@pytest.mark.parametrize("options", [(), ("--closed",)], ids=["watched", "closed"])
def test_nothing_is_opened(options: tuple[str, ...], world: World, tmp_path: Path) -> None:
    """No vector makes the verifier open a file or a socket; it needs none either."""
    orders = []
    for number, vector in enumerate(USUAL):
        path = tmp_path / f"{number}.edxml"
        path.write_bytes(vector.build(world))
        orders.append({"file": str(path)})
    told = judged(orders, *options)
    assert [(each["stage"], each["codes"][:1]) for each in told] == list(map(due, USUAL))
    assert [each["opened"] for each in told] == [[]] * len(USUAL)
    assert len(USUAL) > 300


def test_the_usual_trust_is_the_worlds(world: World) -> None:
    """The vectors judged above are those that need no trust of their own."""
    assert isinstance(USUAL[0].trust(world), Trust)
