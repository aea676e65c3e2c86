"""`connector journal`: the hash-chained record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.nodes import config_option, json_option, limit_option, load_config
from connector.cli.output import counted, fold_time, print_json, table, tell_findings
from connector.cli.stores import opened_spool, opened_store

if TYPE_CHECKING:
    from connector.store.journal import Damaged, Entry

__all__ = ["journal"]


@click.group()
def journal() -> None:
    """The record of all events of this node."""


@journal.command()
@config_option
@json_option
@click.option("--expected-head", help="A head that a peer or an archive witnessed.")
@click.option(
    "--witnessed",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="What a peer's `connector journal heads --json` printed.",
)
def verify(
    config_path: Path, expected_head: str | None, files: tuple[Path, ...], *, as_json: bool
) -> None:
    """Check the hash chain; exit with 1 if an entry was changed, removed, added or moved.

    That the end was cut off, or all of it written anew, shows only against heads that somebody
    witnessed: --expected-head, --witnessed. A file without a head of this node is a finding.
    """
    from connector.flow.witness import read_heads
    from connector.store import journal as chain

    config = load_config(config_path) if files else None
    ours = {*config.served, *(each.code for each in config.agencies)} if config else ()
    heads, findings = read_heads(files, sorted(ours))
    compared = len({*heads, *([] if expected_head is None else [expected_head])})
    with opened_store(config_path) as store, store.read() as tx:
        findings += chain.verify(tx, expected_head=expected_head, witnessed=heads)
        head, count = chain.head(tx), chain.count(tx)
    if as_json:
        entries = [finding.as_dict() for finding in findings]
        print_json({"entries": count, "head": head, "compared": compared, "findings": entries})
    else:
        tell_findings(findings)
        links = f"{count} entry" if count == 1 else f"{count} entries"
        against = f"{counted(compared, 'witnessed head')} compared"
        click.echo(f"{links}, head {head}, {against}, {counted(len(findings), 'finding')}")
    if findings:
        raise click.exceptions.Exit(1)


@journal.command()
@config_option
@json_option
@limit_option
@click.option("--of", "agency", help="Only of this agency, as the file for it.")
def heads(config_path: Path, limit: int, agency: str | None, *, as_json: bool) -> None:
    """Print the heads of other agencies' journals, as their signed statuses stated them.

    Given back to an agency they prove its journal: `connector journal verify --witnessed FILE`.
    """
    from connector.flow.witness import heads_of_peers

    with opened_store(config_path) as store:
        found = list(heads_of_peers(store, opened_spool(config_path), agency=agency, limit=limit))
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    table(
        ("agency", "received", "head"),
        [(each.agency, fold_time(each.received_at), each.head) for each in found],
    )


@journal.command()
@config_option
@json_option
@limit_option
@click.option("--after", default=0, show_default=True, help="Sequence number to start after.")
def show(config_path: Path, limit: int, after: int, *, as_json: bool) -> None:
    """Print entries in order.

    One that was damaged is shown as it stands, marked so; the exit status is then 1.
    """
    from connector.store import codes
    from connector.store import journal as chain

    with opened_store(config_path) as store, store.read() as tx:
        rows = chain.rows(tx, after=after, limit=limit)
    damaged = [row.seq for row in rows if isinstance(row, chain.Damaged)]
    tell_findings(codes.JOURNAL_ROW_CHANGED.at(f"journal:{seq}", seq=seq) for seq in damaged)
    if as_json:
        print_json([_as_dict(row) for row in rows])
    else:
        for row in rows:
            click.echo(_line(row))
    if damaged:
        raise click.exceptions.Exit(1)


def _as_dict(row: Entry | Damaged) -> dict[str, Any]:
    from connector.store.journal import Entry

    if not isinstance(row, Entry):
        return {"seq": row.seq, **row.cells, "damaged": True}
    return {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "event": row.event,
        "packet_id": row.packet_id,
        "facts": dict(row.facts),
        "hash": row.hash,
        "damaged": False,
    }


def _line(row: Entry | Damaged) -> str:
    from connector.store.journal import Entry

    if not isinstance(row, Entry):
        cells = (f"{name}={value!r}" for name, value in row.cells.items())
        return "  ".join((f"{row.seq:>6}", "damaged / hư hỏng", *cells))
    facts = ", ".join(f"{k}={v}" for k, v in row.facts.items() if k != "packet_id")
    return "  ".join((f"{row.seq:>6}", fold_time(row.at), row.event, row.packet_id or "", facts))
