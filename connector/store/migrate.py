"""The schema's versions: forward only, run by the program itself when it opens a store."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from connector.errors import ConfigError
from connector.store import codes
from connector.store.border import files

__all__ = [
    "MIGRATIONS",
    "newest",
    "require_known",
    "require_nothing_lost",
    "revision",
    "upgrade",
]

MIGRATIONS: Final = Path(__file__).resolve().parent / "migrations"
"""Where the migrations are, in a checkout as in an installed package."""

_CONTENTS: Final = ("spool", "parts")
_SHARE: Final = re.compile(r"[0-9a-f]{2}")
_CONTENT: Final = re.compile(r"[0-9a-f]{62}")


def revision(connection: Connection) -> str | None:
    """Return the revision of a database, None if it has no schema yet."""
    _quieten()
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the revision that this version of the program works with."""
    return _scripts().get_current_head() or ""


def require_known(current: str | None, place: str) -> None:
    """Refuse a database that a newer version of the program has written."""
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise ConfigError(codes.NEWER_SCHEMA.at(place, found=current, known=newest()))


def require_nothing_lost(place: str, contents: Path) -> None:
    """Refuse a database without a schema beside contents, which only the lost store knew.

    A first start makes the store before the first content, so none is there then.
    """
    found = content_beside(contents)
    if found is not None:
        raise ConfigError(codes.STORE_LOST.at(place, found=found))


def content_beside(directory: Path) -> str | None:
    """Return the first content file of a state directory, None if there is none."""
    for name in _CONTENTS:
        for share in _named(directory / name, _SHARE):
            for content in _named(share, _CONTENT):
                return str(content)
    return None


def _named(directory: Path, names: re.Pattern[str]) -> Iterator[Path]:
    """Yield what in a directory has such a name; nothing if it is not there."""
    with files(str(directory)):
        try:
            entries = os.scandir(directory)
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                if names.fullmatch(entry.name):
                    yield directory / entry.name


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest revision inside the caller's transaction."""
    _quieten()
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _quieten() -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
