"""What an adapter would say: its parts before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.workbench.evidence import Look, Reason

__all__ = ["Decision", "Entry", "Proposal", "TableDraft"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `fields` or `attachments`, with how sure it is and why."""

    path: str
    spec: dict[str, Any]
    confidence: float
    reasons: tuple[Reason, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the entry reads."""
        one = self.spec.get("column") or self.spec.get("blob")
        return (one,) if one else tuple(self.spec.get("columns", ()))


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A code table with the values of the sample; ``?`` where a person decides, with a note."""

    name: str
    rows: tuple[tuple[str, str, str], ...]
    in_file: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that only a person can know."""

    what: str
    reason: Reason


@dataclass(slots=True)
class Proposal:
    """A first adapter."""

    look: Look
    name: str
    agency: Entry
    key: tuple[str, ...]
    secrecy: Entry
    attachments_directory: str | None = None
    fields: list[Entry] = field(default_factory=list)
    attachments: list[Entry] = field(default_factory=list)
    tables: list[TableDraft] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns of the sample that nothing reads."""
        used = {column for entry in (*self.fields, *self.attachments) for column in entry.columns}
        used |= {*self.key, *self.secrecy.columns}
        used |= {str(entry.spec.get("name")) for entry in self.attachments}
        return tuple(column.name for column in self.look.columns if column.name not in used)

    def decide(self, what: str, vi: str, en: str) -> None:
        """Note what a person has to decide."""
        self.decisions.append(Decision(what, Reason(vi, en)))
