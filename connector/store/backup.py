"""A consistent copy of the database while the daemon works, and what its files lack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connector.errors import Finding
from connector.store import codes, parts
from connector.store.orphans import named_contents
from connector.store.part_files import PartFiles
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["backup", "lacking"]

_MOST_PACKETS: Final = 1_000_000


def backup(store: Store, directory: Path) -> Path:
    """Copy the database into a directory and return the new file.

    The copy is one snapshot. The spool beside it gains whole files and loses only what nothing
    refers to, so copy it afterwards with any tool; ``parts`` loses files as packets become whole,
    so copy it before and after, and see what is `lacking`. Raises ConfigError on PostgreSQL,
    StorageError if the copy fails.
    """
    return store.copy_to(directory / f"store-{store.clock.now():%Y%m%dT%H%M%SZ}.db")


def lacking(snapshot: Store, spool: Spool, part_files: PartFiles) -> Iterator[Finding]:
    """Yield what a copied database names and copied files do not have."""
    told: set[str] = set()
    with snapshot.read() as tx:
        for digest in named_contents(tx):
            if digest not in told and not spool.exists(digest):
                told.add(digest)
                place = str(spool.at(digest, 0).path)
                yield codes.BODY_MISSING.at(place, sha256=digest)
        for each in parts.open_assemblies(tx, _MOST_PACKETS):
            pieces = parts.pieces(tx, each.assembly)
            older = (piece.sha256 for piece in pieces if piece.sha256)
            if not part_files.has(each.assembly, pieces) or not all(map(part_files.size, older)):
                place = part_files.place(each.assembly)
                yield codes.PARTS_GONE.at(place, path=place)
