"""Opening only the store of a node, for verbs that look and need no keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.nodes import load_config

if TYPE_CHECKING:
    from connector.store.spool import Spool
    from connector.store.store import Store

__all__ = ["opened_spool", "opened_store"]


@contextmanager
def opened_store(config_path: Path) -> Iterator[Store]:
    """Open the store of a configuration for reading."""
    from connector.clock import SystemClock
    from connector.flow.stores import open_store
    from connector.service.logs import configure_logs

    configure_logs("error")
    store = open_store(load_config(config_path), clock=SystemClock(), read_only=True)
    try:
        yield store
    finally:
        store.close()


def opened_spool(config_path: Path) -> Spool:
    """Return the bodies of packets that a configuration's node keeps."""
    from connector.store.spool import Spool

    return Spool(load_config(config_path).state_dir / "spool")
