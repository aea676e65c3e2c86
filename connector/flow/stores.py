"""Opening the store that a configuration names."""

from __future__ import annotations

from connector.clock import Clock
from connector.config.node import NodeConfig
from connector.config.secrets import resolve
from connector.errors import NoInputError
from connector.store.store import Store

__all__ = ["open_store", "require_current"]


def open_store(config: NodeConfig, *, clock: Clock, read_only: bool = False) -> Store:
    """Open the store of a node; raises what `Store.open` does."""
    settings = config.store
    return Store.open(
        settings.url or config.state_dir,
        clock=clock,
        read_only=read_only,
        contents=config.state_dir,
        password=None if settings.password is None else resolve(settings.password),
    )


def require_current(config: NodeConfig, *, clock: Clock, absent: bool) -> None:
    """Insist on a store that this version has upgraded: that is left to the daemon.

    Otherwise a verb of a new version would change the schema under a running older daemon.

    Raises:
        ConfigError: the store is of an older or newer version.
        NoInputError: there is none yet, and it may not be `absent`.
    """
    try:
        open_store(config, clock=clock, read_only=True).close()
    except NoInputError:
        if not absent:
            raise
