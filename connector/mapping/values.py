"""Values between a cell of an export and a field of a document."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connector.errors import Finding, Text
from connector.mapping import codes
from connector.model.envelope import DocumentCode, DocumentType, Priority

__all__ = [
    "Refusal",
    "SignerTitle",
    "TypeChoice",
    "is_empty",
    "is_ordinary",
    "shown",
    "spelled",
    "text_of",
    "whole_number",
]

_LONGEST: Final = 80
_DIGITS: Final = 18


class Refusal(ValueError):
    """A value that cannot be used; the mapper adds the place and makes a finding of it."""

    def __init__(self, text: Text, **facts: Any) -> None:
        super().__init__(text.code)
        self.text = text
        self.facts = facts

    def at(self, place: str) -> Finding:
        """Return the finding for the place where the value stands."""
        return self.text.at(place, **self.facts)


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """What a name says of a document's kind: as văn bản hành chính, as văn bản QPPL, or both.

    "Quyết định" stands in both lists; the document's code decides (`chosen_for`).
    """

    administrative: DocumentType | None
    normative: DocumentType | None

    def chosen_for(self, code: DocumentCode | None) -> DocumentType | None:
        """Choose by the code: only QPPL carries the year in it (``28/2018/QĐ-TTg``)."""
        if self.administrative is None or self.normative is None:
            return self.administrative or self.normative
        year = code.notation.partition("/")[0] if code else ""
        is_normative = len(year) == 4 and year.isdecimal()
        return self.normative if is_normative else self.administrative


@dataclass(frozen=True, slots=True)
class SignerTitle:
    """Authority and position as they stand above a signature: ``KT.`` and ``BỘ TRƯỞNG``."""

    competence: str | None
    position: str


def is_empty(value: object) -> bool:
    """Tell whether a value says nothing: no value, white space only, a list of such values."""
    if isinstance(value, tuple):
        return all(is_empty(item) for item in value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == b""


def text_of(value: object) -> str:
    """Return a cell as text; raises Refusal for dates and bytes, which have no one spelling."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal) and is_ordinary(value):
        if not isinstance(value, Decimal) and value == int(value):
            return str(int(value))
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise Refusal(codes.NOT_TEXT, kind=_kind(value))


def is_ordinary(value: float | Decimal) -> bool:
    """Tell whether a number is finite and of a size that documents have."""
    if isinstance(value, Decimal):
        return value.is_finite() and -_DIGITS < value.adjusted() < _DIGITS
    return abs(value) < 10**_DIGITS  # False for NaN too


def whole_number(value: object) -> int:
    """Return a whole number from a number or from digits; raises Refusal."""
    if isinstance(value, bool):
        raise Refusal(codes.BAD_NUMBER, value=shown(value))
    if isinstance(value, int | float | Decimal) and is_ordinary(value) and value == int(value):
        return int(value)
    text = value.strip() if isinstance(value, str) else ""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS:
        raise Refusal(codes.BAD_NUMBER, value=shown(value))
    return int(text)


def shown(value: object) -> str:
    """Return a value as people read it in findings and explanations, shortened.

    What cannot be printed, line breaks too, is escaped: values come from foreign systems.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if isinstance(value, int | Decimal) and not is_ordinary(value):
        return "(a number out of range)"
    text = "".join(map(_printable, _spelled(value)[: _LONGEST + 1]))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def spelled(value: object) -> str:
    """Return a value as people write it in a reference: texts in quotes, parts by their names."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, str):
        return f'"{shown(value)}"'
    return _in_parts(value) or shown(value)


def _in_parts(value: object) -> str | None:
    if isinstance(value, DocumentCode):
        return f'number "{value.number}", notation "{value.notation}"'
    if isinstance(value, SignerTitle):
        authority = f'competence "{value.competence}", ' if value.competence else ""
        return f'{authority}position "{value.position}"'
    if isinstance(value, Priority):
        return f"{int(value)} ({value.name.lower()})"
    if isinstance(value, TypeChoice):
        both = [one for one in (value.administrative, value.normative) if one is not None]
        return " or ".join(f'type {one.type}.{one.type_detail} "{one.type_name}"' for one in both)
    return None


def _printable(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "; ".join(shown(item) for item in value)
    if isinstance(value, TypeChoice):
        value = value.administrative or value.normative
    if isinstance(value, DocumentType):
        return f"{value.type_name} ({value.type}.{value.type_detail})"
    if isinstance(value, SignerTitle):
        return f"{value.competence or ''} {value.position}".strip()
    if isinstance(value, Priority):
        return str(int(value))
    return "" if value is None else str(value)


def _kind(value: object) -> str:
    if isinstance(value, dt.datetime):
        return "datetime"
    if isinstance(value, bytes | bytearray | memoryview):
        return "bytes"
    return type(value).__name__
