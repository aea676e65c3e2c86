"""`connector init` as one act: look, propose, write, and say what was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.agencies.catalogue import Catalogue
from connector.clock import Clock, vietnam_date
from connector.errors import ConfigError, Language, PermanentError
from connector.flow.adapters.trial import TESTS_FILE
from connector.mapping.settings import ADAPTER_FILE
from connector.model.organ import is_routable, scheme_of
from connector.model.packet import CodeScheme
from connector.workbench import codes
from connector.workbench.evidence import joined
from connector.workbench.first_tests import tests_of_adapter, tests_of_sample
from connector.workbench.look import look
from connector.workbench.proposal import Entry, Proposal
from connector.workbench.propose import propose
from connector.workbench.render import adapter_text, table_files
from connector.workbench.scaffold import scaffold
from connector.workbench.write import check_free, write_files

__all__ = ["Started", "start"]


@dataclass(frozen=True, slots=True)
class Started:
    """What was written, and what was found in the sample (nothing without one)."""

    directory: Path
    files: tuple[str, ...]
    proposal: Proposal | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        facts: dict[str, Any] = {"directory": str(self.directory), "files": list(self.files)}
        if self.proposal is None:
            return facts
        seen, made = self.proposal.look, self.proposal
        return {
            **facts,
            "sample": str(seen.path),
            "records": seen.records,
            "refused": seen.refused,
            "source": {**seen.source, "evidence": [one.as_dict() for one in seen.findings]},
            "agency": made.agency.spec["value"],
            "key": list(made.key),
            "secrecy": _entry(made.secrecy),
            "fields": [_entry(entry) for entry in made.fields],
            "attachments": [_entry(entry) for entry in made.attachments],
            "left_out": list(made.left_out),
            "decide": [
                {"what": one.what, "vi": one.reason.vi, "en": one.reason.en}
                for one in made.decisions
            ],
            "notes": [{"vi": one.vi, "en": one.en} for one in made.notes],
        }


def start(
    directory: Path,
    sample: Path | None,
    catalogue: Catalogue,
    clock: Clock,
    *,
    agency: str | None = None,
    charset: str | None = None,
    language: Language = Language.VIETNAMESE,
) -> Started:
    """Write a first adapter into a directory.

    Raises NoInputError or PermanentError if the sample cannot be read or tells nothing,
    ConfigError if a person must say more or a file exists; then nothing is written. Raises
    StorageError if the disk refuses.
    """
    if agency is not None and (scheme_of(agency) is not CodeScheme.QD20 or not is_routable(agency)):
        raise ConfigError(codes.BAD_AGENCY.at(code=agency))
    if sample is None:
        files = scaffold(agency, clock.now())
        write_files(directory, files)
        return Started(directory, tuple(files))
    check_free(directory, (ADAPTER_FILE, TESTS_FILE))
    proposal = propose(
        look(sample, charset=charset), catalogue, vietnam_date(clock.now()), agency=agency
    )
    if not any(entry.columns and entry.confidence > 0 for entry in proposal.fields):
        names = ", ".join(column.name for column in proposal.look.columns)
        raise PermanentError(codes.NOTHING_FOUND.at(str(sample), columns=names[:300]))
    text = adapter_text(proposal, directory, language)
    written: dict[str, str | bytes] = {ADAPTER_FILE: text, **table_files(proposal)}
    write_files(directory, written)
    tests = None
    if not proposal.decisions:
        tests = tests_of_adapter(directory, catalogue, now=clock.now())
    write_files(directory, {TESTS_FILE: tests or tests_of_sample(proposal, now=clock.now())})
    return Started(directory, (*written, TESTS_FILE), proposal)


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "path": entry.path,
        "spec": entry.spec,
        "confidence": round(entry.confidence, 2),
        "vi": joined(entry.reasons, Language.VIETNAMESE),
        "en": joined(entry.reasons, Language.ENGLISH),
    }
