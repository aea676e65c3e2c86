"""`connector agencies`: the catalogue of codes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from connector.cli.catalogue_of import catalogue_at
from connector.cli.nodes import json_option
from connector.cli.output import print_json, table, talk, tell_findings

__all__ = ["agencies"]


def _catalogue_option(function: Any) -> Any:
    return click.option(
        "--catalogue",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="CONNECTOR_CATALOGUE",
        help="Instead of the shipped seed.",
    )(function)


def _on_option(function: Any) -> Any:
    return click.option(
        "--on", type=click.DateTime(["%Y-%m-%d"]), help="On this day instead of today."
    )(function)


@click.group()
def agencies() -> None:
    """Codes of both schemes, their validity and successors."""


@agencies.command("list")
@json_option
@_catalogue_option
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
@_catalogue_option
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
@_catalogue_option
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
@_catalogue_option
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
    """Say where a document to CODE would go, and why."""
    from connector.agencies.route import explain as explain_route
    from connector.errors import Language

    explanation = explain_route(
        catalogue_at(catalogue), code, _day(on), connected=connected or None
    )
    if as_json:
        print_json(explanation.as_dict())
        return
    for step in explanation.steps:
        click.echo(step.sentence(Language.VIETNAMESE))
        click.echo(f"  {step.sentence(Language.ENGLISH)}")


@agencies.command("import")
@_catalogue_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--replace", is_flag=True, help="Leave out what the imported list does not have.")
@click.argument("file", type=click.Path(path_type=Path))
def import_(catalogue: Path | None, out: Path, file: Path, *, replace: bool) -> None:
    """Merge FILE (our columns, or the axis' list) into the catalogue and write it to --out."""
    from connector.agencies.files import import_csv, merge, save

    listing = import_csv(file)
    tell_findings(listing.findings)
    agencies = listing.agencies
    if not replace:
        merged = merge(catalogue_at(catalogue), listing.agencies)
        tell_findings(merged.findings)
        agencies = merged.agencies
    save(agencies, out)
    talk(f"{len(listing.agencies)} imported, {len(list(agencies))} in {out}")
    if listing.findings:
        raise click.exceptions.Exit(1)


def _day(on: dt.datetime | None) -> dt.date:
    from connector.clock import SystemClock, vietnam_date

    return on.date() if on else vietnam_date(SystemClock().now())
