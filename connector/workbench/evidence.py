"""What the workbench found, how sure it is, and why, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.errors import Language
from connector.mapping.values import Refusal, text_of
from connector.model.record import Cell

__all__ = ["Column", "Finding", "Look", "Reason", "joined"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence."""

    vi: str
    en: str

    def said(self, language: Language) -> str:
        """Return the evidence in one language."""
        return self.vi if language is Language.VIETNAMESE else self.en


def joined(reasons: tuple[Reason, ...], language: Language) -> str:
    """Return several pieces of evidence as one text."""
    return "; ".join(reason.said(language) for reason in reasons)


@dataclass(frozen=True, slots=True)
class Finding:
    """A setting that was found in the sample, with its confidence from 0 to 1."""

    name: str
    value: Any
    confidence: float
    reasons: tuple[Reason, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the finding JSON-ready."""
        return {
            "name": self.name,
            "value": self.value,
            "confidence": round(self.confidence, 2),
            "vi": joined(self.reasons, Language.VIETNAMESE),
            "en": joined(self.reasons, Language.ENGLISH),
        }


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sample: its name and the values that its first records have.

    `title` is the name as people read it, where it was typed in a legacy font.
    """

    name: str
    values: tuple[Cell, ...]
    title: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The values that say something, as text; numbers as they are written."""
        return tuple(text for text in map(_text, self.values) if text)

    @property
    def distinct(self) -> tuple[str, ...]:
        """The different texts, in the order in which they occur; empty ones too."""
        return tuple(dict.fromkeys(map(_text, self.values)))


def _text(value: Cell) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    try:
        return text_of(value).strip()
    except Refusal:
        return str(value)


@dataclass(frozen=True, slots=True)
class Look:
    """How the sample is read: the settings of its source, why, and what they give."""

    path: Path
    source: dict[str, Any]
    findings: tuple[Finding, ...]
    columns: tuple[Column, ...] = ()
    records: int = 0
    refused: int = 0
    places: tuple[str, ...] = field(default=(), repr=False)
