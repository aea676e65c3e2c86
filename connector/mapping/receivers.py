"""Receivers of a document: codes resolved through the catalogue, names taken from it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Protocol

from connector.agencies.agency import Resolution
from connector.mapping import codes
from connector.mapping.reading import Reading
from connector.mapping.values import Refusal
from connector.model.envelope import Organization, ReceiverChange

__all__ = ["AgencyLookup", "changed_receivers", "receivers"]


class AgencyLookup(Protocol):
    """What the mapping needs of the catalogue of agencies."""

    def resolve(self, code: str, on: dt.date) -> Resolution:
        """Return what a code in either scheme is on a day."""
        ...


def receivers(
    reading: Reading, catalogue: AgencyLookup, sender: Organization, on: dt.date
) -> tuple[Organization, ...]:
    """Return the receivers, each once; unknown, closed and own codes become findings."""
    found: dict[str, Organization] = {}
    for given in reading.require("receivers"):
        resolution = _resolved(reading, "receivers", given, catalogue, on)
        if resolution is None or resolution.agency is None or resolution.code is None:
            continue
        code, name = resolution.code, resolution.agency.name
        if code == sender.organ_id:
            reading.refuse("receivers", Refusal(codes.OWN_RECEIVER, code=code))
        elif code not in found:
            found[code] = Organization(organ_id=code, organ_name=name)
            reading.derived("receivers", "catalogue", f"{code} {name}", before=given)
    return tuple(found.values())


def changed_receivers(
    reading: Reading, catalogue: AgencyLookup, on: dt.date
) -> tuple[ReceiverChange, ...]:
    """Return the receivers that an update adds and takes off; a closed code can be taken off."""
    changes: list[ReceiverChange] = []
    for given in reading.get("business.added"):
        resolution = _resolved(reading, "business.added", given, catalogue, on)
        if resolution is not None and resolution.code is not None:
            changes.append(ReceiverChange(resolution.code, added=True))
    for given in reading.get("business.removed"):
        code = catalogue.resolve(given, on).code
        changes.append(ReceiverChange(code or given, added=False))
    return tuple(dict.fromkeys(changes))


def _resolved(
    reading: Reading, path: str, given: str, catalogue: AgencyLookup, on: dt.date
) -> Resolution | None:
    resolution = catalogue.resolve(given.strip(), on)
    if resolution.is_open:
        return resolution
    reading.failed.add(path)
    if resolution.finding is not None:
        place = reading.place(path)
        reading.findings.append(dataclasses.replace(resolution.finding, place=place))
    return None
