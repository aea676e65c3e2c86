"""`connector run`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.nodes import config_option, opened_node, this_actor

if TYPE_CHECKING:
    from connector.flow.node import Node

__all__ = ["run"]


@click.command()
@config_option
@click.option("--once", is_flag=True, help="Collect, send and receive until nothing moves; end.")
@click.option("--only", metavar="STAGES", help="Some of collect,relay,receive.")
@click.option(
    "--yes", is_flag=True, help="With --once: the first collect of every adapter may take all."
)
def run(config_path: Path, only: str | None, *, once: bool, yes: bool) -> None:
    """Run the node's corridors until SIGTERM."""
    from connector.cli.nodes import load_config
    from connector.service.daemon import Daemon, Stage
    from connector.store.lock import node_lock

    if yes and not once:
        raise click.UsageError("--yes needs --once; for the daemon say connector resume ADAPTER")
    try:
        stages = frozenset(Stage(name.strip()) for name in only.split(",")) if only else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--only") from error
    state_dir = load_config(config_path).state_dir
    with node_lock(state_dir), opened_node(config_path, quiet=False) as node:
        daemon = Daemon(node) if stages is None else Daemon(node, stages)
        if once:
            _confirm(node, yes=yes)
            daemon.once()
        else:
            daemon.run()


def _confirm(node: Node, *, yes: bool) -> None:
    from connector.flow.adapters.acts import AdapterActs

    if yes:
        names = [adapter.name for adapter in node.adapters]
        acts = AdapterActs(node.ledger, names, actor=this_actor())
        for name in names:
            acts.confirm(name)
