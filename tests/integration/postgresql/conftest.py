"""A PostgreSQL of its own, and in it a database for each store."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.broker.sandbox import Sandbox
from connector.clock import ManualClock
from connector.store.store import Store
from connector.store.tables import metadata
from connector.trust.pki import DevPki
from tests.integration.databases import Server, postgresql
from tests.integration.flow.conftest import Lab, document, lab_pki
from tests.unit.store.conftest import clock, new_message, packet

__all__ = ["clock", "document", "lab_pki", "new_message", "packet"]

PASSWORD = "mật khẩu: p@ss/word"
_TABLES = ", ".join(metadata.tables)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a private PostgreSQL, durable, on which the user ``kho`` needs a password."""
    with postgresql("fsync=on", rule="local all kho scram-sha-256") as started:
        started.outside(f"CREATE USER kho SUPERUSER PASSWORD '{PASSWORD}'")
        yield started


@pytest.fixture(scope="session")
def empty(server: Server) -> list[str]:
    """Addresses of empty stores that no test uses now: to empty one is quicker than to make it."""
    return []


@pytest.fixture
def new_address(server: Server, empty: list[str]) -> Iterator[Callable[[], str]]:
    """Make addresses of empty stores."""
    taken: list[str] = []

    def make() -> str:
        if empty:
            taken.append(empty.pop())
        else:
            taken.append(new_database(server))
            Store.open(taken[-1], clock=ManualClock()).close()
        return taken[-1]

    yield make
    for address in taken:
        server.at(address, f"TRUNCATE {_TABLES} RESTART IDENTITY")
        empty.append(address)


@pytest.fixture
def store(new_address: Callable[[], str], clock: ManualClock) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(new_address(), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def lab(
    tmp_path: Path, lab_pki: DevPki, vhost: Sandbox, new_address: Callable[[], str]
) -> Iterator[Lab]:
    """Give a test nodes whose stores are on PostgreSQL; every journal must hold at the end."""
    made = Lab(tmp_path, lab_pki, vhost, new_address)
    yield made
    made.close()


def new_database(server: Server) -> str:
    """Make a database without tables and return its address."""
    name = f"kho_{uuid.uuid4().hex[:12]}"
    server.outside(f"CREATE DATABASE {name}")
    return server.address(name)
