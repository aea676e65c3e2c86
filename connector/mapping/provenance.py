"""Where each field of a document came from: what ``preview --explain`` tells."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Provenance", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One transform and what it did, as text."""

    transform: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """One field: the place and column of its value, the raw value, and the steps after it."""

    field: str
    place: str
    column: str | None
    raw: str
    steps: tuple[Step, ...]
