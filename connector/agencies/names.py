"""Agencies by the names that documents use: found exactly, or not found and told what is near.

Case, white space, the place of a tone mark ("Uỷ", "Ủy") and the usual short forms (UBND, HĐND,
TP.) do not count. Diacritics do: a name without them is only a suggestion, because the catalogue
need not hold the other agency of which it is the name.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from connector.agencies.agency import Agency
from connector.agencies.search import Match
from connector.text.fold import fold

__all__ = ["AgencyNames", "Named", "Searchable", "name_key", "spelled"]

_TONES: Final = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_WORD: Final = re.compile(r"[^\W_]+")
_SHORT_FORMS: Final = (
    ("ủy ban nhân dân", "ubnd"),
    ("hội đồng nhân dân", "hđnd"),
    ("thành phố", "tp"),
)
_LONGEST: Final = 200
_ENOUGH: Final = 0.72


class Searchable(Protocol):
    """What is needed of the catalogue."""

    def __iter__(self) -> Iterator[Agency]: ...

    def find(self, text: str, *, limit: int = 20) -> list[Match]:
        """Return the agencies that fit a text, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """The agencies that bear a name on a day, else those that bore it, else the nearest ones."""

    open: tuple[Agency, ...]
    closed: tuple[Agency, ...]
    near: tuple[Agency, ...]


class AgencyNames:
    """The names of a catalogue; made once, asked for every receiver."""

    def __init__(self, catalogue: Searchable) -> None:
        self._catalogue: Final = catalogue

    def named(self, text: str, on: dt.date) -> Named:
        """Return who is called exactly so; nothing that is only alike is taken for it."""
        rows = self._by_key.get(name_key(text), ()) if len(text) <= _LONGEST else ()
        is_open = _each_once(row for row in rows if row.open_on(on))
        if is_open:
            return Named(is_open, (), ())
        closed = _each_once(rows)
        return Named((), closed, () if closed else self._near(text, on))

    def divided(self, text: str, on: dt.date) -> tuple[str, ...]:
        """Return the names in a text with commas, if every one of them is exact; else nothing.

        Names hold commas themselves ("Bộ Văn hóa, Thể thao và Du lịch"): longest first.
        """
        parts = [part.strip() for part in text.split(",")]
        names: list[str] = []
        at = 0
        while at < len(parts) and len(parts) <= 40:
            ends = range(len(parts), at, -1)
            end = next((e for e in ends if self.named(", ".join(parts[at:e]), on).open), None)
            if end is None:
                return ()
            names.append(", ".join(parts[at:end]))
            at = end
        return tuple(names) if len(names) > 1 else ()

    def _near(self, text: str, on: dt.date) -> tuple[Agency, ...]:
        if len(text) > _LONGEST:
            return ()
        found = [match.agency for match in self._catalogue.find(text, limit=6)]
        alike = difflib.get_close_matches(fold(text), self._folded, n=4, cutoff=_ENOUGH)
        found += [row for name in alike for row in self._folded[name]]
        return _each_once(row for row in found if row.open_on(on))[:3]

    @cached_property
    def _by_key(self) -> dict[str, tuple[Agency, ...]]:
        return _grouped((name_key(agency.name), agency) for agency in self._catalogue)

    @cached_property
    def _folded(self) -> dict[str, tuple[Agency, ...]]:
        return _grouped((fold(agency.name), agency) for agency in self._catalogue)


def name_key(text: str) -> str:
    """Return what two spellings of one name have in common."""
    words = " ".join(_toneless_order(word) for word in _WORD.findall(_composed(text)))
    for long, short in _KEYED_FORMS:
        words = long.sub(short, words)
    return words


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _toneless_order(word: str) -> str:
    """Return the word with its tone mark at the end, wherever it was typed."""
    decomposed = unicodedata.normalize("NFD", word)
    tones = "".join(_TONES.findall(decomposed))
    return unicodedata.normalize("NFC", _TONES.sub("", decomposed)) + tones


_KEYED_FORMS: Final = tuple(
    (re.compile(rf"(?<!\S){' '.join(map(_toneless_order, long.split()))}(?!\S)"), short)
    for long, short in _SHORT_FORMS
)


def _grouped(pairs: Iterable[tuple[str, Agency]]) -> dict[str, tuple[Agency, ...]]:
    groups: dict[str, list[Agency]] = {}
    for key, agency in pairs:
        groups.setdefault(key, []).append(agency)
    return {key: tuple(rows) for key, rows in groups.items()}


def _each_once(rows: Iterable[Agency]) -> tuple[Agency, ...]:
    found: dict[str, Agency] = {}
    for row in rows:
        found[row.code] = row
    return tuple(found.values())


def spelled(agencies: Sequence[Agency]) -> str:
    """Return agencies as findings name them."""
    return ", ".join(f"{agency.code} {agency.name}" for agency in agencies)
