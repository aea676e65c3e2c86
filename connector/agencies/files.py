"""Catalogue files: load the node's catalogue, import a list, save it.

The shipped seed holds level 1 only; a node works with its own file as soon as it has imported
the axis' list.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from connector.agencies import codes
from connector.agencies.agency import Agency
from connector.agencies.catalogue import Catalogue
from connector.agencies.rows import COLUMNS, VERSION, Listing, check, has_errors, read_rows
from connector.errors import ConfigError, Finding, NoInputError, PermanentError, TransientError
from connector.resources import schemas_dir

__all__ = ["import_csv", "load", "merge", "save", "seed_path"]


def seed_path() -> Path:
    """Return the catalogue that is shipped: ministries and provinces of 2020 and 2025."""
    return schemas_dir() / "agencies.csv"


def load(path: Path | None = None) -> Catalogue:
    """Return the catalogue of a file, the shipped one without a path.

    Raises ConfigError with all findings if a row is wrong; warnings are passed over.
    """
    source = path or seed_path()
    try:
        listing = read_rows(_text(source), str(source))
    except PermanentError as error:
        raise ConfigError(*error.findings) from error
    checked = check(listing.agencies, str(source))
    findings = [*listing.findings, *checked.findings]
    if has_errors(findings):
        raise ConfigError(*findings)
    return Catalogue(checked.agencies)


def import_csv(path: Path) -> Listing:
    """Read a list of agencies from a file; what had to be left out is among the findings.

    Raises NoInputError if the file cannot be read, PermanentError if it is no text.
    """
    listing = read_rows(_text(path), str(path))
    checked = check(listing.agencies, str(path))
    return Listing(checked.agencies, (*listing.findings, *checked.findings))


def merge(base: Iterable[Agency], imported: Iterable[Agency]) -> Listing:
    """Return an imported list completed by what the node knew before.

    Codes that are only in `base` stay, so closed codes still lead to their successors. A code
    imported without dates keeps its known periods and gets the new name and old code; imported
    with dates, it replaces all that was known of it. Old codes go to the imported agencies.
    """
    known: dict[str, list[Agency]] = {}
    for agency in base:
        known.setdefault(agency.code, []).append(agency)
    news: dict[str, list[Agency]] = {}
    for agency in imported:
        news.setdefault(agency.code, []).append(agency)
    findings: list[Finding] = []
    merged: list[Agency] = []
    for code in {**news, **known}:
        rows, warnings = _merged_code(known.get(code, []), news.get(code, []))
        merged.extend(rows)
        findings.extend(warnings)
    checked = check(merged)
    ordered = sorted(checked.agencies, key=lambda row: (row.code, str(row.valid_from)))
    return Listing(tuple(ordered), (*findings, *checked.findings))


def save(agencies: Iterable[Agency], path: Path) -> None:
    """Write a catalogue file atomically: readers see the old one or the new one.

    Raises PermanentError if the list contradicts itself so that `load` would refuse it,
    TransientError if the file cannot be written.
    """
    agencies = list(agencies)
    findings = check(agencies, str(path)).findings
    if not agencies or has_errors(findings):
        raise PermanentError(*findings or [codes.EMPTY.at(str(path))])
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_durably(temporary, written(agencies).encode())
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise TransientError(codes.FILE_UNWRITABLE.at(str(path), reason=reason)) from error


def written(agencies: Iterable[Agency]) -> str:
    """Return the text of a catalogue file."""
    out = io.StringIO(newline="")
    out.write(f"# catalogue_version: {VERSION}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for agency in agencies:
        facts = agency.as_dict() | {
            "successors": " ".join(agency.successors),
            "verified": "true" if agency.verified else "false",
        }
        writer.writerow(facts[column] for column in COLUMNS)
    return out.getvalue()


def _merged_code(known: list[Agency], news: list[Agency]) -> tuple[list[Agency], list[Finding]]:
    if not news or not known:
        return news or known, []
    if len(news) > 1 or news[0].valid_from or news[0].valid_to:
        return news, []
    (new,) = news
    *earlier, latest = sorted(known, key=lambda row: (row.valid_to is None, str(row.valid_to)))
    if latest.valid_to is not None:
        since = f"{latest.valid_to:%d/%m/%Y}"
        return known, [codes.CLOSED_IN_FORCE.at(code=new.code, since=since)]
    return [*earlier, _renewed(latest, new)], []


def _renewed(latest: Agency, new: Agency) -> Agency:
    return replace(
        latest,
        name=new.name,
        code102=new.code102 or latest.code102,
        verified=new.verified or (latest.verified and latest.name == new.name),
        source=new.source or latest.source,
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.FILE_UNREADABLE.at(str(path), reason=reason)) from error
    except UnicodeDecodeError as error:
        raise PermanentError(codes.NOT_UTF8.at(str(path))) from error


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
