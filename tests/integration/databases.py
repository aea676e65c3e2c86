"""Private database servers for tests: in a directory of their own, on a socket, ended afterwards.

They are started from the programs of the Debian packages postgresql and mariadb-server; no service
of the machine is touched. Servers refuse to run as root, so root becomes a service user for them.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server: `admin` makes what tests need, `reader` is the user of adapters.

    Both are URLs without a password; users are told apart by name alone, on the private socket.
    """

    kind: str
    admin: str
    reader: str

    def run(self, *statements: str) -> None:
        """Execute statements as administrator."""
        engine = sa.create_engine(self.admin, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def outside(self, statement: str) -> None:
        """Execute a statement outside a transaction, as administrator."""
        self.at(self.admin, statement)

    def at(self, url: str, statement: str) -> None:
        """Execute a statement in another database of the server."""
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def address(self, database: str) -> str:
        """Return the URL of another database of the server, for the administrator."""
        return sa.make_url(self.admin).set(database=database).render_as_string()

    def insert(self, table: str, rows: Sequence[dict[str, Any]], quote: str = "") -> None:
        """Insert rows as administrator."""
        engine = sa.create_engine(self.admin, poolclass=sa.NullPool)
        names = list(rows[0]) if rows else []
        marks = ", ".join(f":{name}" for name in names)
        written = ", ".join(f"{quote}{name}{quote}" for name in names)
        statement = f"INSERT INTO {table} ({written}) VALUES ({marks})"  # noqa: S608 - our names
        with engine.begin() as connection:
            for row in rows:
                connection.execute(sa.text(statement), row)

    def values(self, query: str) -> list[Any]:
        """Return the first column of a query, as administrator."""
        engine = sa.create_engine(self.admin, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [row[0] for row in connection.exec_driver_sql(query)]


@contextmanager
def postgresql(*settings: str, rule: str = "") -> Iterator[Server]:
    """Run a PostgreSQL with the database ``qlvb`` and the user ``doc`` who may read.

    `settings` are those of its configuration, ``fsync=off`` if none are given; `rule` is the first
    line of pg_hba.conf, by which it trusts everybody otherwise.
    """
    initdb = _program("initdb", sorted(Path("/usr/lib/postgresql").glob("*/bin")), "postgresql")
    with _directory("postgres") as (directory, user):
        data = directory / "data"
        run = [*_as(user), str(initdb)]
        options = ["-A", "trust", "-U", "chu", "-E", "UTF8", "--locale=C", "--no-sync"]
        _done([*run, "-D", str(data), *options])
        server = [*_as(user), str(initdb.parent / "postgres"), "-D", str(data)]
        access = data / "pg_hba.conf"
        access.write_text(f"{rule}\n{access.read_text('utf-8')}", encoding="utf-8")
        arguments = ["-k", str(directory), "-c", "listen_addresses="]
        for setting in settings or ("fsync=off",):
            arguments += ["-c", setting]
        admin = f"postgresql+psycopg://chu@/qlvb?host={directory}"
        start = f"postgresql+psycopg://chu@/postgres?host={directory}"
        with _running([*server, *arguments], directory / "log", lambda: _answers(start)):
            engine = sa.create_engine(start, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            with engine.connect() as connection:
                connection.exec_driver_sql("CREATE DATABASE qlvb")
                connection.exec_driver_sql("CREATE USER doc")
            reader = f"postgresql+psycopg://doc@/qlvb?host={directory}"
            yield Server("postgresql", admin, reader)


@contextmanager
def mariadb() -> Iterator[Server]:
    """Run a MariaDB with the database ``qlvb`` and the user ``doc`` who may read."""
    places = [Path("/usr/sbin"), Path("/usr/libexec")]
    daemon = _program("mariadbd", places, "mariadb-server")
    install = _program("mariadb-install-db", [Path("/usr/bin")], "mariadb-server")
    with _directory("mysql") as (directory, user):
        data, socket = directory / "data", directory / "sock"
        common = ["--no-defaults", f"--datadir={data}"]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        _done([*_as(user), str(install), *common, *options])
        server = [*_as(user), str(daemon), *common, f"--socket={socket}", "--skip-networking"]
        server += [f"--pid-file={directory}/pid", "--innodb-flush-log-at-trx-commit=0"]
        server += ["--innodb-buffer-pool-size=32M", "--character-set-server=utf8mb4"]
        start = f"mysql+pymysql://root@/mysql?unix_socket={socket}"
        with _running(server, directory / "log", lambda: socket.exists() and _answers(start)):
            Server("mariadb", start, "").run(
                "CREATE DATABASE qlvb CHARACTER SET utf8mb4", "CREATE USER doc@localhost"
            )
            admin = f"mysql+pymysql://root@/qlvb?unix_socket={socket}"
            yield Server("mariadb", admin, admin.replace("root@", "doc@"))


def _program(name: str, places: Sequence[Path], package: str) -> Path:
    found = [place / name for place in places if (place / name).exists()]
    on_path = shutil.which(name)
    if not found and on_path is None:
        message = f"{name} is missing: apt-get install {package} (make test does it)"
        raise FileNotFoundError(message)
    return found[-1] if found else Path(str(on_path))


@contextmanager
def _directory(service_user: str) -> Iterator[tuple[Path, str | None]]:
    """Give a short path (sockets have a limit) that belongs to who runs the server."""
    user = service_user if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="db-", dir="/tmp") as name:
        if user is not None:
            known = pwd.getpwnam(user)
            os.chown(name, known.pw_uid, known.pw_gid)
        yield Path(name), user


def _as(user: str | None) -> list[str]:
    if user is None or user == getpass.getuser():
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]


def _done(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@contextmanager
def _running(command: Sequence[str], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd="/")
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers():
            told = log.read_text(errors="replace")[-2000:]
            assert process.poll() is None, f"{command[0]} ended: {told}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer: {told}"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with contextlib.suppress(sa.exc.DBAPIError), engine.connect():
        return True
    return False
