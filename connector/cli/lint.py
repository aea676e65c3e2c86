"""`connector lint`: every finding of adapters and configurations, at its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.nodes import catalogue_option
from connector.cli.output import print_json, talk

if TYPE_CHECKING:
    from connector.errors import Finding
    from connector.flow.ours import Ours

__all__ = ["lint"]


@click.command()
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="One line a finding, JSON, or annotations of a GitHub workflow.",
)
@click.option(
    "--node",
    "nodes",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Check this connector.yaml and the adapters that it names (may be repeated).",
)
@click.option("--no-export", is_flag=True, help="Check the files only, do not open the exports.")
@catalogue_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def lint(
    paths: tuple[Path, ...],
    nodes: tuple[Path, ...],
    catalogue: Path | None,
    style: str,
    *,
    no_export: bool,
) -> None:
    """Check the adapters at PATHS; exit with 1 if there is a finding, 66 if there is no adapter.

    PATHS are directories of adapters, trees of them, or configurations of nodes
    (connector.yaml). Each finding is one line: file:line:column, code, severity, message in
    Vietnamese and English, and what to do.
    """
    if not paths and not nodes:
        raise click.UsageError("name adapter directories, or a configuration with --node")
    found: list[Finding] = []
    for path in (*paths, *nodes):
        if path in nodes or path.name == "connector.yaml":
            found += _node(path, catalogue, look=not no_export)
        else:
            found += _adapters(path, catalogue, look=not no_export)
    _print(list(dict.fromkeys(found)), style)
    if found:
        raise click.exceptions.Exit(1)


def _print(findings: list[Finding], style: str) -> None:
    if style == "json":
        print_json([finding.as_dict() for finding in findings])
        return
    for finding in findings:
        click.echo(_github(finding) if style == "github" else _text(finding))
    if style == "text":
        talk(f"{len(findings)} findings")


def _adapters(path: Path, catalogue: Path | None, *, look: bool) -> Iterator[Finding]:
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.cli.codes import UNREADABLE
    from connector.errors import NoInputError
    from connector.flow.lint import adapters_below

    directories = list(adapters_below(path))
    if not directories:
        raise NoInputError(UNREADABLE.at(str(path), reason="no adapter.yaml there"))
    ours = ours_of_nobody(catalogue)
    for directory in directories:
        yield from _adapter(directory, ours, look=look)


def _adapter(directory: Path, ours: Ours, *, look: bool) -> Iterator[Finding]:
    from connector.clock import SystemClock
    from connector.errors import ConnectorError
    from connector.flow.adapter import stand_alone
    from connector.flow.lint import lint_adapter

    try:
        if look:
            found = lint_adapter(directory, ours, SystemClock())
            yield from (_placed(finding, directory) for finding in found)
        else:
            stand_alone(directory, ours, SystemClock())
    except ConnectorError as error:
        yield from error.findings


def _placed(finding: Finding, directory: Path) -> Finding:
    """Return a finding of an export as a whole at the line of adapter.yaml that names it."""
    from dataclasses import replace

    from connector.config.yaml_source import load_yaml

    if finding.place.rpartition(":")[2].isdigit():
        return finding
    place = load_yaml(directory / "adapter.yaml").place(("source",))
    what = f"{finding.place}: " if finding.place else ""
    return replace(finding, place=place, vi=what + finding.vi, en=what + finding.en)


def _node(path: Path, catalogue: Path | None, *, look: bool) -> Iterator[Finding]:
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.errors import ConfigError, NoInputError
    from connector.flow.node import check_node

    try:
        config = load_config(path)
    except ConfigError as error:
        yield from error.findings
        return
    yield from check_node(config, SystemClock())
    for adapter in config.adapters:
        try:
            yield from _adapters(adapter, catalogue or config.catalogue.file, look=look)
        except NoInputError as error:
            yield from error.findings


def _text(finding: Finding) -> str:
    hint = " / ".join(filter(None, (finding.hint_vi, finding.hint_en)))
    message = f"{finding.place or '-'} {finding.code} {finding.severity.value} "
    message += f"{finding.vi} / {finding.en}"
    return _one_line(f"{message} → {hint}" if hint else message)


def _github(finding: Finding) -> str:
    file, line, column = _position(finding.place)
    level = {"error": "error", "warning": "warning"}.get(finding.severity.value, "notice")
    where = f"file={file},line={line},col={column},title={finding.code}"
    return f"::{level} {where}::{_one_line(f'{finding.en} / {finding.vi}').replace('%', '%25')}"


def _position(place: str) -> tuple[str, int, int]:
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return parts[0], int(parts[1]), int(parts[2])
    file, _, line = place.rpartition(":")
    return (file, int(line), 1) if line.isdigit() else (place, 1, 1)


def _one_line(text: str) -> str:
    return " ".join(text.split())
