"""`connector status`: is it well, and what became of a document."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.nodes import config_option, json_option, load_config
from connector.cli.output import fold_time, print_json, table
from connector.cli.stores import opened_store

if TYPE_CHECKING:
    from connector.flow.guarantees import Figure
    from connector.flow.report import NodeState, Timeline

__all__ = ["status"]


@click.command()
@config_option
@json_option
@click.option("--check", is_flag=True, help="Exit with 1 if something needs attention.")
@click.option(
    "--without-daemon",
    is_flag=True,
    help="This node has no daemon (cron drives it with `run --once`): that none runs is well.",
)
@click.argument("document", required=False)
def status(
    config_path: Path, document: str | None, *, check: bool, without_daemon: bool, as_json: bool
) -> None:
    """Show the node's state, or the timeline of DOCUMENT (packet id, document id, số/ký hiệu).

    Each guarantee, G1 to G8, has a line: it holds unless a concern touches it. A line with `!` is
    such a concern, after its guarantee.
    """
    from connector.clock import SystemClock
    from connector.flow.report import node_state, timeline

    with opened_store(config_path) as store:
        if document is not None:
            _show_timeline(timeline(store, document), as_json=as_json)
            return
        config, now = load_config(config_path), SystemClock().now()
        state = node_state(store, config, now=now, without_daemon=without_daemon)
    if as_json:
        print_json(state.as_dict())
    else:
        _show_state(state)
    if check and state.concerns:
        raise click.exceptions.Exit(1)


def _show_state(state: NodeState) -> None:
    click.echo(f"daemon: {f'process {state.daemon}' if state.daemon is not None else 'none'}")
    for agency, broker in state.brokers.items():
        click.echo(f"broker {agency}: {broker}")
    click.echo(
        f"records refused: {state.lately_refused} in the last 7 days, without secret ones; "
        f"{state.refused_records} in all that stand, secret ones included"
    )
    for title, counts in (
        ("outbox documents", state.outbox_documents),
        ("outbox statuses", state.outbox_statuses),
        ("inbox documents", state.inbox_documents),
        ("inbox statuses", state.inbox_statuses),
    ):
        text = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        click.echo(f"{title}: {text}")
    click.echo(f"oldest unsent: {fold_time(state.oldest_unsent) or 'none'}")
    click.echo(f"oldest undelivered: {fold_time(state.oldest_undelivered) or 'none'}")
    click.echo(f"journal: {state.journal_entries} entries, head {state.journal_head}")
    for name, guarantee in state.guarantees.items():
        told = "holds" if guarantee.holds else "needs attention"
        figures = ", ".join(_figure(*each) for each in guarantee.figures.items())
        click.echo(f"{name} {guarantee.name.en} / {guarantee.name.vi}: {told} ({figures})")
    for name, guarantee in state.guarantees.items():
        for concern in guarantee.concerns:
            click.echo(f"! {name} {concern}")


def _figure(name: str, value: Figure) -> str:
    told = fold_time(value) if isinstance(value, dt.datetime) else value
    return f"{name.replace('_', ' ')} {'none' if told is None else told}"


def _show_timeline(found: list[Timeline], *, as_json: bool) -> None:
    if as_json:
        print_json([entry.as_dict() for entry in found])
        return
    for entry in found:
        click.echo(f"{entry.direction} {entry.code or ''} {entry.document_id}  {entry.packet_id}")
        if entry.subject:
            click.echo(f"  {entry.subject}")
        rows: list[tuple[Any, ...]] = [
            (event.at, event.event, event.receiver, event.detail) for event in entry.events
        ]
        table(("time", "event", "receiver", "detail"), rows)
        for receiver, state in entry.states.items():
            click.echo(f"  {receiver}: {state}")
        click.echo("")
