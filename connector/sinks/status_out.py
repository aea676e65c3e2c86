"""Writing delivery states back into the legacy system: by SQL, or as lines of a CSV file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Engine, text

from connector.config.load import parse
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Node
from connector.errors import ConfigError, PermanentError, UnavailableError
from connector.sinks import codes, durable, system_codes
from connector.sinks.database import border, engine_of
from connector.sinks.status_settings import (
    REPORTED,
    STATUS_SINKS,
    CsvStatusSettings,
    SqlStatusSettings,
)

__all__ = ["Reported", "StatusSink", "open_status_sink"]

Reported = Mapping[str, str | int | None]
"""One change, with the names of `REPORTED`."""

_TAIL: Final = 1 << 16


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
    return _CsvStatusSink(settings), settings.states


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


class _CsvStatusSink:
    """Lines are appended; what a crash has left of a line is taken away first."""

    def __init__(self, settings: CsvStatusSettings) -> None:
        self._settings: Final = settings

    def write(self, changes: Sequence[Reported]) -> None:
        """Append the changes that are not there yet."""
        path = self._settings.path
        try:
            with path.open("a+b") as stream, durable.locked(path):
                size = stream.seek(0, os.SEEK_END)
                tail = _tail(stream, size)
                kept = tail.rpartition(b"\n")[0] + b"\n" if b"\n" in tail else b""
                stream.truncate(size - len(tail) + len(kept))
                stream.write(self._lines(changes, kept, size == 0 or not kept))
                stream.flush()
                os.fsync(stream.fileno())
            durable.sync(path.parent)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UnavailableError(system_codes.FILE_DOWN.at(str(path), reason=reason)) from error

    def _lines(self, changes: Sequence[Reported], before: bytes, fresh: bool) -> bytes:
        last = _last_id(before, self._settings)
        rows = [
            [" ".join(str(change[name] or "").split()) for name in REPORTED]
            for change in changes
            if _id(change) > last
        ]
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._settings.delimiter, lineterminator="\r\n")
        writer.writerows([list(REPORTED), *rows] if fresh else rows)
        charset = self._settings.charset
        try:
            return text.getvalue().encode(charset)
        except UnicodeEncodeError as error:
            character = text.getvalue()[error.start : error.end]
            facts = {"character": character, "path": "reason", "charset": charset}
            raise PermanentError(codes.CHARSET.at(str(self._settings.path), **facts)) from error


def _tail(stream: io.BufferedRandom, size: int) -> bytes:
    """Return at least the last whole line with all that follows it; the whole of a small file."""
    length = _TAIL
    while True:
        start = max(0, size - length)
        stream.seek(start)
        read = stream.read()
        whole = read.partition(b"\n")[2] if start else read  # a line cut in two is no line
        if not start or b"\n" in whole:
            return whole
        length *= 2


def _last_id(before: bytes, settings: CsvStatusSettings) -> int:
    """Return the highest event id among the last lines; 0 if there is none."""
    found = 0
    for line in before.splitlines():
        first = line.decode("ascii", "replace").partition(settings.delimiter)[0]
        if first.isdecimal():
            found = max(found, int(first))
    return found


def _id(change: Reported) -> int:
    return int(change["event_id"] or 0)
