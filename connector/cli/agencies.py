"""`connector agencies`: the catalogue of codes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from connector.cli.catalogue_of import catalogue_at
from connector.cli.nodes import catalogue_option, json_option
from connector.cli.output import print_json, table, talk, tell_findings

__all__ = ["agencies"]


def _on_option(function: Any) -> Any:
    return click.option(
        "--on", type=click.DateTime(["%Y-%m-%d"]), help="On this day instead of today."
    )(function)


@click.group()
def agencies() -> None:
    """Codes of both schemes, their validity and successors."""


@agencies.command("list")
@json_option
@catalogue_option
@click.option("--all", "everything", is_flag=True, help="Closed codes too.")
def list_(catalogue: Path | None, *, everything: bool, as_json: bool) -> None:
    """List the agencies that are valid today."""
    today = _day(None)
    rows = [row for row in catalogue_at(catalogue) if everything or row.open_on(today)]
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    table(
        ("code", "QCVN 102", "name", "from", "to", "successors", "verified"),
        [
            (
                row.code,
                row.code102,
                row.name,
                row.valid_from,
                row.valid_to,
                ", ".join(row.successors),
                "yes" if row.verified else "no",
            )
            for row in rows
        ],
    )


@agencies.command()
@json_option
@catalogue_option
@click.argument("text")
def find(catalogue: Path | None, text: str, *, as_json: bool) -> None:
    """Find agencies by code, name or initials, best first; exit with 1 if there is none."""
    matches = catalogue_at(catalogue).find(text)
    if as_json:
        print_json([match.agency.as_dict() | {"score": match.score} for match in matches])
    else:
        table(("code", "name"), [(match.agency.code, match.agency.name) for match in matches])
    if not matches:
        raise click.exceptions.Exit(1)


@agencies.command()
@json_option
@catalogue_option
@_on_option
@click.argument("code")
def resolve(catalogue: Path | None, on: dt.datetime | None, code: str, *, as_json: bool) -> None:
    """Say what CODE, in either scheme, is; exit with 1 if documents cannot go there."""
    resolution = catalogue_at(catalogue).resolve(code, _day(on))
    if as_json:
        print_json(resolution.as_dict())
    else:
        name = resolution.agency.name if resolution.agency else ""
        click.echo(f"{code}: {resolution.status.value} {resolution.code or ''} {name}".rstrip())
        tell_findings([resolution.finding] if resolution.finding else [])
    if resolution.finding is not None:
        raise click.exceptions.Exit(1)


@agencies.command()
@json_option
@catalogue_option
@_on_option
@click.option("--connected", multiple=True, help="Codes that have a node (may be repeated).")
@click.argument("code")
def explain(
    catalogue: Path | None,
    on: dt.datetime | None,
    connected: tuple[str, ...],
    code: str,
    *,
    as_json: bool,
) -> None:
    """Say where a document to CODE would go, and why; exit with 1 if none is sent there."""
    from connector.agencies.route import explain as explain_route
    from connector.errors import Language

    explanation = explain_route(
        catalogue_at(catalogue), code, _day(on), connected=connected or None
    )
    if as_json:
        print_json(explanation.as_dict())
    else:
        for step in explanation.steps:
            click.echo(step.sentence(Language.VIETNAMESE))
            click.echo(f"  {step.sentence(Language.ENGLISH)}")
    if explanation.resolution.finding is not None:
        raise click.exceptions.Exit(1)


@agencies.command("import")
@catalogue_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where the new catalogue is written, over what stood there.",
)
@click.option("--replace", is_flag=True, help="Leave out what the imported list does not have.")
@click.option("--skip-bad-rows", is_flag=True, help="Write the others although some are wrong.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@click.argument("file", type=click.Path(path_type=Path))
def import_(
    catalogue: Path | None,
    out: Path,
    file: Path,
    *,
    replace: bool,
    skip_bad_rows: bool,
    dry_run: bool,
) -> None:
    """Merge the list FILE into the catalogue and write it to --out.

    FILE has the columns of our own catalogue, or those of the axis' list of agencies. With a
    wrong row nothing is written, and the exit code is 1.
    """
    from connector.agencies.files import import_csv, merge, save
    from connector.errors import Severity

    listing = import_csv(file)
    agencies, findings = listing.agencies, list(listing.findings)
    if not replace:
        merged = merge(catalogue_at(catalogue), listing.agencies)
        agencies = merged.agencies
        findings += merged.findings
    tell_findings(findings)
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    written = not dry_run and bool(listing.agencies) and (skip_bad_rows or not wrong)
    if written:
        save(agencies, out)
    where = f"in {out}" if written else "would be in the catalogue; nothing was written"
    talk(f"{len(listing.agencies)} agencies read, {len(list(agencies))} {where}")
    if findings:
        raise click.exceptions.Exit(1)


def _day(on: dt.datetime | None) -> dt.date:
    from connector.clock import SystemClock, vietnam_date

    return on.date() if on else vietnam_date(SystemClock().now())
