"""`connector run`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli import usage_codes
from connector.cli.nodes import config_option, opened_node, this_actor
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.flow.node import Node
    from connector.service.daemon import Stage

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
    from connector.service.daemon import Daemon
    from connector.store.lock import node_lock

    if yes and not once:
        raise WrongUsage(usage_codes.YES_NEEDS_ONCE)
    stages = None if only is None else frozenset(map(_stage, only.split(",")))
    state_dir = load_config(config_path).state_dir
    with (
        node_lock(state_dir),
        opened_node(config_path, daemon=True) as node,
        node.store.held(),
    ):
        daemon = Daemon(node) if stages is None else Daemon(node, stages)
        if once:
            _confirm(node, yes=yes)
            daemon.once()
        else:
            daemon.run()


def _stage(name: str) -> Stage:
    from connector.service.daemon import Stage

    try:
        return Stage(name.strip())
    except ValueError as error:
        known = ", ".join(stage.value for stage in Stage)
        raise WrongUsage(usage_codes.UNKNOWN_STAGE, name=name.strip(), known=known) from error


def _confirm(node: Node, *, yes: bool) -> None:
    from connector.flow.adapters.acts import AdapterActs

    if yes:
        names = [adapter.name for adapter in node.adapters]
        acts = AdapterActs(node.ledger, names, actor=this_actor())
        for name in names:
            acts.confirm(name)
