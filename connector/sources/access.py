"""A table of a Microsoft Access database, read by mdbtools' ``mdb-export`` as CSV.

The program runs with limits on time and output, and its output stands in an unnamed file while it
is read. Dates come as ``yyyy-MM-dd HH:mm:ss``, yes and no as 1 and 0; OLE fields are left out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

from connector.clock import Clock
from connector.errors import ConfigError
from connector.model.record import Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.csv import CsvTable
from connector.sources.files import FileSource, Where, file_source
from connector.sources.plain_settings import AccessSettings
from connector.sources.settings import CsvSettings
from connector.sources.table import check_repairable, refused, refused_file, repaired

__all__ = ["AccessTable", "open_access"]

_TOOL: Final = "mdb-export"
_OPTIONS: Final = ("-D", "%Y-%m-%d %H:%M:%S", "-T", "%Y-%m-%d %H:%M:%S", "-b", "strip")
_SECONDS: Final = 600.0
_MAX_BYTES: Final = 1 << 30
_CHUNK: Final = 256 << 10
_REASON_BYTES: Final = 300


def open_access(settings: AccessSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an Access adapter."""
    return file_source(settings, AccessTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class AccessTable:
    """The rows of one table of one database."""

    settings: AccessSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become rows."""
        return repr((self.settings.table, self.settings.charset))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the columns of the table."""
        check_repairable(self.settings.charset, self.where("charset"))
        with self._exported(stream) as text:
            return self._csv(stream).columns(text, f"{name}!{self.settings.table}")

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file!table:line`` of the program's output as places."""
        check_repairable(self.settings.charset, self.where("charset"))
        at = f"{name}!{self.settings.table}"
        try:
            with (
                self._exported(stream) as text,
                closing(self._csv(stream).rows(text, at)) as rows,
            ):
                yield from map(self._repaired, rows)
        except ConfigError as error:
            if error.code != file_codes.TOOL_FAILED.code:
                raise
            yield refused_file(f"{at}:1", at.encode(), *error.findings)

    def _csv(self, stream: BinaryIO) -> CsvTable:
        settings = CsvSettings.model_validate({"type": "csv", "path": Path(stream.name)})
        return CsvTable(settings, self.where)

    def _repaired(self, row: Record | Refused) -> Record | Refused:
        charset = self.settings.charset
        if charset is None or isinstance(row, Refused):
            return row
        columns, cells = tuple(row.values), tuple(row.values.values())
        mended, findings = repaired(columns, cells, row.place, charset)
        if findings:
            return refused(row.place, repr(cells).encode("utf-8", "surrogatepass"), *findings)
        return Record(row.place, dict(zip(columns, mended, strict=True)))

    @contextmanager
    def _exported(self, stream: BinaryIO) -> Iterator[BinaryIO]:
        """Give the table as CSV; ConfigError if the program is missing or fails."""
        path = str(Path(stream.name).resolve())
        command = [_TOOL, *_OPTIONS, "--", path, self.settings.table]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=complaint,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                )
            except OSError as error:
                finding = file_codes.TOOL_MISSING.at(self.where("type"), tool=_TOOL)
                raise ConfigError(finding) from error
            with process:
                stopped = _copy(process, output)
            if stopped or process.returncode != 0:
                complaint.seek(0)
                said = complaint.read(_REASON_BYTES).decode("utf-8", "replace").strip()
                raise self._failed(stopped or said or f"exit {process.returncode}")
            output.seek(0)
            yield output

    def _failed(self, reason: str) -> ConfigError:
        place, table = self.where("table"), self.settings.table
        return ConfigError(file_codes.TOOL_FAILED.at(place, tool=_TOOL, table=table, reason=reason))


def _copy(process: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    """Copy what a program says; kill it past the limits, and say which one that was."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_SECONDS, stop)
    timer.start()
    try:
        written = 0
        while process.stdout is not None and (chunk := process.stdout.read(_CHUNK)):
            written += len(chunk)
            if written > _MAX_BYTES:
                process.kill()
                return f"> {_MAX_BYTES} B"
            output.write(chunk)
    finally:
        timer.cancel()
    return f"> {_SECONDS:.0f} s" if late.is_set() else ""
