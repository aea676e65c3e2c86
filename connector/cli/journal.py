"""`connector journal`: the hash-chained record."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option, json_option, limit_option
from connector.cli.output import fold_time, print_json, tell_findings
from connector.cli.stores import opened_store

__all__ = ["journal"]


@click.group()
def journal() -> None:
    """The record of all events of this node."""


@journal.command()
@config_option
@json_option
@click.option("--expected-head", help="A head that a peer or an archive witnessed.")
def verify(config_path: Path, expected_head: str | None, *, as_json: bool) -> None:
    """Check the hash chain; exit with 1 if an entry was changed, removed, added or moved.

    That the end was cut off shows only against a head that somebody witnessed: --expected-head.
    """
    from connector.store import journal as chain

    with opened_store(config_path) as store, store.read() as tx:
        findings = chain.verify(tx, expected_head=expected_head)
        head, count = chain.head(tx), chain.count(tx)
    if as_json:
        entries = [finding.as_dict() for finding in findings]
        print_json({"entries": count, "head": head, "findings": entries})
    else:
        tell_findings(findings)
        click.echo(f"{count} entries, head {head}, {len(findings)} findings")
    if findings:
        raise click.exceptions.Exit(1)


@journal.command()
@config_option
@json_option
@limit_option
@click.option("--after", default=0, show_default=True, help="Sequence number to start after.")
def show(config_path: Path, limit: int, after: int, *, as_json: bool) -> None:
    """Print entries in order."""
    from connector.store import journal as chain

    with opened_store(config_path) as store, store.read() as tx:
        entries = chain.entries(tx, after=after, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "seq": entry.seq,
                    "at": entry.at.isoformat(),
                    "event": entry.event,
                    "packet_id": entry.packet_id,
                    "facts": dict(entry.facts),
                    "hash": entry.hash,
                }
                for entry in entries
            ]
        )
        return
    for entry in entries:
        facts = ", ".join(f"{k}={v}" for k, v in entry.facts.items() if k != "packet_id")
        parts = (f"{entry.seq:>6}", fold_time(entry.at), entry.event, entry.packet_id or "", facts)
        click.echo("  ".join(parts))
