"""Real database servers, each started once for the run of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.databases import Server, mariadb, postgresql
from tests.unit.sources.conftest import Desk


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """Give a private PostgreSQL."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """Give a private MariaDB."""
    with mariadb() as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    """Give one server after the other."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an empty adapter directory."""
    return Desk(tmp_path)
