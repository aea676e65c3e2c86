"""`connector test`: adapters' own tests, offline."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from connector.cli.nodes import catalogue_option, json_option
from connector.cli.output import print_json, talk

__all__ = ["test"]


@click.command()
@json_option
@click.option("--update", is_flag=True, help="Rewrite the golden packets.")
@catalogue_option
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def test(paths: tuple[Path, ...], catalogue: Path | None, *, update: bool, as_json: bool) -> None:
    """Run the tests.yaml of the adapters at PATHS; exit with 1 if one fails."""
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.cli.catalogues import all_texts
    from connector.cli.codes import UNREADABLE
    from connector.clock import ManualClock
    from connector.errors import NoInputError
    from connector.flow.adapters.adapter import stand_alone
    from connector.flow.adapters.lint import adapters_below
    from connector.flow.adapters.trial import run_tests

    ours = ours_of_nobody(catalogue)
    directories = [directory for path in paths for directory in adapters_below(path)]
    if not directories:
        raise NoInputError(UNREADABLE.at(str(paths[0]), reason="no adapter.yaml there"))
    known = functools.cache(lambda: frozenset(text.code for text in all_texts()))
    adapters = (stand_alone(directory, ours, ManualClock()) for directory in directories)
    results = [
        (adapter.directory, outcome)
        for adapter in adapters
        for outcome in run_tests(adapter, update=update, known=known)
    ]
    if as_json:
        print_json([{"adapter": str(where), **outcome.as_dict()} for where, outcome in results])
    else:
        for where, outcome in results:
            click.echo(f"{'ok  ' if outcome.passed else 'FAIL'} {where}: {outcome.name}")
            if outcome.difference:
                click.echo(outcome.difference)
    failed = sum(not outcome.passed for _, outcome in results)
    talk(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise click.exceptions.Exit(1)
