"""`connector demo`: three agencies on one machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from connector.service.logs import configure_logs

    configure_logs("error")
    directory = directory.absolute()
    result = run_demo(directory, clock=SystemClock(), say=talk)
    report = _report(result)
    path = directory / "report.json"
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if timelines:
        _timelines(result)
    _table(result)
    talk(", ".join(f"{name} {value}" for name, value in report.items()))
    talk(f"report: {path}")
    for finding in result.findings:
        talk(f"! {finding}")
    if not result.well:
        raise click.exceptions.Exit(1)


def _report(result: Result) -> dict[str, Any]:
    total = result.count
    return {
        "documents": total.documents,
        "deliveries": total.deliveries,
        "delivered": total.delivered,
        "refused": total.refused,
        "receipts": total.receipts,
        "lost": total.lost,
        "duplicated": total.duplicated,
        "seconds": round(result.seconds, 1),
        "broker": result.broker,
    }


def _table(result: Result) -> None:
    """Print what happened to each row for each receiver; the special ones last, and why."""
    from connector.demo.corpus import SCENES, Scene

    lines = sorted(result.count.lines, key=lambda line: line.expected.scene is not Scene.PLAIN)
    rows = [
        (
            line.expected.agency,
            line.expected.code,
            line.receiver,
            line.outcome,
            line.expected.scene.value,
            SCENES[line.expected.scene] if line.expected.scene is not Scene.PLAIN else "",
        )
        for line in lines
    ]
    table(("from", "số/ký hiệu", "to", "outcome", "scene", "why"), rows)
    for line in lines:
        if line.reason:
            code = line.expected.code
            click.echo(f"{code} to {line.receiver} was {line.outcome}: {line.reason}")
    talk(f"the forged packet was {result.forgery}")


def _timelines(result: Result) -> None:
    from connector.demo.timelines import timelines

    for line in timelines(result.nodes):
        click.echo(line)
