"""Is this a Vietnamese syllable? The evidence by which charsets are told apart.

A wrong charset turns letters into others, and hardly any of the results is an onset, a rhyme and
a tone that Vietnamese allows together.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["is_abbreviation", "is_syllable"]

_TONE: Final = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_STOPPED_TONES: Final = frozenset("\u0301\u0323")
_ABBREVIATION: Final = re.compile("[A-ZĐƯÔÂÊĂƠ]{2,6}")
_ONSET: Final = "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnprstvx])?"
_OPEN: Final = (
    "a|ă|â|e|ê|i|o|ô|ơ|u|ư|y|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|iêu|oa|oe|oi|ôi|ơi|oai|oay|oao|oeo|ua|"
    "uê|ui|uơ|uy|ưa|ưi|ưu|uôi|uây|uya|uyu|ươi|ươu|yêu"
)
_CLOSED: Final = (
    "(?:a|ă|â|e|ê|i|o|ô|ơ|u|ư|y|oa|oă|oe|oo|uâ|uê|uô|ươ|iê|yê|uyê|uy|uă|uơ)(?:ch|ng|nh|[cmnpt])"
)
_SYLLABLE: Final = re.compile(f"{_ONSET}(?:{_CLOSED}|{_OPEN})")
_STOP: Final = re.compile("(?:c|ch|p|t)$")


def is_syllable(word: str) -> bool:
    """Tell whether a word, in any case, is formed as Vietnamese syllables are."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    tones = _TONE.findall(decomposed)
    plain = unicodedata.normalize("NFC", _TONE.sub("", decomposed))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(plain):
        return False
    return not _STOP.search(plain) or (bool(tones) and tones[0] in _STOPPED_TONES)


def is_abbreviation(word: str) -> bool:
    """Tell whether a word looks like the letters of a notation, such as QĐ or HĐND."""
    return _ABBREVIATION.fullmatch(word) is not None
