"""Opening a node for a verb: which configuration, in whose name."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from connector.config.node import NodeConfig
    from connector.flow.node import Node

__all__ = [
    "DEFAULT_CONFIG",
    "catalogue_option",
    "config_option",
    "json_option",
    "limit_option",
    "load_config",
    "opened_node",
    "this_actor",
    "yes_option",
]

DEFAULT_CONFIG: Final = "/etc/connector/connector.yaml"

F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    """Add ``--config``; CONNECTOR_CONFIG and /etc/connector/connector.yaml stand behind it."""
    option = click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="CONNECTOR_CONFIG",
        default=DEFAULT_CONFIG,
        show_default=True,
        show_envvar=True,
        help="The node's configuration.",
    )
    return option(function)


def json_option(function: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")(
        function
    )


def limit_option(function: F) -> F:
    """Add ``--limit`` of a list."""
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="At most so many.",
    )(function)


def catalogue_option(function: F) -> F:
    """Add ``--catalogue``; CONNECTOR_CATALOGUE stands behind it."""
    return click.option(
        "--catalogue",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="CONNECTOR_CATALOGUE",
        show_envvar=True,
        help="Catalogue of agencies instead of the one that is shipped.",
    )(function)


def yes_option(function: F) -> F:
    """Add ``--dry-run`` and ``--yes`` to a verb that changes state."""
    function = click.option("--yes", is_flag=True, help="Do not ask.")(function)
    return click.option("--dry-run", is_flag=True, help="Only say what would be done.")(function)


def load_config(config_path: Path) -> NodeConfig:
    """Read the node's configuration.

    Raises:
        NoInputError: it is not there.
        ConfigError: it is wrong.
    """
    from connector.config.node import load_node

    return load_node(config_path)


@contextmanager
def opened_node(
    config_path: Path, *, daemon: bool = False, dry_run: bool = False
) -> Iterator[Node]:
    """Open the whole node; a verb beside a running daemon shares its store.

    Only the `daemon` upgrades an older store, and a `dry_run` does not even make a new one.
    """
    from connector.clock import SystemClock
    from connector.events import Emitter
    from connector.flow.node import open_node
    from connector.flow.stores import require_current
    from connector.service.logs import configure_logs

    config = load_config(config_path)
    configure_logs(config.log.level if daemon else "error", config.log.format)
    clock = SystemClock()
    if not daemon:
        require_current(config, clock=clock, absent=not dry_run)
    node = open_node(config, clock=clock, emitter=Emitter())
    try:
        yield node
    finally:
        node.close()


def this_actor() -> str:
    """Return the name under which an operator's act is journalled."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
