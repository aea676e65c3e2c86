"""Asking before something is changed; only where a person can answer."""

from __future__ import annotations

import sys

import click

from connector.cli.output import talk

__all__ = ["confirmed"]


def confirmed(act: str, *, dry_run: bool, yes: bool, for_scripts: bool = False) -> bool:
    """Say or ask what is about to be done; True if it shall be done.

    Raises click.UsageError (exit with 2) if nobody can be asked and ``--yes`` is not given,
    unless the verb is one `for_scripts` of the legacy system: it asks at a terminal only.
    """
    if dry_run:
        click.echo(f"would {act}")
        return False
    at_terminal = sys.stdin.isatty()
    if not yes and (at_terminal or not for_scripts):
        if not at_terminal:
            raise click.UsageError(
                f"to {act} needs --yes: standard input is no terminal, so nobody can be asked "
                "(--dry-run only says what would be done)"
            )
        if not click.confirm(f"{act}?", err=True):
            talk("nothing was done")
            return False
    talk(act)
    return True
