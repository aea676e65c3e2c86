"""The schema's versions: forward only, run by the program itself when it opens a store."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from connector.errors import ConfigError
from connector.store import codes

__all__ = ["MIGRATIONS", "newest", "require_known", "revision", "upgrade"]

MIGRATIONS: Final = Path(__file__).resolve().parent / "migrations"
"""Where the migrations are, in a checkout as in an installed package."""


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
