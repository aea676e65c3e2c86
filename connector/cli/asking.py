"""Asking before something is changed; only where a person can answer."""

from __future__ import annotations

import sys

import click

from connector.cli import usage_codes
from connector.cli.output import talk
from connector.cli.usage import WrongUsage

__all__ = ["confirmed"]


def confirmed(act: str, *, dry_run: bool, yes: bool, for_scripts: bool = False) -> bool:
    """Say or ask what is about to be done; True if it shall be done.

    Raises WrongUsage (exit with 2) if nobody can be asked and ``--yes`` is not given,
    unless the verb is one `for_scripts` of the legacy system: it asks at a terminal only.
    """
    if dry_run:
        click.echo(f"would {act}")
        return False
    at_terminal = sys.stdin.isatty()
    if not yes and (at_terminal or not for_scripts):
        if not at_terminal:
            raise WrongUsage(usage_codes.NEEDS_YES, act=act)
        if not click.confirm(f"{act}?", err=True):
            talk("nothing was done")
            return False
    talk(act)
    return True
