"""A consistent copy of the database while the daemon works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import ConfigError
from connector.store import codes
from connector.store.border import files, translated
from connector.store.durable import sync
from connector.store.engine import Engines

if TYPE_CHECKING:
    from connector.store.store import Store

__all__ = ["backup", "copy_database"]


def backup(store: Store, directory: Path) -> Path:
    """Copy the database into a directory and return the new file.

    The copy is one snapshot; the spool beside it only ever gains whole files, so copy it
    afterwards with any tool. Raises ConfigError on PostgreSQL, StorageError if the copy fails.
    """
    name = f"store-{store.clock.now():%Y%m%dT%H%M%SZ}.db"
    return copy_database(store._engines, directory / name)  # noqa: SLF001


def copy_database(engines: Engines, target: Path) -> Path:
    """Write one consistent, compact, durable copy of the database to a new file."""
    if engines.path is None:
        raise ConfigError(codes.BACKUP_NOT_HERE.at(engines.place))
    partial = target.with_name(target.name + ".partial")
    with files(str(target)):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with translated(str(target)):
        engines.run_outside("VACUUM INTO ?", str(partial))
    with files(str(target)):
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    return target
