"""`connector pause` and `connector resume`: an adapter stops collecting, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.asking import confirmed
from connector.cli.nodes import config_option, load_config, this_actor, yes_option

if TYPE_CHECKING:
    from connector.flow.adapters.acts import AdapterActs

__all__ = ["pause", "resume"]


@click.command()
@config_option
@click.option("--reason", help="Shown by `connector status` and journalled.")
@yes_option
@click.argument("adapter")
def pause(config_path: Path, adapter: str, reason: str | None, *, dry_run: bool, yes: bool) -> None:
    """Stop collecting from ADAPTER; a running daemon stops after its current batch."""
    with _acts(config_path, dry_run=dry_run) as acts:
        acts.waits(adapter)
        if not confirmed(f"pause {adapter}", dry_run=dry_run, yes=yes):
            return
        fresh = acts.pause(adapter, reason)
    click.echo(f"{adapter}: paused" if fresh else f"{adapter}: was paused already")


@click.command()
@config_option
@yes_option
@click.argument("adapter")
def resume(config_path: Path, adapter: str, *, dry_run: bool, yes: bool) -> None:
    """Let ADAPTER collect again; say yes to a first collect of many records.

    An adapter without start_from, whose export holds more records than first_collect_limit,
    takes nothing at first. --yes confirms that all of them shall be sent.
    """
    with _acts(config_path, dry_run=dry_run) as acts:
        waits = acts.waits(adapter)
        act = f"resume {adapter}" + (" and send all records of its export" if waits else "")
        if not confirmed(act, dry_run=dry_run, yes=yes):
            return
        done = acts.resume(adapter, yes=yes or waits)
    if done.unpaused:
        click.echo(f"{adapter}: resumed")
    if done.confirmed:
        click.echo(f"{adapter}: its first collect may take everything")
    if not done.unpaused and not done.confirmed:
        click.echo(f"{adapter}: was not paused")


@contextmanager
def _acts(config_path: Path, *, dry_run: bool) -> Iterator[AdapterActs]:
    """Open the store only: an adapter can be paused while others are wrong."""
    from connector.clock import SystemClock
    from connector.events import Emitter
    from connector.flow.adapters.acts import AdapterActs, adapter_directories
    from connector.flow.ledger import Ledger
    from connector.flow.stores import open_store, require_current
    from connector.service.logs import configure_logs

    configure_logs("error")
    config, clock = load_config(config_path), SystemClock()
    require_current(config, clock=clock, absent=not dry_run)
    store = open_store(config, clock=clock)
    try:
        ledger = Ledger(store, Emitter(), clock)
        yield AdapterActs(ledger, adapter_directories(config), actor=this_actor())
    finally:
        store.close()
