"""PostgreSQL as a store: one writer at a time, durable commits, nothing held by who is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from connector.errors import ConfigError, TransientError
from connector.store import codes
from connector.store.border import translated

__all__ = ["Server", "shown"]

_WRITER_LOCK: Final = 0x65646F63
_DAEMON_LOCK: Final = 0x65646F64
_NEEDED: Final = "('fsync', 'full_page_writes')"
_STRONGER: Final = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
_NUL: Final = "\x00"
_NUL_SHOWN: Final = "\u2400"
# A server that vanished is noticed after a minute; what the URL says itself goes first.
_REACH: Final = {
    "connect_timeout": "15",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_SESSION: Final = (
    "SET lock_timeout = '30s'",
    # A machine that vanished lets go of its locks after a minute.
    *("SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10"),
    "SET tcp_keepalives_count = 3",
    _STRONGER,
)


class Server:
    """Engines of one database; `writer` lets one transaction at a time in, from any machine."""

    def __init__(self, url: URL) -> None:
        self.place: Final = shown(url)
        try:
            base = create_engine(_reached(url), pool_pre_ping=True)
        except ImportError as error:
            raise ConfigError(codes.POSTGRES_EXTRA.at()) from error
        event.listen(base, "connect", self._prepare)
        self._base: Final = base
        self.writer: Final = _writer(base)
        self.reader: Final = base.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the database to oneself; TransientError if another daemon does."""
        options = {"isolation_level": "AUTOCOMMIT"}
        with self._base.connect().execution_options(**options) as connection:
            with translated(self.place):
                taken = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_DAEMON_LOCK})")
            if not taken.scalar():
                raise TransientError(codes.DATABASE_HELD.at(self.place))
            try:
                yield
            finally:
                with suppress(exc.SQLAlchemyError):  # a server that is gone holds nothing
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_DAEMON_LOCK})")

    def _prepare(self, driver: Any, _record: Any) -> None:
        """Make a new connection fit; ConfigError if the server loses what it has committed."""
        driver.adapters.register_dumper(str, _dumper())
        query = f"SELECT name FROM pg_settings WHERE name IN {_NEEDED} AND setting = 'off'"  # noqa: S608
        with driver.cursor() as cursor:
            weak = cursor.execute(query).fetchone()
            for statement in _SESSION:
                cursor.execute(statement)
        driver.commit()
        if weak is not None:
            driver.close()
            raise ConfigError(codes.NOT_DURABLE.at(self.place, setting=weak[0]))


def shown(url: URL) -> str:
    """Return a database's URL without its password."""
    return url.render_as_string(hide_password=True)


def _reached(url: URL) -> URL:
    missing = {name: value for name, value in _REACH.items() if name not in url.query}
    return url.set(drivername="postgresql+psycopg").update_query_dict(missing)


def _writer(base: Engine) -> Engine:
    writer = base.execution_options()

    @event.listens_for(writer, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    return writer


def _dumper() -> type[Any]:
    """Return how a text is handed over: NUL, which PostgreSQL refuses, stands as its symbol.

    Only hostile texts have one (XML and our own cannot); what was received is in the spool as it
    came.
    """
    from psycopg.types.string import StrDumperUnknown

    class NulShown(StrDumperUnknown):
        def dump(self, text: str) -> Any:
            return super().dump(text.replace(_NUL, _NUL_SHOWN) if _NUL in text else text)

    return NulShown
