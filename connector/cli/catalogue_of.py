"""The agency catalogue that a verb uses: the one that is named, else the one that is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.agencies.catalogue import Catalogue
    from connector.flow.ours import Ours

__all__ = ["catalogue_at", "ours_of_nobody"]


def catalogue_at(path: Path | None) -> Catalogue:
    """Load a catalogue file, the shipped seed without one."""
    from connector.agencies.files import load

    return load(path)


def ours_of_nobody(catalogue: Path | None) -> Ours:
    """Return the view of adapters outside any node: no agencies, only the catalogue."""
    from connector.flow.ours import Ours

    return Ours({}, catalogue_at(catalogue))
