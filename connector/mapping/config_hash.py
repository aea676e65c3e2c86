"""Which mapping made a packet: one hash over the files that decide."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from connector.errors import ConfigError
from connector.mapping import codes
from connector.mapping.settings import ADAPTER_FILE, AdapterSettings

__all__ = ["config_files", "config_hash", "hash_of"]


def config_files(directory: Path, settings: AdapterSettings) -> dict[str, bytes]:
    """Return the files that decide: adapter.yaml, tables (as tables/NAME), functions (as python).

    Raises ConfigError if one cannot be read.
    """
    tables = {f"tables/{name}": table.file for name, table in settings.tables.items()}
    files = {ADAPTER_FILE: directory / ADAPTER_FILE, **tables}
    if settings.python is not None:
        files["python"] = settings.python.file
    return {name: _bytes(path) for name, path in files.items() if path is not None}


def config_hash(directory: Path, settings: AdapterSettings) -> str:
    """Return the hash of an adapter's configuration; raises ConfigError as `config_files`."""
    return hash_of(config_files(directory, settings))


def hash_of(files: Mapping[str, bytes]) -> str:
    """Return the hex SHA-256 over the files that decide and their names.

    It changes with every byte of them and with nothing else.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        content = hashlib.sha256(files[name]).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.TABLE_UNREADABLE.at(str(path), reason=reason)) from error
