"""Which mapping made a packet: one hash over the files that decide."""

from __future__ import annotations

import hashlib
from pathlib import Path

from connector.errors import ConfigError
from connector.mapping import codes
from connector.mapping.settings import ADAPTER_FILE, AdapterSettings

__all__ = ["config_hash"]


def config_hash(directory: Path, settings: AdapterSettings) -> str:
    """Return the hex SHA-256 over adapter.yaml and its table files, in the order of their names.

    It changes with every byte of them and with nothing else. Raises ConfigError if a file cannot
    be read.
    """
    tables = {f"tables/{name}": table.file for name, table in settings.tables.items()}
    files = {ADAPTER_FILE: directory / ADAPTER_FILE, **tables}
    digest = hashlib.sha256()
    for name in sorted(files):
        path = files[name]
        if path is not None:
            content = hashlib.sha256(_bytes(path)).hexdigest()
            digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.TABLE_UNREADABLE.at(str(path), reason=reason)) from error
