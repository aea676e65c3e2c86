"""`connector preview`: records to signed packets as files, nothing stored, nothing sent."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from connector.cli.files import new_directory, write_file
from connector.cli.nodes import catalogue_option, json_option
from connector.cli.output import counted, finding_lines, print_json, talk

if TYPE_CHECKING:
    from connector.flow.adapters.adapter import Adapter
    from connector.flow.adapters.dry_run import DryRun
    from connector.trust.keys import SigningKey

__all__ = ["preview"]

_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)


@click.command()
@json_option
@click.option("--limit", type=click.IntRange(min=1), help="Only the first records.")
@click.option("--explain", is_flag=True, help="Tell for each field where it came from.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the packets are written; by default a new directory for temporary files, which "
    "is taken away again if there is nothing to keep in it.",
)
@catalogue_option
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONNECTOR_CONFIG",
    show_envvar=True,
    help="A node's configuration, whose key signs; without it a development PKI is made.",
)
@click.argument("adapter", type=click.Path(path_type=Path))
def preview(
    adapter: Path,
    limit: int | None,
    out: Path | None,
    catalogue: Path | None,
    config_path: Path | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Show what the records of the export of ADAPTER would become, as signed packets in files.

    Nothing is stored and nothing is sent. Exit with 65 if no record is usable, with 0 if any is,
    also where others are refused.
    """
    from connector.clock import SystemClock
    from connector.flow.adapters.dry_run import dry_run

    directory = adapter.parent if adapter.name == "adapter.yaml" else adapter
    made, key = _made(directory, catalogue, config_path)
    with _target(out) as target:
        signer = key or _development_key(made.agency, target)
        results = []
        for run in dry_run(made, now=SystemClock().now(), limit=limit, explain=explain):
            result = _result(run, _write(run, signer, target), explain=explain)
            results.append(result)
            if not as_json:
                _tell(run, result)
        if as_json:
            print_json(results)
        packets = sum(result["file"] is not None for result in results)
        refused = counted(len(results) - packets, "record")
        where = f" in {target}" if packets else ""
        talk(f"{counted(packets, 'packet')}{where}, {refused} refused")
        if results and not packets:
            raise click.exceptions.Exit(65)


def _target(out: Path | None) -> AbstractContextManager[Path]:
    """Return where the packets go: a directory that stays, or one for temporary files."""
    if out is None:
        return _temporary()
    new_directory(out)
    return nullcontext(out)


@contextmanager
def _temporary() -> Iterator[Path]:
    """Yield a temporary directory, which stays only if it holds all packets."""
    with _as_interrupts(_ENDS):
        target = Path(tempfile.mkdtemp(prefix="connector-preview-"))
        keep = False
        try:
            yield target
            keep = any(target.glob("*.edxml"))
        finally:
            if not keep:
                shutil.rmtree(target, ignore_errors=True)


@contextmanager
def _as_interrupts(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Let signals raise KeyboardInterrupt, as Ctrl-C does, so that what was begun is cleared up."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _made(
    directory: Path, catalogue: Path | None, config_path: Path | None
) -> tuple[Adapter, SigningKey | None]:
    """Return the adapter, as the node's if its agency is one of the node's, and the node's key."""
    from connector.cli.catalogue_of import catalogue_at, ours_of_nobody
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.flow.adapters.adapter import load_adapter, stand_alone

    clock = SystemClock()
    if config_path is None:
        return stand_alone(directory, ours_of_nobody(catalogue), clock), None

    from connector.flow.node import our_agencies, signing_keys  # costs more than all the rest

    config = load_config(config_path)
    ours = our_agencies(config, catalogue_at(catalogue or config.catalogue.file))
    alone = stand_alone(directory, ours, clock)
    agency = ours.agency_for(alone.agency)
    if agency is None:
        return alone, None
    return load_adapter(directory, ours, clock), signing_keys(config, clock).get(agency.code)


def _development_key(code: str, directory: Path) -> SigningKey:
    """Return the agency's key of the development PKI beside the packets, made where needed."""
    from connector.clock import SystemClock
    from connector.trust.keys import load_key
    from connector.trust.pki import DevPki, new_dev_pki
    from connector.trust.settings import PemKey

    pki = DevPki(directory / "dev-pki")
    if pki.directory.exists() and not pki.key_file(code).exists():
        pki = DevPki(directory / f"dev-pki-{code.lower()}")
    if not pki.key_file(code).exists():
        new_dev_pki(pki.directory, [(code, code)], clock=SystemClock())
    talk(f"no key is configured: a development PKI signs; verify with --trust {pki.directory}")
    settings = PemKey(
        type="pem", key_file=pki.key_file(code), certificate_file=pki.certificate_file(code)
    )
    return load_key(settings, now=SystemClock().now())


def _write(run: DryRun, key: SigningKey, directory: Path) -> Path | None:
    from connector.trust.sign import seal

    if run.packet is None:
        return None
    sealed = seal(run.packet, key)
    path = directory / f"{sealed.packet_id}.edxml"
    write_file(path, sealed.data)
    return path


def _result(run: DryRun, path: Path | None, *, explain: bool) -> dict[str, Any]:
    document = run.mapped.document if run.mapped else None
    result: dict[str, Any] = {
        "place": run.place,
        "file": str(path) if path else None,
        "packet_id": path.stem if path else None,
        "document_id": document.document_id if document else None,
        "code": str(document.code) if document else None,
        "subject": document.subject if document else None,
        "receivers": [to.organ_id for to in document.receivers] if document else [],
        "findings": [finding.as_dict() for finding in run.findings],
    }
    if explain and run.mapped:
        result["fields"] = [
            {
                "field": field.field,
                "place": field.place,
                "column": field.column,
                "raw": field.raw,
                "steps": [
                    {"transform": step.transform, "before": step.before, "after": step.after}
                    for step in field.steps
                ],
            }
            for field in run.mapped.provenance
        ]
    return result


def _tell(run: DryRun, result: dict[str, Any]) -> None:
    click.echo(f"{result['place']}  {result['code'] or ''}  {result['file'] or 'REFUSED'}")
    for finding in run.findings:
        for line in finding_lines(finding):
            click.echo(f"  {line}")
    for field in result.get("fields", ()):
        where = field["place"] if field["column"] else "adapter.yaml"
        click.echo(f"  {field['field']} ← {where}: {field['raw']!r}")
        for step in field["steps"]:
            click.echo(f"      {step['transform']}: {step['before']!r} → {step['after']!r}")
