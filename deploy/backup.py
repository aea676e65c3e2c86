"""Copy a node's state while its daemon works: the database as one snapshot, then its files.

    /opt/connector/bin/python backup.py /var/lib/connector /var/backups/connector

The spool only ever gains whole files named by their digest, so what the snapshot refers to is
there when it is copied after it; files that the last backup has are not copied again. Parts of
packets that are still arriving go away once they are joined, so they are copied before, too.
Restore: see docs/operator.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connector.clock import SystemClock
from connector.errors import ConnectorError, StorageError
from connector.store.backup import backup
from connector.store.codes import BODY_MISSING
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["copy_state"]


def copy_state(state_dir: Path, target: Path) -> Path:
    """Write STORE-TIME.db, spool and parts below `target`; return the database's file."""
    store = Store.open(state_dir, clock=SystemClock(), read_only=True)
    try:
        _copy_files(state_dir / "parts", target / "parts")
        database = backup(store, target)
    finally:
        store.close()
    for name in ("spool", "parts"):
        _copy_files(state_dir / name, target / name)
    return database


def _copy_files(directory: Path, target: Path) -> None:
    """Copy what is not there yet; what goes away meanwhile is needed no more."""
    if not directory.is_dir():  # a node of a version that knew no parts
        return
    source, copies = Spool(directory), Spool(target)
    for digest in source.digests():
        if copies.exists(digest):
            continue
        try:
            stream = source.get(digest).open()
        except StorageError as error:
            if error.code != BODY_MISSING.code:
                raise
        else:
            with stream:
                copies.put_stream(stream)


def main() -> int:
    """Run for a state directory and a target directory."""
    if len(sys.argv) != 3:
        sys.stderr.write(__doc__ or "")
        return 2
    os.umask(0o077)
    try:
        database = copy_state(Path(sys.argv[1]), Path(sys.argv[2]))
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write(f"{database}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
