"""Acting on one, several or all rows of a kind: what is meant, and each by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import click

from connector.cli import usage_codes
from connector.cli.asking import confirmed
from connector.cli.output import tell_findings
from connector.cli.usage import WrongUsage
from connector.errors import PermanentError

__all__ = ["MOST", "insist_on_one_way", "one_by_one", "packets_or_all"]

MOST: Final = 1_000_000
"""So many rows are looked for at once; who has more asks again."""

_Item = TypeVar("_Item")
_Verb = TypeVar("_Verb", bound=Callable[..., Any])


def packets_or_all(states: Sequence[str], default: Sequence[str]) -> Callable[[_Verb], _Verb]:
    """Add PACKETs, and ``--all`` with ``--state`` and ``--kind`` to choose from what is stuck."""
    words = ", ".join(default)

    def add(verb: _Verb) -> _Verb:
        for option in (
            click.argument("packets", nargs=-1, metavar="[PACKET]..."),
            click.option(
                "--kind", type=click.Choice(["document", "status"]), help="With --all: only these."
            ),
            click.option(
                "--state",
                "states",
                multiple=True,
                type=click.Choice(states),
                help=f"With --all: only what is in this state, by default {words}.",
            ),
            click.option("--all", "every", is_flag=True, help="All that is stuck, not PACKETs."),
        ):
            verb = option(verb)
        return verb

    return add


def insist_on_one_way(packets: Sequence[str], *, every: bool, chosen: bool) -> None:
    """Insist that packets are named, or all are asked for and perhaps `chosen` from.

    Raises WrongUsage (exit with 2): a forgotten name must not mean everything.
    """
    if every and packets:
        raise WrongUsage(usage_codes.NAMES_OR_ALL)
    if not every and not packets:
        raise WrongUsage(usage_codes.NO_NAME)
    if chosen and not every:
        raise WrongUsage(usage_codes.CHOICE_NEEDS_ALL)


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

    `told` says what is done with one of them, `together` with so many. Ends with 65 if one failed;
    what ends it sooner, such as a full disk, leaves the rest undone.
    """
    wanted = list(items)
    if dry_run:
        for item in wanted:
            click.echo(f"would {told(item)}")
        return
    says = told(wanted[0]) if len(wanted) == 1 else together(len(wanted))
    if not confirmed(says, dry_run=False, yes=yes):
        return
    failed = False
    for item in wanted:
        try:
            act(item)
        except PermanentError as error:
            failed = True
            tell_findings(error.findings)
    if failed:
        raise click.exceptions.Exit(PermanentError.exit_status)
