"""Which charset is this? Decided over a whole file or column, never over one cell.

Each candidate decodes the sample; what counts is how many of the words that carry marks are then
Vietnamese syllables. "Q§-UBND" and "QÑ-UBND" in a notation are such words too. If two charsets
fit alike, or none does, the answer is "not known" with the evidence: a person configures it.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connector.text.charsets import DETECTABLE, NAMES, charset
from connector.text.look_alikes import look_alike_name
from connector.text.mojibake import to_bytes
from connector.text.normalise import nfc
from connector.text.syllables import is_abbreviation, is_syllable

__all__ = ["Guess", "detect", "detect_mojibake"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_VIETNAMESE: Final = re.compile("[\u1ea0-\u1ef9ăđơưĂĐƠƯ]")
_NOTATION: Final = re.compile(r"[0-9]/[A-Z]*Đ[A-ZĐ]*(?:-|\b)")
_WRONG: Final = "\ufffd"
_FEWEST_WORDS: Final = 3
_SURE: Final = 0.7
_MARGIN: Final = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """A charset, None if not known; `score` is the share of marked words that it explains."""

    charset: str | None
    score: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    name: str
    good: int
    words: int
    notation: bool

    @property
    def share(self) -> float:
        return self.good / self.words if self.words else 0.0


def detect(sample: bytes) -> Guess:
    """Guess the charset of a sample: the first hundreds of kilobytes of an export, not a cell.

    UTF-8 of look-alikes has a charset of its own (``utf8-tcvn3``, see `look_alikes`).
    """
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Guess(name, 1.0, ("it begins with a byte order mark",))
    if sample.isascii():
        return Guess("ascii", 1.0, ("every byte is ASCII",))
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        text = ""
    if text.isascii():
        return _best(sample, ("cp1258",))
    guess = _unicode(text)
    if guess.charset in NAMES:
        return Guess(look_alike_name(guess.charset), guess.score, guess.evidence)
    return guess


def detect_mojibake(texts: Iterable[str]) -> Guess:
    """Guess from which charset Unicode look-alikes came; ``utf-8`` if the texts are as they are."""
    joined = nfc("\n".join(texts))
    if joined.isascii():
        return Guess("ascii", 1.0, ("every character is ASCII",))
    return _unicode(joined)


def _unicode(text: str) -> Guess:
    """Tell real Unicode from look-alikes of a legacy charset."""
    if _VIETNAMESE.search(nfc(text)):
        return Guess("utf-8", 1.0, ("it has letters that only Vietnamese Unicode has",))
    data = to_bytes(text)
    plain = _fit("utf-8", text)
    below = _best(data, ()) if data is not None else Guess(None, 0.0, ())
    if below.charset is None or below.score <= plain.share + _MARGIN:
        return Guess("utf-8", max(plain.share, 0.5), ("it is valid UTF-8", *below.evidence))
    return Guess(below.charset, below.score, ("read as Latin-1 before", *below.evidence))


def _best(sample: bytes, others: tuple[str, ...]) -> Guess:
    fits = [_fit(name, _decoded(name, sample)) for name in (*DETECTABLE, *others)]
    best, second = sorted(fits, key=lambda fit: fit.share, reverse=True)[:2]
    evidence = tuple(
        f"{fit.name}: {fit.good} of {fit.words} words with marks are Vietnamese" for fit in fits
    )
    enough = best.words >= _FEWEST_WORDS or best.notation
    sure = enough and best.share >= _SURE and best.share - second.share >= _MARGIN
    return Guess(best.name if sure else None, best.share, evidence)


def _decoded(name: str, sample: bytes) -> str:
    if name in DETECTABLE:
        return charset(name).decode(sample, "replace")[0]
    return nfc(sample.decode(name, "replace"))


def _fit(name: str, text: str) -> _Fit:
    words = Counter(word for word in _WORD.findall(text.replace(_WRONG, "q")) if not word.isascii())
    known = {word for word in words if is_syllable(word) or is_abbreviation(word)}
    good = sum(words[word] for word in known)
    notation = _NOTATION.search(text) is not None
    return _Fit(name, good, words.total() + text.count(_WRONG), notation)
