"""The two legal texts of the demonstration, cut into articles, chapters and appendices.

The files under ``examples/legal`` are the Công báo texts as they came out of a PDF: pages are
cut by running heads, and stray spaces stand inside syllables (``Căn c ứ``). What is repaired
here is white space only; no letter is ever added, dropped or changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from connector import resources

__all__ = ["LEGAL_TEXTS", "LegalText", "Passage", "load_legal", "repair"]

LEGAL_TEXTS: Final = {
    "QD28": "QD-28-2018-QD-TTg_congbao_text.txt",
    "ND30": "ND-30-2020-ND-CP_congbao_text.txt",
}
"""Short names of the two texts, as the corpus uses them, and their files."""

_ONSET: Final = re.compile(
    r"(?:ngh|ng|nh|th|tr|ch|kh|ph|gh|gi|qu|[bcdđghklmnpqrstvx])", re.IGNORECASE
)
_PAIR: Final = re.compile(r"(?<!\w)([^\W\d_]+) (?=([^\W\d_]+))")
_WORD: Final = re.compile(r"[^\W\d_]+")
_VOWELS: Final = frozenset(
    "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵ"
)
_BY_HAND: Final = (("N Đ-", "NĐ-"), ("thi ếu", "thiếu"), ("tu ần", "tuần"), ("bả o đảm", "bảo đảm"))
_PAGE_BREAK: Final = re.compile(
    r"(?:\n\s*\d{1,3})*\s*(?:^|\n)(?:\d+ )?CÔNG BÁO/Số \d+ \+ \d+/Ngày [\d-]+(?: \d+)?\n"
    r"(?:\s*\d{1,3}\n)*\s*"
)
_PARAGRAPH: Final = re.compile(
    r"^(?:Điều \d+\.|Chương [IVX]+$|Mục \d+$|Phụ lục [IVX]+$|Phần [IVX]+$|[IVX]+\. |\d+\. |"
    r"[a-zđ]\) |- |Căn c ?ứ |Theo đề nghị|TM\. |THỦ TƯỚNG|Mẫu \d)"
)
_HEADING: Final = re.compile(r"^(?:Chương|Mục|Phụ lục|Phần) [IVX\d]+$")
_TITLE: Final = re.compile(r"^Điều \d+\. ")
_SENTENCE_END: Final = (".", ";", ":", "./.", "”")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a legal text: its label, title and paragraphs."""

    label: str
    title: str
    paragraphs: tuple[str, ...]


def repair(text: str) -> str:
    """Return the text without the spaces that the extraction put inside syllables.

    A space goes if the left side is a bare onset before a vowel, or if both sides together are
    a word that stands unbroken elsewhere in the same text.
    """
    known = frozenset(word.lower() for word in _WORD.findall(text))
    joined = _PAIR.sub(lambda found: _join(found[1], found[2], known), text)
    return _by_hand(joined)


def _join(left: str, right: str, known: frozenset[str]) -> str:
    if right[0].lower() not in _VOWELS:
        return f"{left} "
    if _ONSET.fullmatch(left) or (left + right).lower() in known:
        return left
    return f"{left} "


@dataclass(frozen=True)
class LegalText:
    """One legal text, repaired, with access to its parts."""

    name: str
    lines: tuple[str, ...]

    @cached_property
    def paragraphs(self) -> tuple[str, ...]:
        """The text as paragraphs: headings, articles, clauses and points each on their own."""
        return tuple(_paragraphs(self.lines))

    def preamble(self) -> Passage:
        """Return what stands before the first chapter: title and legal grounds."""
        return Passage("Phần căn cứ", "", self._until(0, "Chương I"))

    def article(self, number: int) -> Passage:
        """Return one article (Điều); KeyError if there is none of that number."""
        start = self._find(rf"Điều {number}\. ", upto=self._appendix_start())
        title = self.paragraphs[start].partition(". ")[2]
        stop = self._next(start, r"Điều \d+\. |Chương [IVX]+$|Mục \d+$|TM\. |THỦ TƯỚNG$")
        return Passage(f"Điều {number}", title, self.paragraphs[start:stop])

    def chapter(self, number: str) -> Passage:
        """Return one chapter by its Roman number, title included."""
        start = self._find(rf"Chương {number}$")
        stop = self._next(start, r"Chương [IVX]+$|Phụ lục I$")
        return Passage(f"Chương {number}", self.paragraphs[start + 1], self.paragraphs[start:stop])

    def appendix(self, number: str) -> Passage:
        """Return one appendix by its Roman number."""
        start = self._find(rf"Phụ lục {number}$", after=self._appendix_start())
        stop = self._next(start, r"Phụ lục [IVX]+$")
        return Passage(f"Phụ lục {number}", self.paragraphs[start + 1], self.paragraphs[start:stop])

    def _appendix_start(self) -> int:
        wanted = "Phụ lục I"
        return self.paragraphs.index(wanted) if wanted in self.paragraphs else len(self.paragraphs)

    def _until(self, start: int, heading: str) -> tuple[str, ...]:
        return self.paragraphs[start : self.paragraphs.index(heading)]

    def _find(self, pattern: str, *, after: int = 0, upto: int | None = None) -> int:
        for index, text in enumerate(self.paragraphs[after:upto], after):
            if re.match(pattern, text):
                return index
        raise KeyError(pattern)

    def _next(self, start: int, pattern: str) -> int:
        for index, text in enumerate(self.paragraphs[start + 1 :], start + 1):
            if re.match(pattern, text):
                return index
        return len(self.paragraphs)


def load_legal(name: str, directory: Path | None = None) -> LegalText:
    """Return a legal text by its short name (``QD28``, ``ND30``)."""
    path = (directory or resources.examples_dir() / "legal") / LEGAL_TEXTS[name]
    text = repair(path.read_text(encoding="utf-8"))
    return LegalText(name, tuple(text.splitlines()))


def _paragraphs(lines: tuple[str, ...]) -> Iterator[str]:
    gathered = ""
    for line in _PAGE_BREAK.sub("\n", "\n".join(("", *lines, ""))).splitlines():
        if gathered and (not line or _starts_anew(gathered, line)):
            yield _by_hand(gathered)
            gathered = ""
        gathered = f"{gathered} {line.strip()}".strip()
    if gathered:
        yield _by_hand(gathered)


def _starts_anew(gathered: str, line: str) -> bool:
    return (
        _PARAGRAPH.match(line) is not None
        or gathered.endswith(_SENTENCE_END)
        or _HEADING.match(gathered) is not None
        or line.isupper() is not gathered.isupper()
        or (_TITLE.match(gathered) is not None and line[0].isupper())
    )


def _by_hand(text: str) -> str:
    for broken, whole in _BY_HAND:
        text = text.replace(broken, whole)
    return text
