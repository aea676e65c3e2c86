"""The border to SQLAlchemy: engines, tables of the legacy database, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    exc,
    inspect,
    make_url,
)
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.pool import NullPool

from connector.config.secrets import SecretRef, resolve
from connector.errors import (
    ConfigError,
    ConnectorError,
    PermanentError,
    TransientError,
    UnavailableError,
)
from connector.sinks import codes, fields
from connector.sinks.settings import ActsTable, AttachmentsTable, SqlSettings

__all__ = ["Tables", "address_of", "border", "engine_of", "tables_of"]

_LONGEST_REASON: Final = 200
_KEY_LENGTH: Final = 64
_DOWN: Final = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.DisconnectionError)
_REFUSED: Final = (exc.IntegrityError, exc.DataError)
_TYPES: Final[dict[type, type[Any]]] = {int: Integer, bool: Integer}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a sink as the database has them."""

    documents: Table
    attachments: Table | None
    acts: Table | None


class Addressed(Protocol):
    """Settings that name a database."""

    @property
    def url(self) -> str:
        """SQLAlchemy URL without password."""
        ...

    @property
    def password(self) -> SecretRef | None:
        """Where the password is."""
        ...


def engine_of(settings: Addressed, base: Path) -> Engine:
    """Return an engine that connects when it is used; SQLite files count from `base`.

    Raises ConfigError if the address or the password cannot be read or the driver is absent.
    """
    url = address_of(settings, base)
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    except exc.ArgumentError as error:
        if isinstance(error, exc.NoSuchModuleError):
            raise _no_driver(url, error) from error
        raise ConfigError(codes.BAD_URL.at("url", reason=_reason(error))) from error
    except ImportError as error:
        raise _no_driver(url, error) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _wait_for_the_disk)
    return engine


def _wait_for_the_disk(connection: Any, _record: object) -> None:
    """Let a commit survive a power cut: by default the deleted journal may come back with it."""
    connection.execute("PRAGMA synchronous=EXTRA")


def address_of(settings: Addressed, base: Path) -> URL:
    """Return the database's address with its password, which it does not show."""
    try:
        url = make_url(settings.url)
    except exc.ArgumentError as error:
        raise ConfigError(codes.BAD_URL.at("url", reason=_reason(error))) from error
    if url.password is not None:
        raise ConfigError(codes.PASSWORD_IN_URL.at("url"))
    if settings.password is not None:
        url = url.set(password=resolve(settings.password))
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(base / url.database))
    return url


def _no_driver(url: URL, error: Exception) -> ConfigError:
    facts = {"dialect": url.drivername, "reason": _reason(error)}
    return ConfigError(codes.DRIVER_MISSING.at("url", **facts))


@contextmanager
def border() -> Iterator[None]:
    """Turn the database's errors into ours; document contents stay out of the sentences."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _ours(error) from error


def tables_of(connection: Connection, settings: SqlSettings) -> Tables:
    """Return the tables, created before if the settings say so.

    Raises TransientError if a table or column is absent or a key is not unique: the document is
    not at fault and waits.
    """
    metadata = MetaData(schema=settings.table_schema)
    if settings.create_tables:
        _new_tables(metadata, settings)
        metadata.create_all(connection)
        metadata = MetaData(schema=settings.table_schema)
    columns = {settings.key_column, settings.status.column}
    columns |= {*settings.columns, *settings.constants}
    tables = Tables(
        _reflected(metadata, connection, settings.table, columns, (settings.key_column,)),
        _attachments(metadata, connection, settings.attachments),
        _acts(metadata, connection, settings.acts),
    )
    connection.commit()
    return tables


def _attachments(
    metadata: MetaData, connection: Connection, settings: AttachmentsTable | None
) -> Table | None:
    if settings is None:
        return None
    columns = set(_columns_of(settings).values())
    key = (settings.packet_column, settings.ordinal_column)
    return _reflected(metadata, connection, settings.table, columns, key)


def _acts(metadata: MetaData, connection: Connection, settings: ActsTable | None) -> Table | None:
    if settings is None:
        return None
    columns = set(_columns_of(settings).values())
    key = (settings.packet_column, settings.target_column)
    return _reflected(metadata, connection, settings.table, columns, key)


def _columns_of(settings: AttachmentsTable | ActsTable) -> Mapping[str, str]:
    given = settings.model_dump(exclude_none=True)
    return {name: value for name, value in given.items() if name.endswith("_column")}


def _reflected(
    metadata: MetaData, connection: Connection, name: str, columns: set[str], key: tuple[str, ...]
) -> Table:
    table = Table(name, metadata, autoload_with=connection)
    absent = sorted(columns - set(table.columns.keys()))
    if absent:
        known = ", ".join(table.columns.keys())
        reason = f"{name} has no column {', '.join(absent)}; it has {known}"
        raise TransientError(codes.TABLE_MISMATCH.at(name, reason=reason))
    if set(key) not in _unique_sets(connection, table):
        facts = {"columns": " + ".join(key), "table": name}
        raise TransientError(codes.KEY_NOT_UNIQUE.at(name, **facts))
    return table


def _unique_sets(connection: Connection, table: Table) -> list[set[str]]:
    inspector = inspect(connection)
    primary = inspector.get_pk_constraint(table.name, schema=table.schema)
    constraints = inspector.get_unique_constraints(table.name, schema=table.schema)
    indexes = inspector.get_indexes(table.name, schema=table.schema, include_auto_indexes=True)
    return [
        set(primary["constrained_columns"]),
        *(set(constraint["column_names"]) for constraint in constraints),
        *({str(name) for name in index["column_names"]} for index in indexes if _whole(index)),
    ]


def _whole(index: ReflectedIndex) -> bool:
    """Tell whether an index keeps all rows unique, not only those of a condition."""
    conditions = [name for name in index.get("dialect_options", {}) if name.endswith("_where")]
    return index["unique"] and not conditions


def _new_tables(metadata: MetaData, settings: SqlSettings) -> None:
    Table(
        settings.table,
        metadata,
        Column(settings.key_column, String(_KEY_LENGTH), primary_key=True),
        *(Column(name, _type_of(path)) for name, path in settings.columns.items()),
        *(Column(name, Text) for name in settings.constants),
        Column(settings.status.column, String(_KEY_LENGTH)),
    )
    if settings.attachments is not None:
        _new_attachments(metadata, settings.attachments)
    if settings.acts is not None:
        acts = settings.acts
        Table(
            acts.table,
            metadata,
            Column(acts.packet_column, String(_KEY_LENGTH)),
            Column(acts.target_column, String(_KEY_LENGTH)),
            Column(acts.act_column, String(16)),
            Column(acts.at_column, DateTime),
            Column(acts.data_column, Text),
            UniqueConstraint(acts.packet_column, acts.target_column),
        )


def _new_attachments(metadata: MetaData, settings: AttachmentsTable) -> None:
    texts = (settings.name_column, settings.original_name_column, settings.content_type_column)
    Table(
        settings.table,
        metadata,
        Column(settings.packet_column, String(_KEY_LENGTH), primary_key=True),
        Column(settings.ordinal_column, Integer, primary_key=True, autoincrement=False),
        *(Column(name, Text) for name in texts if name is not None),
        Column(settings.content_column, LargeBinary),
    )


def _type_of(path: str) -> Any:
    kind = fields.kind_of(path)
    if kind.__name__ == "datetime":
        return DateTime
    return Date if kind.__name__ == "date" else _TYPES.get(kind, Text)


def _ours(error: exc.SQLAlchemyError) -> ConnectorError:
    reason = _reason(error)
    if isinstance(error, _REFUSED):
        return PermanentError(codes.CONSTRAINT.at(reason=reason))
    if isinstance(error, exc.NoSuchTableError):
        missing = f"no table {reason}"
        return TransientError(codes.TABLE_MISMATCH.at(reason=missing))
    if isinstance(error, _DOWN) or getattr(error, "connection_invalidated", False):
        return UnavailableError(codes.DATABASE_DOWN.at(reason=reason))
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        return PermanentError(codes.CONSTRAINT.at(reason=reason))
    return TransientError(codes.TABLE_MISMATCH.at(reason=reason))


def _reason(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines() or [type(cause).__name__]
    return lines[0][:_LONGEST_REASON]
