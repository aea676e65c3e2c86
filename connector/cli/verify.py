"""`connector verify`: is a packet from whom it says, stage by stage."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.nodes import DEFAULT_CONFIG, json_option
from connector.cli.output import fold_time, print_json, tell_findings

if TYPE_CHECKING:
    from connector.trust.registry import Trust
    from connector.trust.verdict import Verdict

__all__ = ["verify"]

REFUSED = 77


@click.command()
@json_option
@click.option(
    "--trust",
    "trust_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory with anchors/ and registry.yaml, instead of the node's trust.",
)
@click.option("--at", "at_text", metavar="TIME", help="Verify as of this time (ISO 8601).")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONNECTOR_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
)
@click.argument("file", type=click.Path(path_type=Path))
def verify(
    file: Path, trust_dir: Path | None, at_text: str | None, config_path: Path, *, as_json: bool
) -> None:
    """Print verdict, signer, chain and findings of FILE; exit with 77 on every refusal."""
    from connector.cli.files import read_file
    from connector.clock import SystemClock
    from connector.trust.verify import explain

    at = _moment(at_text) if at_text else SystemClock().now()
    data = read_file(file)
    verdict = explain(data, _trust(trust_dir, config_path), at=at)
    if as_json:
        print_json({"file": str(file), **verdict.as_dict()})
    else:
        _tell(file, verdict)
    if not verdict.valid:
        raise click.exceptions.Exit(REFUSED)


def _trust(trust_dir: Path | None, config_path: Path) -> Trust:
    from connector.cli.catalogue_of import catalogue_at
    from connector.cli.nodes import load_config
    from connector.trust.registry import load_trust

    if trust_dir is not None:
        catalogue = catalogue_at(None)
        registry = trust_dir / "registry.yaml"
        return load_trust(trust_dir / "anchors", registry, canonical=catalogue.canonical)
    config = load_config(config_path)
    catalogue = catalogue_at(config.catalogue.file)
    return load_trust(
        config.trust.anchors_dir, config.trust.registry_file, canonical=catalogue.canonical
    )


def _moment(text: str) -> dt.datetime:
    from connector.clock import VIETNAM

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _tell(file: Path, verdict: Verdict) -> None:
    click.echo(f"{file}: {verdict.verdict} as of {fold_time(verdict.at)}")
    for stage in verdict.stages:
        click.echo(f"  {stage.name:<12} {stage.outcome:<12} {stage.detail}")
    if verdict.signer:
        agencies = ", ".join(verdict.signer.agencies)
        click.echo(f"  signer: {verdict.signer.certificate.subject} for {agencies}")
    for certificate in verdict.chain:
        click.echo(f"  chain: {certificate.subject}")
    tell_findings(verdict.findings)
