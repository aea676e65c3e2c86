"""What can go wrong, sorted by what has to happen next.

The tree is by disposition, never by technology; the runtime reads the class, not the message::

    ConnectorError
    ├── ConfigError        78  the integrator corrects a file; nothing was touched
    ├── RecordError        65  this record is refused and kept, the others go on
    ├── TransientError     75  try the same thing again later
    │   ├── UnavailableError   69  a server or source does not answer
    │   └── StorageError       74  disk or database failed: stop, restart from what is durable
    ├── PermanentError     65  this document can never pass as it is: dead-letter it
    │   └── NoInputError       66  the file that was named is not there or not readable
    ├── TrustError         77  not proved to be from whom it claims: quarantine, alarm
    └── Bug                70  ours: please report

Every error carries at least one `Finding`: a stable code, the place, a sentence and the next
step in Vietnamese and English.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

__all__ = [
    "Bug",
    "ConfigError",
    "ConnectorError",
    "Finding",
    "Language",
    "NoInputError",
    "PermanentError",
    "RecordError",
    "Severity",
    "StorageError",
    "Text",
    "TransientError",
    "TrustError",
    "UnavailableError",
]


class Severity(StrEnum):
    """How much a finding matters: an error stops the document, a warning is only reported."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Language(StrEnum):
    """Languages in which the program speaks to people."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what to do about it."""

    code: str
    severity: Severity
    place: str
    en: str
    vi: str
    hint_en: str = ""
    hint_vi: str = ""

    def sentence(self, language: Language = Language.ENGLISH) -> str:
        """Return the message in one language, without code and place."""
        return self.vi if language is Language.VIETNAMESE else self.en

    def hint(self, language: Language = Language.ENGLISH) -> str:
        """Return the next step in one language; empty if there is none."""
        return self.hint_vi if language is Language.VIETNAMESE else self.hint_en

    def as_dict(self) -> dict[str, str]:
        """Return the finding as it stands in JSON output and in refusals."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "place": self.place,
            "en": self.en,
            "vi": self.vi,
            "hint_en": self.hint_en,
            "hint_vi": self.hint_vi,
        }

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{self.code} {place}{self.en}"


@dataclass(frozen=True, slots=True)
class Text:
    """One entry of a room's catalogue of messages (its `codes.py`).

    The sentences are `str.format` templates over the facts of the finding. Codes are
    ``EDX-nnnn`` and never change their meaning.
    """

    code: str
    en: str
    vi: str
    hint_en: str = ""
    hint_vi: str = ""
    severity: Severity = Severity.ERROR

    def at(self, place: str = "", **facts: Any) -> Finding:
        """Return the finding for one place (path, ``file:line:col`` or row) with its facts."""
        return Finding(
            code=self.code,
            severity=self.severity,
            place=place,
            en=self.en.format(**facts),
            vi=self.vi.format(**facts),
            hint_en=self.hint_en.format(**facts),
            hint_vi=self.hint_vi.format(**facts),
        )


class ConnectorError(Exception):
    """Root of the project's own errors; `exit_status` is what the process ends with."""

    exit_status: ClassVar[int] = 70
    disposition: ClassVar[str] = "bug"

    def __init__(self, *findings: Finding) -> None:
        super().__init__(*findings)
        self.findings: Final = findings

    @property
    def code(self) -> str:
        """The code of the first finding."""
        return self.findings[0].code if self.findings else "EDX-9000"

    def __str__(self) -> str:
        return "; ".join(str(finding) for finding in self.findings)


class ConfigError(ConnectorError):
    """The configuration is wrong; nothing was touched."""

    exit_status = 78
    disposition = "config"


class RecordError(ConnectorError):
    """One record of an export cannot become a document: it is refused and kept with reasons."""

    exit_status = 65
    disposition = "record"


class TransientError(ConnectorError):
    """The same attempt may succeed later."""

    exit_status = 75
    disposition = "transient"


class UnavailableError(TransientError):
    """A broker, database or legacy system does not answer."""

    exit_status = 69


class StorageError(TransientError):
    """Disk or store failed: nothing may be taken as durable until a restart."""

    exit_status = 74


class PermanentError(ConnectorError):
    """This document can never pass as it is."""

    exit_status = 65
    disposition = "permanent"


class NoInputError(PermanentError):
    """A named input is absent or unreadable."""

    exit_status = 66


class TrustError(ConnectorError):
    """Signature, certificate or identity is not what it claims to be."""

    exit_status = 77
    disposition = "trust"


class Bug(ConnectorError):
    """A state that the program promised cannot occur."""
