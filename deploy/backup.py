"""Copy a node's state while its daemon works: the database as one snapshot, then its files.

    /opt/connector/bin/python backup.py /var/lib/connector /var/backups/connector

The spool only ever gains whole files named by their digest, so what the snapshot refers to is
there when it is copied after it; files that the last backup has are not copied again. Packets of
which parts are still arriving are files that grow, and go away once they are whole: they are copied
before the snapshot and again after it.
Restore: see docs/operator.md.
"""

from __future__ import annotations

import os
import shutil
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
        _copy_parts(state_dir / "parts", target / "parts")
        database = backup(store, target)
    finally:
        store.close()
    _copy_contents(state_dir / "spool", target / "spool")
    _copy_parts(state_dir / "parts", target / "parts")
    for evidence in (state_dir / "spool" / "damaged").glob("*"):
        _copy(evidence, target / "spool" / "damaged" / evidence.name)
    return database


def _copy_contents(directory: Path, target: Path) -> None:
    """Copy what is not there yet; what goes away meanwhile is needed no more."""
    if not directory.is_dir():  # nothing was ever sent or received
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


def _copy_parts(directory: Path, target: Path) -> None:
    """Copy files that are not named by what is in them, and grow; those that are joined go away."""
    for path in directory.glob("[0-9a-f][0-9a-f]/*"):
        _copy(path, target / path.parent.name / path.name)


def _copy(path: Path, copy: Path) -> None:
    """Copy a file under its name, unless that was done since it was written last."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    draft = copy.with_name(f".{path.name}.new")
    try:
        if not copy.exists() or _written(copy) != _written(path):
            shutil.copy2(path, draft)
            draft.rename(copy)
    except FileNotFoundError:
        draft.unlink(missing_ok=True)


def _written(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


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
