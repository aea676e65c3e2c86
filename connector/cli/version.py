"""`connector version`: what is installed."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed
from typing import Final

import click

from connector import __version__
from connector.cli.nodes import json_option
from connector.cli.output import print_json

__all__ = ["version"]

_LIBRARIES: Final = ("cryptography", "lxml", "pika", "signxml", "SQLAlchemy", "xmlschema")


@click.command()
@json_option
def version(*, as_json: bool) -> None:
    """Show the program's version and those of the libraries that it stands on."""
    facts = {"connector": __version__, "python": platform.python_version()}
    facts |= {name: installed(name) for name in _LIBRARIES}
    if as_json:
        print_json(facts)
        return
    for name, number in facts.items():
        click.echo(f"{name} {number}")
