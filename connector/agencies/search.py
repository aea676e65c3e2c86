"""Find agencies by what people type: codes, names without diacritics, abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connector.agencies.agency import Agency
from connector.text.fold import fold

__all__ = ["Entry", "Match", "entry_of", "neighbours", "query_of", "score"]

_WORD: Final = re.compile(r"[^\W_]+")
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789."
_SHORT_FORMS: Final = (
    ("uy ban nhan dan", "ubnd"),
    ("hoi dong nhan dan", "hdnd"),
    ("thanh pho", "tp"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """An agency that fits a search, with 1.0 for the exact code or name."""

    agency: Agency
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Return the match JSON-ready."""
        return {"score": self.score, **self.agency.as_dict()}


@dataclass(frozen=True, slots=True)
class Entry:
    """The searchable form of one agency."""

    agency: Agency
    words: str
    initials: str


@dataclass(frozen=True, slots=True)
class Query:
    """The searchable form of what was typed."""

    code: str
    words: str


def entry_of(agency: Agency) -> Entry:
    """Return the searchable form of an agency."""
    words = _words(agency.name)
    return Entry(agency, words, "".join(word[0] for word in words.split()))


def query_of(text: str) -> Query:
    """Return the searchable form of a text."""
    return Query(text.strip().upper(), _words(text))


def score(query: Query, entry: Entry) -> float:
    """Return how well an agency fits, 0.0 if not at all."""
    by_code = _score_code(query.code, entry.agency)
    return max(by_code, _score_name(query.words, entry)) if query.words else by_code


def neighbours(code: str) -> Iterator[str]:
    """Yield every code one slip away: one sign changed, missing, too many, or two swapped."""
    yield code.upper()
    for at in range(len(code) + 1):
        head, tail = code[:at], code[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for sign in _ALPHABET:
            yield head + sign + tail
            if tail:
                yield head + sign + tail[1:]


def _score_code(code: str, agency: Agency) -> float:
    if code in {agency.code, agency.code102}:
        return 1.0
    return 0.8 if code and agency.code.startswith(code + ".") else 0.0


def _score_name(words: str, entry: Entry) -> float:
    if words == entry.words:
        return 1.0
    if words.replace(" ", "") == entry.initials:
        return 0.9
    padded = f" {entry.words} "
    if f" {words} " in padded:
        return round(0.5 + 0.4 * len(words) / len(entry.words), 3)
    return 0.4 if all(f" {word}" in padded for word in words.split()) else 0.0


def _words(text: str) -> str:
    words = " ".join(fold(word) for word in _WORD.findall(text))
    for long, short in _SHORT_FORMS:
        words = re.sub(rf"\b{long}\b", short, words)
    return words
