"""One consistent copy of a database, while others write it."""

from __future__ import annotations

import os
from pathlib import Path

from connector.errors import ConfigError
from connector.store import codes
from connector.store.border import files, translated
from connector.store.durable import sync
from connector.store.engine import Engines

__all__ = ["copy_database"]


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
