"""`connector lint`: every finding of adapters and configurations, at its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from connector.cli import usage_codes
from connector.cli.nodes import catalogue_option
from connector.cli.output import counted, print_json, talk
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.errors import Finding
    from connector.flow.ours import Ours
    from connector.mapping.settings import AdapterSettings

__all__ = ["lint"]

_PASSWORD: Final = re.compile(r"://[^:/@\s]*:[^@/\s]+@")


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
@click.option("--strict", is_flag=True, help="A warning counts as an error.")
@catalogue_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def lint(
    paths: tuple[Path, ...],
    nodes: tuple[Path, ...],
    catalogue: Path | None,
    style: str,
    *,
    no_export: bool,
    strict: bool,
) -> None:
    """Check the adapters at PATHS; exit with 1 if there is an error, 66 if there is no adapter.

    PATHS are directories of adapters, trees of them, or configurations of nodes
    (connector.yaml). Each finding is one line: file:line:column, code, severity, message in
    Vietnamese and English, and what to do.
    """
    if not paths and not nodes:
        raise WrongUsage(usage_codes.NOTHING_TO_LINT)
    found: list[Finding] = []
    for path in (*paths, *nodes):
        if path in nodes or path.name == "connector.yaml":
            found += _node(path, catalogue, look=not no_export)
        else:
            found += _adapters(path, catalogue, look=not no_export)
    found = list(dict.fromkeys(found))
    _print(found, style)
    if any(strict or finding.severity == "error" for finding in found):
        raise click.exceptions.Exit(1)


def _print(findings: list[Finding], style: str) -> None:
    if style == "json":
        print_json([finding.as_dict() for finding in findings])
        return
    for finding in findings:
        click.echo(_github(finding) if style == "github" else _text(finding))
    if style == "text":
        talk(counted(len(findings), "finding"))


def _adapters(path: Path, catalogue: Path | None, *, look: bool) -> Iterator[Finding]:
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.cli.codes import UNREADABLE
    from connector.errors import NoInputError
    from connector.flow.adapters.lint import adapters_below

    directories = list(adapters_below(path))
    if not directories:
        raise NoInputError(UNREADABLE.at(str(path), reason="no adapter.yaml there"))
    ours = ours_of_nobody(catalogue)
    for directory in directories:
        yield from _adapter(directory, ours, look=look)


def _adapter(directory: Path, ours: Ours, *, look: bool) -> Iterator[Finding]:
    from connector.clock import SystemClock
    from connector.errors import ConnectorError
    from connector.flow.adapters.adapter import stand_alone
    from connector.flow.adapters.lint import lint_adapter

    yield from _reviewed(directory, look=look)
    try:
        if look:
            found = lint_adapter(directory, ours, SystemClock())
            yield from (_placed(finding, directory) for finding in found)
        else:
            stand_alone(directory, ours, SystemClock())
    except ConnectorError as error:
        yield from error.findings


def _reviewed(directory: Path, *, look: bool) -> Iterator[Finding]:
    """Yield what should not stay unseen, and what opening the export would tell otherwise."""
    from connector.errors import ConnectorError
    from connector.mapping.review import review
    from connector.mapping.settings import load_adapter

    try:
        settings = load_adapter(directory)
        yield from review(settings)
    except ConnectorError:
        yield from _of_tables(directory)
        return
    if not look:
        yield from _of_source(settings)


def _of_tables(directory: Path) -> Iterator[Finding]:
    """Yield what is wrong with the tables, where other parts are wrong as well."""
    from connector.config.yaml_source import load_yaml
    from connector.errors import ConnectorError
    from connector.mapping.review import review_tables
    from connector.mapping.settings import ADAPTER_FILE

    try:
        yield from review_tables(load_yaml(directory / ADAPTER_FILE))
    except ConnectorError:
        return


def _of_source(settings: AdapterSettings) -> Iterator[Finding]:
    """Yield what is wrong with the settings of the source, without opening the export."""
    from connector.config.load import findings_of
    from connector.errors import ConfigError
    from connector.sources.codes import PASSWORD_IN_URL
    from connector.sources.registry import settings_model

    node = settings.node
    try:
        model = settings_model(str(node.get(("source", "type"))))
    except ConfigError as error:
        place = node.place(("source", "type"))
        yield from (replace(finding, place=place) for finding in error.findings)
        return
    yield from findings_of(model, node, ("source",))
    if _PASSWORD.search(str(node.get(("source", "url")))):
        yield PASSWORD_IN_URL.at(node.place(("source", "url")))


def _placed(finding: Finding, directory: Path) -> Finding:
    """Return a finding of an export as a whole at the line of adapter.yaml that names it."""
    from connector.config.yaml_source import load_yaml

    if finding.place.rpartition(":")[2].isdigit():
        return finding
    place = load_yaml(directory / "adapter.yaml").place(("source",))
    what = f"{finding.place}: " if finding.place else ""
    return replace(finding, place=place, vi=what + finding.vi, en=what + finding.en)


def _node(path: Path, catalogue: Path | None, *, look: bool) -> Iterator[Finding]:
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.errors import ConfigError
    from connector.flow.node_checks import check_node
    from connector.mapping.settings import ADAPTER_FILE

    try:
        config = load_config(path)
    except ConfigError as error:
        yield from error.findings
        return
    yield from check_node(config, SystemClock())
    ours = ours_of_nobody(catalogue or config.catalogue.file)
    for adapter in config.adapters:
        if (adapter / ADAPTER_FILE).is_file():
            yield from _adapter(adapter, ours, look=look)


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
