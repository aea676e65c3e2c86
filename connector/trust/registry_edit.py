"""Changes of a registry file: which certificate may sign for whom, entered and withdrawn.

Each change writes the whole file anew (comments are lost) and raises its `version`. A signature
beside it no longer fits: sign the registry again afterwards.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connector.clock import vietnam_date
from connector.config.load import parse
from connector.config.yaml_source import parse_yaml
from connector.errors import PermanentError
from connector.trust import data_codes as codes
from connector.trust.certificate_file import read_certificates
from connector.trust.certificates import fingerprint, subject_of, usage_problem, weakness
from connector.trust.durable import write_file
from connector.trust.registry_file import (
    REGISTRY_VERSION,
    AgencyEntry,
    CertificateEntry,
    RegistryFile,
)
from connector.trust.registry_sign import read_registry_bytes

__all__ = ["register", "registry_text", "withdraw"]

_DAY: Final = dt.timedelta(days=1)


def register(
    registry_file: Path,
    code: str,
    certificate_file: Path,
    *,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    name: str | None = None,
) -> str:
    """Let a certificate sign for an agency and the codes below it; return its fingerprint.

    Without a period that of the certificate counts; the file is made if it is not there. `name`
    is needed for an agency that is new in the registry.

    Raises:
        ConfigError: the registry is wrong, or would be with this entry.
        PermanentError: the certificate may not sign packets, or an agency's name is missing.
        StorageError: the file cannot be written.
    """
    certificate = read_certificates(certificate_file)[0]
    if reason := usage_problem(certificate) or weakness(certificate):
        named = {"subject": subject_of(certificate), "reason": reason}
        raise PermanentError(codes.REGISTRY_CERTIFICATE.at(str(certificate_file), **named))
    file = _read(registry_file)
    entry = CertificateEntry.model_construct(
        sha256=fingerprint(certificate),
        valid_from=valid_from or vietnam_date(certificate.not_valid_before_utc),
        valid_to=valid_to or vietnam_date(certificate.not_valid_after_utc),
    )
    known = next((each for each in file.agencies if each.code == code), None)
    if known is None and not name:
        raise PermanentError(codes.REGISTRY_NAME_NEEDED.at(str(registry_file), code=code))
    agency = known or AgencyEntry.model_construct(code=code, certificates=())
    changed = agency.model_copy(
        update={
            "name": name or agency.name,
            "certificates": (*agency.certificates, entry),
        }
    )
    _write(registry_file, file, changed)
    return entry.sha256


def withdraw(registry_file: Path, code: str, sha256: str, *, on: dt.date | None = None) -> None:
    """Let a certificate no longer sign for an agency.

    With `on` it counts up to the day before, so that what was received earlier stays provable;
    without, or if it never counted, the entry goes.

    Raises:
        ConfigError: the registry is wrong.
        PermanentError: there is no such entry.
        StorageError: the file cannot be written.
    """
    digits = sha256.replace(":", "").lower()
    file = _read(registry_file)
    agency = next((each for each in file.agencies if each.code == code), None)
    if agency is None or all(each.sha256 != digits for each in agency.certificates):
        facts = {"sha256": digits, "code": code}
        raise PermanentError(codes.REGISTRY_NO_ENTRY.at(str(registry_file), **facts))
    entries = (_ended(each, on) if each.sha256 == digits else each for each in agency.certificates)
    kept = tuple(each for each in entries if each is not None)
    _write(registry_file, file, agency.model_copy(update={"certificates": kept}))


def _ended(entry: CertificateEntry, on: dt.date | None) -> CertificateEntry | None:
    last = on - _DAY if on is not None else None
    if last is None or (entry.valid_from is not None and last < entry.valid_from):
        return None
    if entry.valid_to is not None and entry.valid_to <= last:
        return entry
    return entry.model_copy(update={"valid_to": last})


def _read(path: Path) -> RegistryFile:
    if not path.exists():
        return RegistryFile(registry_version=REGISTRY_VERSION, agencies=())
    return parse(RegistryFile, parse_yaml(read_registry_bytes(path), path, environ={}))


def _write(path: Path, file: RegistryFile, changed: AgencyEntry) -> None:
    """Write a registry with one agency changed; what would be wrong is refused before."""
    others = [each for each in file.agencies if each.code != changed.code]
    agencies = tuple(sorted((*others, changed), key=lambda each: each.code))
    update = {"agencies": agencies, "version": file.version + 1}
    data = registry_text(file.model_copy(update=update)).encode()
    parse(RegistryFile, parse_yaml(data, path, environ={}))
    write_file(path, data)


def registry_text(file: RegistryFile) -> str:
    """Return a registry as canonical YAML."""
    lines = [f"registry_version: {file.registry_version}", f"version: {file.version}"]
    lines.append("agencies:" if file.agencies else "agencies: []")
    for agency in file.agencies:
        lines += _lines(agency)
    return "\n".join(lines) + "\n"


def _lines(agency: AgencyEntry) -> Iterator[str]:
    yield f"  - code: {agency.code}"
    yield f"    name: {_quoted(agency.name)}"
    if agency.certificates:
        yield "    certificates:"
    for entry in agency.certificates:
        yield f"      - sha256: {_quoted(entry.sha256)}"
        if entry.valid_from is not None:
            yield f"        valid_from: {entry.valid_from.isoformat()}"
        if entry.valid_to is not None:
            yield f"        valid_to: {entry.valid_to.isoformat()}"
    if agency.legacy is not None:
        yield "    legacy:"
        yield f"      allow: {agency.legacy.allow}"
        yield f"      until: {agency.legacy.until.isoformat()}"
        yield f"      reason: {_quoted(agency.legacy.reason)}"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar in which nothing is replaced from the environment."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${")
