"""Faults of versions: F22. A node is brought up to date, or back, while documents are under way.

The store of an earlier version is made of the running one: by that version's own migrations, with
every row that it knew, and each packet as the one file that it was before there were recipes.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from connector.store import migrate
from tests.fault.arena import Arena
from tests.fault.evidence import query, sent_bodies
from tests.fault.forks import until
from tests.fault.world import Site

__all__ = [
    "PREDECESSOR",
    "back",
    "from_first",
    "from_second",
    "has_predecessor",
    "killed_while_upgrading",
    "rolling",
]

PREDECESSOR: Final = "97e53cf"
"""A commit of the program with the first schema, for runs of both versions at once."""

_ROOT: Final = Path(__file__).parents[3]
_REFUSED: Final = 78
_NEWER_SCHEMA: Final = "EDX-5004"


def has_predecessor() -> bool:
    """Tell whether the repository's history is here: not in every clone, never in a package."""
    asked = ["git", "-C", str(_ROOT), "cat-file", "-e", f"{PREDECESSOR}^{{commit}}"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def from_first(arena: Arena) -> Iterator[None]:
    """A node with the first schema is upgraded while documents are under way."""
    with _upgraded(arena, "0001"):
        yield


@contextmanager
def from_second(arena: Arena) -> Iterator[None]:
    """A node with the second schema is upgraded while documents are under way."""
    with _upgraded(arena, "0002"):
        yield


@contextmanager
def killed_while_upgrading(arena: Arena) -> Iterator[None]:
    """The process dies before the upgrade is committed, and is started again."""
    with _upgraded(arena, arena.rolls.choice(("0001", "0002")), dies=True):
        yield


@contextmanager
def _upgraded(arena: Arena, revision: str, *, dies: bool = False) -> Iterator[None]:
    code = arena.any_code()
    site = arena.sites[code]
    arena.kill(code)
    _settle(arena, code)
    _made_by(arena, site, revision)
    yield
    if dies:
        armed = {"CONNECTOR_FAULTS": "1", "CONNECTOR_CRASH_AT": "store.committing:1"}
        arena.start(code, environ=armed)
        status = arena.ends_by_itself(code)
        assert status == -9, f"it did not die while it upgraded: {status}"
        assert _revision(site) == revision, "half of the upgrade stayed"
    arena.start(code)
    _expect_upgrade(site)
    kept = list((site.state / "backups").glob(f"store-schema-{revision}-*.db"))
    assert kept, "no copy was made before the upgrade"


@contextmanager
def rolling(arena: Arena) -> Iterator[None]:
    """The predecessor's own program runs a node beside our peer; then ours takes over; then back.

    The predecessor refuses the newer store with its code, and changes nothing of it.
    """
    code = arena.any_code()
    site = arena.sites[code]
    older = _predecessor(arena)
    arena.kill(code)
    _settle(arena, code)
    _made_by(arena, site, "0001")
    arena.start(code, program=older)
    try:
        yield
        _expect_rolling(arena, code, older)
    finally:
        arena.kill(code)
        arena.start(code)


def _expect_rolling(arena: Arena, code: str, older: Path) -> None:
    """Exchange with the predecessor; take its store over; let it try to come back."""
    site = arena.sites[code]
    mixed = [*arena.present, site.record(arena.number(), [arena.other(code)])]
    assert arena.rest(mixed), f"beside the predecessor: {[arena.states(each) for each in mixed]}"
    assert _revision(site) == "0001", "the predecessor did not run"
    mixed = arena.send(2)
    arena.kill(code)
    arena.start(code)
    _expect_upgrade(site)  # the predecessor may have answered all of them before it ended
    assert arena.rest(mixed), f"after the predecessor: {[arena.states(each) for each in mixed]}"
    _expect_refusal(arena, code, older)


def _expect_upgrade(site: Site) -> None:
    came = until(lambda: _revision(site) == migrate.newest(), 60.0, 0.1)
    assert came, f"not upgraded: {_revision(site)}"


@contextmanager
def back(arena: Arena) -> Iterator[None]:
    """A store of a later version is refused with its code; nothing of it is changed or lost."""
    code = arena.any_code()
    site = arena.sites[code]
    arena.kill(code)
    newest = migrate.newest()
    _mark(site, "9999")
    try:
        yield
        _expect_refusal(arena, code, None)
    finally:
        arena.kill(code)
        _mark(site, newest)
        arena.start(code)


def _expect_refusal(arena: Arena, code: str, program: Path | None) -> None:
    """Start a program that is too old for the store, and insist that it says so and goes."""
    if arena.daemons[code].poll() is None:
        arena.kill(code)
    site = arena.sites[code]
    before = _contents(site)
    said = arena.log(code).read_text("utf-8", "replace").count(_NEWER_SCHEMA)
    arena.start(code, program=program)
    status = arena.ends_by_itself(code)
    again = arena.log(code).read_text("utf-8", "replace").count(_NEWER_SCHEMA)
    assert status == _REFUSED, f"a store of a later version: it ended with {status}"
    assert again > said, f"it does not say {_NEWER_SCHEMA}"
    assert _contents(site) == before, "it changed a store that it does not know"


def _settle(arena: Arena, code: str) -> None:
    """Let nobody hold the database of a killed daemon: its children end with it."""
    until(lambda: not _children(arena.sites[code]), 10.0, 0.05)


def _children(site: Site) -> list[Path]:
    """Return processes that still have the database open."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()).startswith(str(site.database)):
                found.append(link)
        except OSError:
            continue
    return found


def _revision(site: Site) -> str:
    rows = query(site.database, "SELECT version_num FROM alembic_version")
    return str(rows[0]["version_num"]) if rows else ""


def _mark(site: Site, revision: str) -> None:
    with closing(sqlite3.connect(site.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])


def _contents(site: Site) -> str:
    with closing(sqlite3.connect(site.database)) as database:
        text = "\n".join(database.iterdump())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _made_by(arena: Arena, site: Site, revision: str) -> None:
    """Replace a store by what an earlier version would have written."""
    older = site.database.with_name("older.db")
    older.unlink(missing_ok=True)
    _create(older, revision)
    bodies = sent_bodies(arena.world.agencies[site.code])
    with closing(sqlite3.connect(older, isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("ATTACH ? AS newer", [str(site.database)])
        database.execute("BEGIN")
        for table in _tables(database, "main"):
            _copy(database, table, site, bodies)
        database.execute("COMMIT")
        database.execute("DETACH newer")
    for leftover in (f"{site.database}-wal", f"{site.database}-shm"):
        Path(leftover).unlink(missing_ok=True)
    older.chmod(0o600)
    older.replace(site.database)


def _create(path: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _tables(database: sqlite3.Connection, schema: str) -> list[str]:
    statement = f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'"  # noqa: S608 - ours
    names = [str(row[0]) for row in database.execute(statement)]
    return [name for name in names if not name.startswith(("sqlite_", "alembic_"))]


def _columns(database: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [str(row[1]) for row in database.execute(f"PRAGMA {schema}.table_info({table})")]


def _copy(
    database: sqlite3.Connection, table: str, site: Site, bodies: dict[str, bytes | None]
) -> None:
    wanted = _columns(database, "main", table)
    there = _columns(database, "newer", table)
    names = [name for name in wanted if name in there]
    listed = ", ".join(names)
    before = f"SELECT {listed} FROM newer.{table}"  # noqa: S608 - names of our own schema
    if set(wanted) == set(names):
        database.execute(f"INSERT INTO main.{table} ({listed}) {before}")
        return
    assert set(wanted) - set(names) == {"body_sha256"}, f"{table}: {wanted} of {there}"
    marks = ", ".join("?" * len(wanted))
    for row in database.execute(before).fetchall():
        values = dict(zip(names, row, strict=True))
        values["body_sha256"] = _whole_file(site, bodies[values["packet_id"]])
        statement = f"INSERT INTO main.{table} ({', '.join(wanted)}) VALUES ({marks})"  # noqa: S608
        database.execute(statement, [values[name] for name in wanted])


def _whole_file(site: Site, body: bytes | None) -> str:
    """Keep a packet as one file, as it was done before there were recipes."""
    assert body is not None, "a packet is not whole"
    digest = hashlib.sha256(body).hexdigest()
    path = site.state / "spool" / digest[:2] / digest[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        path.chmod(0o600)
    return digest


def _predecessor(arena: Arena) -> Path:
    """Take the program as it was out of the repository's history."""
    directory = arena.root / "predecessor"
    if not directory.exists():
        asked = ["git", "-C", str(_ROOT), "archive", PREDECESSOR, "connector", "schemas"]
        packed = subprocess.run(asked, capture_output=True, check=True).stdout
        half = directory.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(half, filter="data")
        half.rename(directory)
    return directory
