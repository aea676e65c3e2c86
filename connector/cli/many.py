"""Acting on one, several or all rows of a kind: what is meant, and each by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import click

from connector.cli.asking import confirmed
from connector.errors import Finding, PermanentError

__all__ = ["insist_on_one_way", "one_by_one"]

_Item = TypeVar("_Item")


def insist_on_one_way(packets: Sequence[str], *, every: bool, chosen: bool) -> None:
    """Insist that packets are named, or all are asked for and perhaps `chosen` from.

    Raises click.UsageError (exit with 2): a forgotten name must not mean everything.
    """
    if every and packets:
        raise click.UsageError("name packets or give --all, not both")
    if not every and not packets:
        raise click.UsageError("name at least one PACKET, or give --all")
    if chosen and not every:
        raise click.UsageError("--state and --kind choose among --all")


def one_by_one(
    items: Iterable[_Item],
    act: Callable[[_Item], object],
    *,
    told: Callable[[_Item], str],
    together: Callable[[int], str],
    dry_run: bool,
    yes: bool,
) -> None:
    """Do something with each item, once somebody has agreed to all; one that fails stops no other.

    `told` says what is done with one of them, `together` with so many.

    Raises:
        PermanentError: with the findings of all that failed.
    """
    wanted = list(items)
    if dry_run:
        for item in wanted:
            click.echo(f"would {told(item)}")
        return
    says = told(wanted[0]) if len(wanted) == 1 else together(len(wanted))
    if not confirmed(says, dry_run=False, yes=yes):
        return
    failed: list[Finding] = []
    for item in wanted:
        try:
            act(item)
        except PermanentError as error:
            failed += error.findings
    if failed:
        raise PermanentError(*failed)
