"""From the bytes of a file to records.

`file_source` does the rest, as for the built-in kinds: patterns of files, settle time, cursors,
archive directories, attachments.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connector.clock import Clock
from connector.errors import Finding
from connector.model.record import Record
from connector.sources.base import Refused
from connector.sources.decoding import SAMPLE_BYTES, Decoding, lines
from connector.sources.files import FileSource, Where, file_source
from connector.sources.table import refused, row_of
from connector_cards import codes
from connector_cards.settings import CardsSettings

__all__ = ["CardTable", "open_cards"]


def open_cards(settings: CardsSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an adapter with cards."""
    return file_source(settings, CardTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class CardTable:
    """The cards of one file."""

    settings: CardsSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become records."""
        return repr((self.settings.charset, self.settings.columns))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:  # noqa: ARG002 - as declared
        """Return the declared columns, after a look at the charset."""
        Decoding(self.settings.charset, self.where).check_sample(stream.read(SAMPLE_BYTES))
        return tuple(self.settings.columns)

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield a record or a refusal for every card; its place is its first line."""
        card: list[tuple[int, str]] = []
        for line in lines(stream, Decoding(self.settings.charset, self.where), name):
            if isinstance(line, Refused):
                yield line
                return
            if line[1].strip("\ufeff \t"):
                card.append(line)
            elif card:
                yield from self._card(card, name)
                card = []
        if card:
            yield from self._card(card, name)

    def _card(
        self, card: list[tuple[int, str]], name: str
    ) -> Generator[Record | Refused, None, None]:
        values: dict[str, str] = {}
        findings: list[Finding] = []
        for number, line in card:
            column, colon, value = line.removeprefix("\ufeff").partition(":")
            column = column.strip()
            place = f"{name}:{number}"
            if not colon:
                findings.append(codes.BAD_LINE.at(place))
            elif column not in self.settings.columns or column in values:
                findings.append(codes.UNKNOWN_NAME.at(place, name=column))
            else:
                values[column] = value.strip()
        place, raw = f"{name}:{card[0][0]}", repr(card).encode("utf-8", "surrogatepass")
        if findings:
            yield refused(place, raw, *findings)
            return
        columns = self.settings.columns
        cells = [values.get(column) for column in columns]
        row = row_of(columns, cells, place, charset=self.settings.charset, raw=raw)
        if row is not None:
            yield row
