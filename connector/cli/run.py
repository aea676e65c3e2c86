"""`connector run`: the daemon."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option, opened_node

__all__ = ["run"]


@click.command()
@config_option
@click.option("--once", is_flag=True, help="Collect, send and receive until nothing moves; end.")
@click.option("--only", metavar="STAGES", help="Some of collect,relay,receive.")
def run(config_path: Path, *, once: bool, only: str | None) -> None:
    """Run the node's corridors until SIGTERM."""
    from connector.cli.nodes import load_config
    from connector.service.daemon import Daemon, Stage
    from connector.store.lock import node_lock

    try:
        stages = frozenset(Stage(name.strip()) for name in only.split(",")) if only else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--only") from error
    state_dir = load_config(config_path).state_dir
    with node_lock(state_dir), opened_node(config_path, quiet=False) as node:
        daemon = Daemon(node) if stages is None else Daemon(node, stages)
        if once:
            daemon.once()
        else:
            daemon.run()
