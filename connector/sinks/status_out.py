"""Writing delivery states back into the legacy system: by SQL, or as lines of a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Engine, text

from connector.config.load import parse
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Node
from connector.errors import ConfigError
from connector.sinks import codes
from connector.sinks.database import border, engine_of
from connector.sinks.status_file import CsvStatusSink, Reported
from connector.sinks.status_settings import STATUS_SINKS, SqlStatusSettings

__all__ = ["Reported", "StatusSink", "open_status_sink"]


class StatusSink(Protocol):
    """Where changes go; the same change may be written again after a crash."""

    def write(self, changes: Sequence[Reported]) -> None:
        """Make changes durable in the legacy system, in their order.

        Raises TransientError if it may succeed later, PermanentError if one of them never will.
        """
        ...


def open_status_sink(node: Node, base: Path) -> tuple[StatusSink, Mapping[str, str]]:
    """Return the status sink of a part of a configuration, and its table of states.

    Raises ConfigError with a finding per problem.
    """
    kind = node.get(("type",))
    if not isinstance(kind, str) or kind not in STATUS_SINKS:
        facts = {"kind": kind or "", "known": ", ".join(STATUS_SINKS)}
        facts |= did_you_mean(str(kind), STATUS_SINKS)
        raise ConfigError(codes.UNKNOWN_KIND.at(node.place(("type",)), **facts))
    settings = parse(STATUS_SINKS[kind], node)
    if isinstance(settings, SqlStatusSettings):
        return _SqlStatusSink(settings, engine_of(settings, base)), settings.states
    return CsvStatusSink(settings), settings.states


class _SqlStatusSink:
    """All changes of a call are one transaction."""

    def __init__(self, settings: SqlStatusSettings, engine: Engine) -> None:
        self._statement: Final = text(settings.statement)
        self._names: Final = frozenset(self._statement.compile().params)
        self._engine: Final = engine

    def write(self, changes: Sequence[Reported]) -> None:
        """Execute the statement for each change."""
        with border(), self._engine.begin() as connection:
            for change in changes:
                values = {name: change[name] for name in self._names}
                connection.execute(self._statement, values)
