"""What values look like: the share of a column's values that have the shape of a meaning."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Final

from connector.agencies.names import AgencyNames
from connector.mapping.attachments import CONTENT_TYPES
from connector.mapping.code_transforms import split_code
from connector.mapping.date_transforms import Patterns, date_of
from connector.mapping.document_types import type_choice
from connector.mapping.receiver_transforms import ReceiverList, receiver_names
from connector.mapping.signer_titles import looks_like_title
from connector.mapping.subject_transforms import leading_type
from connector.mapping.transforms import bind, call
from connector.mapping.values import Refusal
from connector.model.organ import scheme_of
from connector.text.fold import fold
from connector.workbench.evidence import Column

__all__ = ["DATE_PATTERNS", "SHAPES", "Shapes", "date_patterns", "has_degrees", "readable", "share"]

_DIGITS: Final = re.compile(r"[0-9]{1,6}[a-zđ]?", re.IGNORECASE)
_NOTATION: Final = re.compile(r"(?:[0-9]{4}/)?[A-ZĐƯ][A-ZĐƯa-zđư0-9&]*(?:[-/][A-ZĐƯa-zđư0-9&]+)*")
_AUTHORITY: Final = re.compile(r"(?:TM|KT|TL|TUQ|Q)\.?(?:\s.*)?", re.IGNORECASE | re.DOTALL)
_FILE: Final = re.compile(rf"\.(?:{'|'.join(CONTENT_TYPES)})(?=\s*(?:[;,|\n]|$))", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){1,5}")
_SURNAME: Final = re.compile(
    "(?:nguyen|tran|le|pham|hoang|huynh|phan|vu|vo|dang|bui|do|ho|ngo|duong|ly|dinh|trinh|truong|"
    "lam|mai|cao|ha|dao|doan|luong|ta|thai|phung|to|quach|chu|luu|kieu|tong|bach|tang|ma|vuong|an)"
)
_URGENT: Final = frozenset({"thuong", "khan", "thuongkhan", "hoatoc", "hoatochengio", "binhthuong"})
_SECRET: Final = frozenset({"mat", "toimat", "tuyetmat", "khongmat"})
DATE_PATTERNS: Final = (
    "dd/MM/yyyy",
    "dd-MM-yyyy",
    "dd.MM.yyyy",
    "yyyy-MM-dd",
    "yyyy/MM/dd",
    "dd/MM/yyyy HH:mm:ss",
    "dd/MM/yyyy HH:mm",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.fff",
    "yyyy-MM-dd HH:mm",
    "iso",
    "text",
    "yyyyMMdd",
    "MMM d yyyy hh:mmtt",
    "dd/MM/yyyy hh:mm:ss tt",
    "excel",
    "MM/dd/yyyy",
)
"""Patterns that are tried, in this order; day first before month first, which comes last."""

Shape = Callable[[str], bool]


def share(values: Sequence[object], test: Callable[[object], bool]) -> float:
    """Return the share of the values that pass a test; 0 without values."""
    return sum(map(test, values)) / len(values) if values else 0.0


def readable(names: Sequence[object], value: object) -> bool:
    """Tell whether a value passes a chain of transforms, given as adapter.yaml names them."""
    calls = [
        call(*next(iter(one.items()))) if isinstance(one, dict) else call(str(one)) for one in names
    ]
    try:
        for bound in bind(calls, {}):
            value = bound.function(value)
    except Refusal:
        return False
    return True


def date_patterns(values: Sequence[object]) -> tuple[tuple[str, ...], float]:
    """Return the fewest patterns that read the dates, day first, and the share that they read."""
    left = [value for value in values if not isinstance(value, dt.date)]
    chosen: list[str] = []
    for pattern in DATE_PATTERNS:
        read = [value for value in left if _is_date(value, pattern)]
        if read and (pattern != "MM/dd/yyyy" or len(read) == len(left) == len(values)):
            chosen.append(pattern)
            left = [value for value in left if value not in read]
    return tuple(chosen), 1 - len(left) / len(values) if values else 0.0


def _is_date(value: object, pattern: str) -> bool:
    if pattern == "excel" and isinstance(value, str) and not 5 <= len(value) <= 5:
        return False
    try:
        return 1940 <= date_of(value, Patterns(patterns=(pattern,))).year <= 2100
    except Refusal:
        return False


class Shapes:
    """The shapes that need the catalogue of agencies, and all others."""

    def __init__(self, names: AgencyNames, today: dt.date) -> None:
        self._names: Final = names
        self._today: Final = today

    def of(self, meaning: str, column: Column) -> float | None:
        """Return the share of the values with the shape of a meaning; None if it has none."""
        if meaning in {"date", "due"}:
            present = [value for value in column.values if value not in {None, ""}]
            return date_patterns(present)[1]
        if meaning in {"receivers", "addressees"}:
            return share(column.texts, self._is_receivers)
        if meaning == "issuer":
            return share(column.texts, self._is_agency)
        if meaning == "subject":
            return _subject(column)
        test = SHAPES.get(meaning)
        return None if test is None else share(column.texts, lambda text: test(str(text)))

    def is_agency(self, text: str) -> bool:
        """Tell whether a text is the code or the exact name of an agency."""
        if scheme_of(text.strip()) is not None:
            return True
        found = self._names.named(text, self._today)
        return bool(found.open or found.closed)

    def _is_agency(self, value: object) -> bool:
        return self.is_agency(str(value))

    def _is_receivers(self, value: object) -> bool:
        try:
            items = receiver_names(value, ReceiverList(as_above="drop"))
        except Refusal:
            return False
        return any(map(self.is_agency, items)) or "lưu:" in str(value).lower()


def _code(text: str) -> bool:
    if readable(["without_label"], text):
        (bound,) = bind([call("without_label")], {})
        text = str(bound.function(text))
    try:
        split_code(text)
    except Refusal:
        return False
    return not _is_date(text, "dd/MM/yyyy")


def _type(text: str) -> bool:
    try:
        type_choice(text)
    except Refusal:
        return False
    return True


def _person(text: str) -> bool:
    words = fold_words(text)
    return _NAME.fullmatch(text) is not None and _SURNAME.fullmatch(words[0]) is not None


def fold_words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [fold(word) for word in text.split()]


def has_degrees(column: Column) -> bool:
    """Tell whether a column holds a degree of secrecy by its own word."""
    return any(fold(text) in _SECRET for text in column.texts)


def _subject(column: Column) -> float:
    """Return how much a column reads like subjects: several words, mostly all different."""
    texts = column.texts
    if not texts:
        return 0.0
    wordy = share(texts, lambda text: len(str(text).split()) >= 4)
    return wordy * (0.5 + 0.5 * len(set(texts)) / len(texts))


SHAPES: Final[dict[str, Shape]] = {
    "code": _code,
    "number": lambda text: _DIGITS.fullmatch(text) is not None,
    "notation": lambda text: len(text) < 40 and _NOTATION.fullmatch(text) is not None,
    "type": _type,
    "type_and_subject": lambda text: leading_type(text) is not None and len(text.split()) > 3,
    "signer": _person,
    "position": looks_like_title,
    "competence": lambda text: _AUTHORITY.fullmatch(text) is not None,
    "priority": lambda text: fold(text) in _URGENT,
    "secrecy": lambda text: fold(text) in _SECRET | {"thuong"},
    "pages": lambda text: text.isascii() and text.isdigit() and 0 < int(text[:6]) < 10_000,
    "copies": lambda text: text.isascii() and text.isdigit() and 0 < int(text[:6]) < 10_000,
    "files": lambda text: _FILE.search(text) is not None,
    "document_id": lambda text: len(text) > 8 and "," in text and "/" in text,
    "place": lambda text: len(text) < 40 and not any(map(str.isdigit, text)),
}
"""Meaning → whether a text has its shape."""
