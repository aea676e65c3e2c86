"""Copy a node's state while its daemon works: the database as one snapshot, then the spool.

    /opt/connector/bin/python backup.py /var/lib/connector /var/backups/connector

The spool only ever gains whole files named by their digest, so what the snapshot refers to is
there when it is copied after it; files that the last backup has are not copied again. Restore:
see docs/operator.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connector.clock import SystemClock
from connector.errors import ConnectorError
from connector.store.backup import backup
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["copy_state"]


def copy_state(state_dir: Path, target: Path) -> Path:
    """Write STORE-TIME.db and the spool below `target`; return the database's file."""
    store = Store.open(state_dir, clock=SystemClock(), read_only=True)
    try:
        database = backup(store, target)
    finally:
        store.close()
    source, copies = Spool(state_dir / "spool"), Spool(target / "spool")
    for digest in source.digests():
        if not copies.exists(digest):
            with source.get(digest).open() as stream:
                copies.put_stream(stream)
    return database


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
