"""`connector init`: a first adapter, from a sample export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.nodes import catalogue_option, json_option
from connector.cli.output import print_json, talk

if TYPE_CHECKING:
    from connector.workbench.proposal import Entry
    from connector.workbench.start import Started

__all__ = ["init"]


@click.command()
@json_option
@click.option(
    "--from",
    "sample",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A sample export: CSV, Excel, fixed width, JSON, XML, DXL, DBF, Access, SQLite, edXML.",
)
@click.option("--agency", help="Code of the sending agency, such as G22 or H41.02.")
@click.option("--charset", help="Charset of the sample, where it cannot be told for certain.")
@click.option(
    "--language",
    type=click.Choice(["vi", "en"]),
    default="vi",
    show_default=True,
    help="Language of the comments.",
)
@catalogue_option
@click.argument("directory", default=".", type=click.Path(path_type=Path, file_okay=False))
def init(
    directory: Path,
    sample: Path | None,
    agency: str | None,
    charset: str | None,
    language: str,
    catalogue: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write a first adapter into DIRECTORY; nothing that is there is overwritten.

    From a sample export the charset, the layout and the meaning of the columns are found, each
    with its confidence and evidence as comments of adapter.yaml. What the sample does not tell is
    marked '?', which lint refuses until a person decides; secrecy is never guessed.
    """
    from connector.cli.catalogue_of import catalogue_at
    from connector.clock import SystemClock
    from connector.errors import Language
    from connector.workbench.start import start

    started = start(
        directory,
        sample,
        catalogue_at(catalogue),
        SystemClock(),
        agency=agency,
        charset=charset,
        language=Language(language),
    )
    if as_json:
        print_json(started.as_dict())
    else:
        _tell(started)


def _tell(started: Started) -> None:
    from connector.errors import Language
    from connector.workbench.evidence import joined

    proposal = started.proposal
    if proposal is not None:
        for finding in proposal.look.findings:
            reasons = joined(finding.reasons, Language.VIETNAMESE)
            click.echo(f"{finding.confidence:.2f}  {finding.name} = {finding.value}  ({reasons})")
        for entry in (proposal.secrecy, *proposal.fields, *proposal.attachments):
            click.echo(_line(entry))
        for decision in proposal.decisions:
            click.echo(f"   ?  {decision.what}: {decision.reason.vi} / {decision.reason.en}")
        for note in proposal.notes:
            click.echo(f"   *  {note.vi} / {note.en}")
    talk(f"{', '.join(started.files)} in {started.directory}")
    talk(f"next: connector lint {started.directory}")


def _line(entry: Entry) -> str:
    columns = ", ".join(entry.columns)
    return f"{entry.confidence:.2f}  {entry.path} ← {columns or '?'}"
