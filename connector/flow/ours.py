"""For whom this node speaks: its agencies, the codes they serve, and how they sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connector.agencies.catalogue import Catalogue
from connector.model.envelope import Organization
from connector.model.organ import covers

__all__ = ["OurAgency", "Ours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OurAgency:
    """One agency of this node; `serves` are the canonical codes that it receives for."""

    organization: Organization
    serves: frozenset[str]

    @property
    def code(self) -> str:
        """The agency's canonical code, which also names its broker user."""
        return self.organization.organ_id


@dataclass(frozen=True, slots=True)
class Ours:
    """The agencies of this node and the catalogue that spells their codes."""

    agencies: Mapping[str, OurAgency]
    catalogue: Catalogue

    def canonical(self, code: str) -> str:
        """Return a code's canonical spelling; an unknown code stays as it is written."""
        return self.catalogue.canonical(code) or code

    def serves(self, code: str) -> bool:
        """Tell whether this node receives documents for a canonical code."""
        return any(code in agency.serves for agency in self.agencies.values())

    def served(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Return those of the canonical codes that this node serves, each once."""
        return tuple(dict.fromkeys(code for code in codes if self.serves(code)))

    def agency_for(self, code: str) -> OurAgency | None:
        """Return the agency that signs for a code: the one serving it, or the nearest above."""
        for agency in self.agencies.values():
            if code in agency.serves:
                return agency
        above = [agency for agency in self.agencies.values() if covers(agency.code, code)]
        return max(above, key=lambda agency: len(agency.code), default=None)

    def organization(self, code: str) -> Organization | None:
        """Return how a code appears as From; None if this node may not speak for it."""
        agency = self.agency_for(code)
        if agency is None or agency.code == code:
            return agency.organization if agency else None
        known = self.catalogue.get(code)
        name = known.name if known else agency.organization.organ_name
        return replace(agency.organization, organ_id=code, organ_name=name)
