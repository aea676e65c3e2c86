"""`connector demo`: three agencies on one machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.output import table, talk

if TYPE_CHECKING:
    from connector.demo.scenario import Result

__all__ = ["demo"]


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/demo"),
    show_default=True,
    help="Where everything is put; what stood there is replaced.",
)
@click.option("--timelines/--no-timelines", default=True, help="Print each document's timeline.")
def demo(directory: Path, *, timelines: bool) -> None:
    """Let three agencies exchange signed documents over a private RabbitMQ.

    With CONNECTOR_DEMO_KEYS=pkcs11 the agencies' keys are made on a software token (SoftHSM2) and
    never leave it; the default is pem, keys in files.

    With CONNECTOR_BROKER_URL and CONNECTOR_BROKER_MANAGEMENT_URL a given broker is used, in a
    virtual host of its own.
    """
    from connector.clock import SystemClock
    from connector.demo.scenario import run_demo
    from connector.demo.summary import MEANINGS, report_of
    from connector.service.logs import configure_logs

    configure_logs("error")
    directory = directory.absolute()
    result = run_demo(directory, clock=SystemClock(), say=talk)
    report = report_of(result.count, seconds=result.seconds, broker=result.broker)
    path = directory / "report.json"
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if timelines:
        _timelines(result)
    _outcomes(result)
    table(("result", "number", "meaning"), [(k, v, MEANINGS[k]) for k, v in report.items()])
    _tell_end(result, path)
    if not result.well:
        raise click.exceptions.Exit(1)


def _timelines(result: Result) -> None:
    from connector.demo.timelines import LEGEND, timelines

    click.echo(LEGEND)
    for line in timelines(result.nodes):
        click.echo(line)


def _outcomes(result: Result) -> None:
    """Print how the deliveries ended, which documents are special, and why some were refused."""
    from connector.demo.summary import pairs, reasons, specials

    table(("from", "to", "outcome", "number"), pairs(result.count))
    click.echo()
    table(("from", "số/ký hiệu", "to", "outcome", "what it shows"), specials(result.count))
    click.echo()
    for line in reasons(result.count):
        click.echo(line)
    click.echo()


def _tell_end(result: Result, report: Path) -> None:
    """Tell what else there is to know, what was wrong, and where to look further."""
    from connector.demo.summary import hints

    talk("")
    talk(f"the forged packet was {result.forgery}")
    talk(f"report: {report}")
    for finding in result.findings:
        talk(f"! {finding}")
    talk("")
    talk("Daemons and broker have ended, their files stay. Look further / Xem tiếp:")
    for command, shows in hints(result.nodes, result.count, _program()):
        talk(f"  {command}")
        talk(f"      {shows}")


def _program() -> str:
    """Return how this program is called from here."""
    found = shutil.which("connector")
    if found is not None:
        return "connector"
    called = sys.argv[0]
    return called if os.access(called, os.X_OK) else f"{sys.executable} -m connector"
