"""A consistent copy of the database while the daemon works."""

from __future__ import annotations

from pathlib import Path

from connector.store.store import Store

__all__ = ["backup"]


def backup(store: Store, directory: Path) -> Path:
    """Copy the database into a directory and return the new file.

    The copy is one snapshot. The spool beside it gains whole files and loses only what nothing
    refers to, so copy it afterwards with any tool; ``parts`` loses files as packets become whole,
    so copy it before and after. Raises ConfigError on PostgreSQL, StorageError
    if the copy fails.
    """
    return store.copy_to(directory / f"store-{store.clock.now():%Y%m%dT%H%M%SZ}.db")
