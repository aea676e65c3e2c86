"""Documents as rows of the legacy system's database.

The packet id stands in a unique column, and the row, its attachments and the marks on replaced
documents are one transaction: doing it again finds the row and changes nothing. Values are bound
parameters; names of tables and columns come from the configuration and are checked against the
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Table, and_, or_, select

from connector import crash
from connector.errors import ConnectorError, Finding, PermanentError
from connector.model.content import read_all
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes, durable, fields, notices
from connector.sinks.cells import Cells
from connector.sinks.database import Tables, border, engine_of, tables_of
from connector.sinks.settings import ActsTable, SqlSettings

__all__ = ["SqlSink", "open_sql"]

_Result = TypeVar("_Result")


def open_sql(settings: SqlSettings, base: Path) -> SqlSink:
    """Return the sink of some settings; the database is asked at the first document.

    Raises ConfigError if address, password or driver are wrong.
    """
    return SqlSink(settings, engine_of(settings, base))


class SqlSink:
    """Puts each document into one row of the legacy table."""

    def __init__(self, settings: SqlSettings, engine: Engine) -> None:
        self._settings: Final = settings
        self._engine: Final = engine
        self._cells: Final = Cells(settings.charset, settings.date_format, settings.small_capitals)
        self._known: Tables | None = None

    def deliver(self, item: Inbound) -> bool:
        """Insert the document once per packet id; one taken back before does not come."""
        return self._once(lambda tx, tables: self._insert(tx, tables, item))

    def deliver_many(self, items: Sequence[Inbound]) -> list[bool]:
        """Insert documents as `deliver` does, in one transaction."""
        return self._once(lambda tx, tables: [self._insert(tx, tables, item) for item in items])

    def cancel(self, item: Inbound, target: InboundTarget) -> None:
        """Mark the document's row as taken back and keep the recall among the acts."""

        def work(tx: Connection, tables: Tables) -> None:
            self._mark(tx, tables.documents, [target], self._settings.status.cancelled, ())
            self._record(tx, tables, item, [target])

        self._once(work)

    def replace(self, item: Inbound, targets: Sequence[InboundTarget]) -> bool:
        """Insert the document and mark the rows that it replaces, in one transaction."""

        def work(tx: Connection, tables: Tables) -> bool:
            status = self._settings.status
            on_desk = self._insert(tx, tables, item)
            fresh = self._record(tx, tables, item, targets)
            self._mark(tx, tables.documents, fresh, status.replaced, (status.cancelled,))
            return on_desk

        return self._once(work)

    def update(self, item: Inbound, target: InboundTarget) -> None:
        """Keep an update packet among the acts and mark the row; content columns stay.

        Raises PermanentError if the settings give it no place.
        """
        status = self._settings.status
        if status.updated is None and self._settings.acts is None:
            raise PermanentError(codes.NOWHERE_TO_RECORD.at())
        updated = status.updated

        def work(tx: Connection, tables: Tables) -> None:
            fresh = self._record(tx, tables, item, [target])
            if updated is not None:
                final = (status.cancelled, status.replaced)
                self._mark(tx, tables.documents, fresh, updated, final)

        self._once(work)

    def check(self) -> tuple[Finding, ...]:
        """Return what keeps rows from being written: connection, tables, columns, unique keys."""
        try:
            with border(), self._engine.connect() as connection:
                tables_of(connection, self._settings)
        except ConnectorError as error:
            return error.findings
        return ()

    def _once(self, work: Callable[[Connection, Tables], _Result]) -> _Result:
        """Do the work in one transaction; lost races with another process show as done."""
        try:
            return self._transaction(work)
        except ConnectorError as error:
            self._known = None
            if error.code != codes.CONSTRAINT.code:
                raise
            return self._transaction(work)

    def _transaction(self, work: Callable[[Connection, Tables], _Result]) -> _Result:
        with border(), self._engine.connect() as connection:
            if self._known is None:
                self._known = tables_of(connection, self._settings)
            with connection.begin():
                done = work(connection, self._known)
            crash.point("sql.committed")
            return done

    def _insert(self, tx: Connection, tables: Tables, item: Inbound) -> bool:
        settings = self._settings
        if self._was_cancelled(tx, tables, item.packet_id):
            return False
        documents = tables.documents
        key = documents.c[settings.key_column]
        if tx.execute(select(key).where(key == item.packet_id)).first() is None:
            tx.execute(documents.insert().values(self._row(documents, item)))
            if tables.attachments is not None:
                self._insert_attachments(tx, tables.attachments, item)
            crash.point("sql.inserted")
        return settings.desk

    def _row(self, table: Table, item: Inbound) -> dict[str, Any]:
        settings = self._settings
        row = {
            name: self._cells.cell(fields.value_at(item, path), table.c[name], path)
            for name, path in settings.columns.items()
        }
        constants = dict(settings.constants)
        if settings.status.received is not None:
            constants[settings.status.column] = settings.status.received
        row |= {
            name: self._cells.cell(text, table.c[name], name) for name, text in constants.items()
        }
        return row | {settings.key_column: item.packet_id}

    def _insert_attachments(self, tx: Connection, table: Table, item: Inbound) -> None:
        settings = self._settings.attachments
        if settings is None:
            return
        names = notices.attachment_names(item)
        for ordinal, (attachment, name) in enumerate(
            zip(item.document.attachments, names, strict=True), start=1
        ):
            texts = {
                settings.name_column: name,
                settings.original_name_column: attachment.name,
                settings.content_type_column: attachment.content_type,
            }
            row: dict[str, Any] = {
                column: self._cells.cell(text, table.c[column], column)
                for column, text in texts.items()
                if column is not None
            }
            row |= {
                settings.packet_column: item.packet_id,
                settings.ordinal_column: ordinal,
                settings.content_column: read_all(attachment.content),
            }
            tx.execute(table.insert().values(row))

    def _mark(
        self,
        tx: Connection,
        table: Table,
        targets: Iterable[InboundTarget],
        value: str,
        final: Sequence[str],
    ) -> None:
        """Set the status of the targets, except where it has one of the `final` values."""
        status = table.c[self._settings.status.column]
        keys = [target.packet_id for target in targets]
        kept = [self._cells.cell(one, status, status.name) for one in final]
        movable = or_(status.is_(None), status.not_in(kept))
        tx.execute(
            table.update()
            .where(and_(table.c[self._settings.key_column].in_(keys), movable))
            .values({status: self._cells.cell(value, status, status.name)})
        )
        crash.point("sql.marked")

    def _record(
        self, tx: Connection, tables: Tables, item: Inbound, targets: Iterable[InboundTarget]
    ) -> list[InboundTarget]:
        """Keep the act on each target; return the targets for which it was not on record yet."""
        acts, names = tables.acts, self._settings.acts
        if acts is None or names is None:
            return list(targets)
        packet, target_id = acts.c[names.packet_column], acts.c[names.target_column]
        fresh = []
        for target in targets:
            done = and_(packet == item.packet_id, target_id == target.packet_id)
            if tx.execute(select(packet).where(done)).first() is None:
                fresh.append(target)
                tx.execute(acts.insert().values(self._act(acts, names, item, target)))
        return fresh

    def _act(
        self, acts: Table, names: ActsTable, item: Inbound, target: InboundTarget
    ) -> dict[str, Any]:
        data = notices.act_data(item, target) | notices.changes_data(item)
        at = fields.value_at(item, "arrived_at")
        return {
            names.packet_column: item.packet_id,
            names.target_column: target.packet_id,
            names.act_column: data["act"],
            names.at_column: self._cells.cell(at, acts.c[names.at_column], names.at_column),
            names.data_column: durable.as_json(data).decode(),
        }

    def _was_cancelled(self, tx: Connection, tables: Tables, packet_id: str) -> bool:
        acts, names = tables.acts, self._settings.acts
        if acts is None or names is None:
            return False
        recalled = and_(
            acts.c[names.target_column] == packet_id, acts.c[names.act_column] == "recall"
        )
        return tx.execute(select(acts.c[names.target_column]).where(recalled)).first() is not None
