"""Copy a node's state while its daemon works: the database as one snapshot, then its files.

    /opt/connector/bin/python backup.py /var/lib/connector /var/backups/connector

The spool only ever gains whole files named by their digest, so what the snapshot refers to is
there when it is copied after it; files that the last backup has are not copied again. Packets of
which parts are still arriving are files that grow, and go away once they are whole: they are copied
before the snapshot and again after it. The database gets its name last; what it names and could
not be copied is told, with exit status 1. Restore: see docs/operator.md.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from connector.clock import SystemClock
from connector.errors import ConnectorError, Finding, StorageError
from connector.store.backup import backup, lacking
from connector.store.codes import BODY_MISSING
from connector.store.durable import sync
from connector.store.part_files import PartFiles
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["copy_state"]

_ATTEMPTS: Final = 3
_DRAFTS: Final = "incomplete"


def copy_state(state_dir: Path, target: Path) -> tuple[Path, list[Finding]]:
    """Write STORE-TIME.db, spool and parts below `target`.

    Return the database's file, which gets this name when all is done, and what it names but was
    not to be found. A packet that became whole in the wrong moment is there in the next snapshot.
    """
    for _ in range(_ATTEMPTS):
        database, missing = _copied(state_dir, target)
        if not missing:
            break
    (target / _DRAFTS / "store.db").rename(database)
    sync(target)
    shutil.rmtree(target / _DRAFTS)
    return database, missing


def _copied(state_dir: Path, target: Path) -> tuple[Path, list[Finding]]:
    """Copy everything once; return where the database belongs, and what is missing.

    It stays among the drafts under the name that a store has in its directory.
    """
    drafts = target / _DRAFTS
    store = Store.open(state_dir, clock=SystemClock(), read_only=True)
    try:
        shutil.rmtree(drafts, ignore_errors=True)
        drafts.mkdir(parents=True)
        _copy_parts(state_dir / "parts", target / "parts", drafts)
        database = backup(store, drafts)
    finally:
        store.close()
    database.rename(drafts / "store.db")
    _copy_contents(state_dir / "spool", target / "spool")
    _copy_parts(state_dir / "parts", target / "parts", drafts)
    for evidence in (state_dir / "spool" / "damaged").glob("*"):
        _copy(evidence, target / "spool" / "damaged" / evidence.name, drafts)
    snapshot = Store.open(drafts, clock=SystemClock(), read_only=True)
    try:
        copies = Spool(target / "spool"), PartFiles(target / "parts")
        return target / database.name, list(lacking(snapshot, *copies))
    finally:
        snapshot.close()


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


def _copy_parts(directory: Path, target: Path, drafts: Path) -> None:
    """Copy files that are not named by what is in them, and grow; those that are joined go away."""
    for name in (f"{first:02x}" for first in range(256)):
        if (directory / name).is_dir():
            for path in (directory / name).iterdir():
                _copy(path, target / name / path.name, drafts)


def _copy(path: Path, copy: Path, drafts: Path) -> None:
    """Copy a file under its name, unless that was done since it was written last."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    draft = drafts / path.name
    with suppress(FileNotFoundError):  # it is whole by now
        if not copy.exists() or _written(copy) != _written(path):
            shutil.copy2(path, draft)
            sync(draft)
            draft.rename(copy)
            sync(copy.parent)


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
        database, missing = copy_state(Path(sys.argv[1]), Path(sys.argv[2]))
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return StorageError.exit_status
    sys.stdout.write(f"{database}\n")
    for finding in missing:
        sys.stderr.write(f"{finding.code} {finding.place}: {finding.vi} / {finding.en}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
