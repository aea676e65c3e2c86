"""`connector lint`: every finding of adapters and configurations, at its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.output import print_json, talk

if TYPE_CHECKING:
    from connector.errors import Finding

__all__ = ["lint"]


@click.command()
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
)
@click.option(
    "--node",
    "nodes",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Check this connector.yaml and the adapters that it names.",
)
@click.option("--catalogue", type=click.Path(path_type=Path), help="Instead of the shipped seed.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def lint(
    paths: tuple[Path, ...], nodes: tuple[Path, ...], catalogue: Path | None, style: str
) -> None:
    """Check the adapters at PATHS (directories, or trees of them); exit with 1 on findings."""
    if not paths and not nodes:
        raise click.UsageError("name adapter directories, or a configuration with --node")
    findings = [finding for path in paths for finding in _adapters(path, catalogue)]
    findings += [finding for path in nodes for finding in _node(path)]
    if style == "json":
        print_json([finding.as_dict() for finding in findings])
    for finding in findings if style != "json" else ():
        for line in _github(finding) if style == "github" else _text(finding):
            click.echo(line)
    if style == "text":
        talk(f"{len(findings)} findings")
    if findings:
        raise click.exceptions.Exit(1)


def _adapters(path: Path, catalogue: Path | None) -> list[Finding]:
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.cli.files import UNREADABLE
    from connector.clock import SystemClock
    from connector.errors import NoInputError
    from connector.flow.lint import adapters_below, lint_adapter

    directories = list(adapters_below(path))
    if not directories:
        raise NoInputError(UNREADABLE.at(str(path), reason="no adapter.yaml there"))
    ours, clock = ours_of_nobody(catalogue), SystemClock()
    return [finding for each in directories for finding in lint_adapter(each, ours, clock)]


def _node(path: Path) -> list[Finding]:
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.errors import ConfigError
    from connector.flow.node import check_node

    try:
        config = load_config(path)
    except ConfigError as error:
        return list(error.findings)
    findings = list(check_node(config, SystemClock()))
    for adapter in config.adapters:
        findings += _adapters(adapter, config.catalogue.file)
    return findings


def _text(finding: Finding) -> list[str]:
    lines = [f"{finding.place} {finding.code} {finding.severity.value} {finding.vi}"]
    lines.append(f"    {finding.en}")
    if finding.hint_vi or finding.hint_en:
        lines.append(f"    → {finding.hint_vi} / {finding.hint_en}")
    return lines


def _github(finding: Finding) -> list[str]:
    file, _, position = finding.place.partition(":")
    line, _, column = position.partition(":")
    level = "error" if finding.severity.value == "error" else "warning"
    where = f"file={file},line={line or 1},col={column or 1}"
    return [f"::{level} {where},title={finding.code}::{finding.en} / {finding.vi}"]
