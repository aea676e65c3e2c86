"""From the legacy system's states of received documents to statuses for their senders.

Any kind of source can tell them. What was sent for a document is remembered, so an export that
says the same again sends nothing; the operator's own rules decide what may follow what. A document
that cannot be read any more keeps back its own statuses alone, until its body is restored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, model_validator

from connector import crash
from connector.config.load import parse
from connector.config.settings import Scalar, SettingProblem, Settings
from connector.config.yaml_source import Node
from connector.errors import ConfigError, Finding, PermanentError, StorageError
from connector.events import AlarmRaised, StatusIgnored
from connector.flow.adapters import codes
from connector.flow.containment import concerns_one_body
from connector.flow.ledger import Ledger
from connector.flow.operate import Operator
from connector.model.envelope import StatusCode
from connector.model.record import Record
from connector.sources.base import Batch, Source
from connector.sources.registry import open_source
from connector.store import inbox, legacy_statuses, sources

__all__ = ["StatusFeed", "StatusSourceSettings"]

_IGNORE: Final = "ignore"
_SENDABLE: Final = ("02", "03", "04", "05", "06", "15", "16")
_WITH_REASON: Final = frozenset({StatusCode.REFUSED, StatusCode.CHANGE_REFUSED})


@dataclass(frozen=True, slots=True)
class _KeptBack:
    """A status that can be sent once the body of its document is there again."""

    finding: Finding

    @property
    def noted(self) -> str:
        """What is noted instead of a reason: no reason begins with a line end."""
        return f"\n{self.finding.code}"


class StatusSourceSettings(Settings):
    """Where the legacy system says how far the documents are that it received."""

    source: dict[str, Any] = Field(
        title="Nguồn dữ liệu", description="A source as in adapter.yaml; see sources.md."
    )
    id: str = Field(
        title="Cột mã văn bản",
        description="Column with the packet id or the document id; rows without one are passed by.",
        min_length=1,
    )
    status: str = Field(title="Cột trạng thái", description="Column with the state.", min_length=1)
    reason: str | None = Field(
        default=None,
        title="Cột lý do",
        description="Column with the reason, which 02 and 16 need.",
        min_length=1,
    )
    table: dict[str, Scalar] = Field(
        title="Bảng trạng thái",
        description="State in the legacy system → 02 to 06, 15, 16, or ignore.",
        min_length=1,
    )

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        for name, code in self.table.items():
            if code not in (*_SENDABLE, _IGNORE):
                known = ", ".join((*_SENDABLE, _IGNORE))
                below = ("table", name)
                raise SettingProblem(codes.STATUS_NOT_SENDABLE, below=below, code=code, known=known)
        return self


class StatusFeed:
    """Follows one agency's source of states."""

    def __init__(
        self, ledger: Ledger, operator: Operator, agency: str, node: Node, base: Path
    ) -> None:
        self._settings: Final = parse(StatusSourceSettings, node)
        self._ledger: Final = ledger
        self._operator: Final = operator
        self._node: Final = node
        self._base: Final = base
        self.name: Final = self.called(agency)

    @staticmethod
    def called(agency: str) -> str:
        """Return how the source of an agency is called."""
        return f"status source {agency}"

    def open_source(self) -> Source:
        """Open the export of states; raises ConfigError, UnavailableError."""
        return open_source(self._node, ("source",), self._base, clock=self._ledger.clock)

    def step(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Send what changed since the last look; return how many statuses went out.

        `go_on` is asked after each batch.

        Raises:
            UnavailableError: source or key does not answer; the rest follows later.
            ConfigError: the source lacks a column.
        """
        with self._ledger.store.read() as tx:
            cursor = sources.cursor(tx, self.name)
        source, sent = self.open_source(), 0
        try:
            if cursor is not None:
                source.acknowledge(cursor)
            for batch in source.read(cursor):
                sent += self._batch(batch)
                with self._ledger.work() as work:
                    for refused in batch.refusals:
                        _alarm(work.record, refused.findings[0], refused.findings[0].place)
                    sources.set_cursor(work.tx, self.name, batch.cursor)
                    crash.point("feed.cursor")
                source.acknowledge(batch.cursor)
                if not go_on():
                    break
        finally:
            source.close()
        return sent

    def _batch(self, batch: Batch) -> int:
        return sum(self._one(record) for record in batch.records)

    def _one(self, record: Record) -> int:
        """Send the status of one document if it is another than before."""
        item, value = self._text(record, self._settings.id), self._value(record)
        if not item:
            return 0
        reason = self._text(record, self._settings.reason) if self._settings.reason else ""
        known = f"{item}\n{value}"  # a table may keep every state of a document
        with self._ledger.store.read() as tx:
            last = legacy_statuses.last_status(tx, self.name, known)
        if last == reason:
            return 0
        sent, problem = self._reply(record, item, value, reason)
        crash.point("feed.replied")
        noted = problem.noted if isinstance(problem, _KeptBack) else reason
        if noted == last:  # an alarm told of it, and it is still so
            return sent
        with self._ledger.work() as work:
            legacy_statuses.note_status(work.tx, self.name, known, noted, work.now)
            if isinstance(problem, _KeptBack):
                place = f"{record.place}: status {value!r} of {item!r} is kept back:"
                _alarm(work.record, problem.finding, place)
            elif isinstance(problem, Finding):
                _alarm(work.record, problem, problem.place)
            elif problem is not None:
                work.record(StatusIgnored(status=value, reason=problem, document_id=item))
            crash.point("feed.noted")
        return sent

    def _reply(
        self, record: Record, item: str, value: str, reason: str
    ) -> tuple[int, Finding | _KeptBack | str | None]:
        """Return how many statuses went out, and what spoke against it."""
        place = f"{record.place} [{self._settings.status}]"
        code = self._settings.table.get(value)
        if code is None:
            return 0, codes.STATUS_VALUE_UNKNOWN.at(place, value=value)
        if code == _IGNORE:
            return 0, None
        status = StatusCode(code)
        if status in _WITH_REASON and not reason:
            column = self._settings.reason or "reason"
            return 0, codes.STATUS_NEEDS_REASON.at(place, status=code, column=column)
        if not self._is_here(item):
            return 0, "no received document has that packet id or document id"
        try:
            return len(self._operator.reply(item, status, reason or None)), None
        except (PermanentError, StorageError) as error:
            return 0, _spoken_against(error)

    def _is_here(self, item: str) -> bool:
        """Tell whether an id is a whole one: what people may shorten, a table must not."""
        with self._ledger.store.read() as tx:
            if inbox.by_packet(tx, item) is not None:
                return True
            return any(row.document_id == item for row in inbox.find(tx, text=item))

    def _value(self, record: Record) -> str:
        return self._text(record, self._settings.status)

    def _text(self, record: Record, column: str) -> str:
        if column not in record.values:
            known = ", ".join(record.values)
            place = self._node.place()
            raise ConfigError(codes.STATUS_COLUMN_ABSENT.at(place, column=column, known=known))
        value = record.values[column]
        return "" if value is None else str(value).strip()


def _spoken_against(error: PermanentError | StorageError) -> _KeptBack | str:
    """Return why one status was not sent; raises what concerns more than one document."""
    if isinstance(error, PermanentError):  # overtaken: statuses only go forward
        return error.findings[0].en
    if not concerns_one_body(error):
        raise error
    return _KeptBack(error.findings[0])


def _alarm(record: Any, finding: Finding, place: str) -> None:
    record(AlarmRaised(error_code=finding.code, reason=f"{place} {finding.en}"))
