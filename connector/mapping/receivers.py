"""Receivers of a document: codes, or exact names, resolved through the catalogue.

A name that is only alike is a finding with the nearest names, never a receiver.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from typing import Final, Protocol

from connector.agencies.agency import Agency, Resolution
from connector.agencies.names import AgencyNames, Named, Searchable, spelled
from connector.errors import Finding
from connector.mapping import codes, value_codes
from connector.mapping.reading import Reading
from connector.mapping.receiver_transforms import is_group
from connector.mapping.values import Refusal, shown
from connector.model.envelope import Organization, ReceiverChange
from connector.model.organ import scheme_of

__all__ = ["AgencyLookup", "Receivers"]

_CODE: Final = re.compile(r"(?=.*[0-9.])[A-Za-z0-9.]+")


class AgencyLookup(Searchable, Protocol):
    """What the mapping needs of the catalogue of agencies."""

    def resolve(self, code: str, on: dt.date) -> Resolution:
        """Return what a code in either scheme is on a day."""
        ...


class Receivers:
    """Resolves what records say of receivers; made once for an adapter."""

    def __init__(self, catalogue: AgencyLookup) -> None:
        self._catalogue: Final = catalogue
        self._names: Final = AgencyNames(catalogue)

    def of(self, reading: Reading, sender: Organization, on: dt.date) -> tuple[Organization, ...]:
        """Return the receivers, each once; unknown, closed and own codes become findings."""
        found: dict[str, Organization] = {}
        for given in reading.require("receivers"):
            for agency in self._open(reading, "receivers", given, on):
                code, name = agency.code, agency.name
                if code == sender.organ_id:
                    reading.refuse("receivers", Refusal(codes.OWN_RECEIVER, code=code))
                elif code not in found:
                    found[code] = Organization(organ_id=code, organ_name=name)
                    reading.derived("receivers", "catalogue", f"{code} {name}", before=given)
        return tuple(found.values())

    def changed(self, reading: Reading, on: dt.date) -> tuple[ReceiverChange, ...]:
        """Return what an update adds and takes off; a closed code can be taken off."""
        changes = [
            ReceiverChange(agency.code, added=True)
            for given in reading.get("business.added")
            for agency in self._open(reading, "business.added", given, on)
        ]
        for given in reading.get("business.removed"):
            code = self._catalogue.resolve(given, on).code
            changes.append(ReceiverChange(code or given, added=False))
        return tuple(dict.fromkeys(changes))

    def _open(self, reading: Reading, path: str, given: str, on: dt.date) -> Iterator[Agency]:
        """Yield the agency of a code or name; the agencies, if exact names stand with commas."""
        text = given.strip()
        if scheme_of(text) is not None or _CODE.fullmatch(text):
            yield from self._of_code(reading, path, text, on)
            return
        named = self._names.named(text, on)
        if len(named.open) == 1:
            yield from self._of_code(reading, path, named.open[0].code, on)
            return
        names = () if named.open or named.closed else self._names.divided(text, on)
        for name in names:
            yield from self._open(reading, path, name, on)
        if not names:
            self._refuse(reading, path, self._unnamed(text, named, on, reading.place(path)))

    def _of_code(self, reading: Reading, path: str, code: str, on: dt.date) -> Iterator[Agency]:
        resolution = self._catalogue.resolve(code, on)
        if resolution.is_open and resolution.agency is not None:
            yield resolution.agency
        elif resolution.finding is not None:
            place = reading.place(path)
            self._refuse(reading, path, dataclasses.replace(resolution.finding, place=place))

    def _unnamed(self, text: str, named: Named, on: dt.date, place: str) -> Finding:
        """Return what to say of a name that is not one open agency."""
        if named.open:
            facts = {"value": shown(text), "codes": spelled(named.open)}
            return value_codes.RECEIVER_AMBIGUOUS.at(place, **facts)
        if named.closed:
            finding = self._catalogue.resolve(named.closed[0].code, on).finding
            if finding is not None:
                return dataclasses.replace(finding, place=place)
        if is_group(text):
            return value_codes.RECEIVER_GROUP.at(place, value=shown(text))
        near = spelled(named.near)
        return value_codes.RECEIVER_UNKNOWN.at(
            place,
            value=shown(text),
            suggestion_en=f"; near it: {near}" if near else "",
            suggestion_vi=f"; gần giống: {near}" if near else "",
        )

    @staticmethod
    def _refuse(reading: Reading, path: str, finding: Finding) -> None:
        reading.failed.add(path)
        reading.findings.append(finding)
