"""`connector preview`: records to signed packets as files, nothing stored, nothing sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.nodes import json_option
from connector.cli.output import finding_lines, print_json, talk

if TYPE_CHECKING:
    from connector.flow.adapter import Adapter
    from connector.flow.dry_run import DryRun
    from connector.trust.keys import SigningKey

__all__ = ["preview"]


@click.command()
@json_option
@click.option("--limit", type=click.IntRange(min=1), help="Only the first records.")
@click.option("--explain", is_flag=True, help="Tell for each field where it came from.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the packets are written.",
)
@click.option("--catalogue", type=click.Path(path_type=Path), help="Instead of the shipped seed.")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CONNECTOR_CONFIG",
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
    """Show what the records of ADAPTER's export would become; exit with 65 if none is usable."""
    from connector.cli.catalogue_of import ours_of_nobody
    from connector.clock import SystemClock
    from connector.flow.adapter import stand_alone
    from connector.flow.dry_run import dry_run

    clock = SystemClock()
    made = stand_alone(adapter, ours_of_nobody(catalogue), clock)
    directory = out or Path(tempfile.mkdtemp(prefix="connector-preview-"))
    directory.mkdir(parents=True, exist_ok=True)
    key = _key(made, directory, config_path)
    now = clock.now()
    results = []
    for run in dry_run(made, now=now, limit=limit, explain=explain):
        result = _result(run, _write(run, key, directory), explain=explain)
        results.append(result)
        if not as_json:
            _tell(run, result)
    if as_json:
        print_json(results)
    packets = sum(result["file"] is not None for result in results)
    talk(f"{packets} packets in {directory}, {len(results) - packets} records refused")
    if results and not packets:
        raise click.exceptions.Exit(65)


def _key(adapter: Adapter, directory: Path, config_path: Path | None) -> SigningKey:
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.flow.node import signing_keys
    from connector.trust.keys import load_key
    from connector.trust.pki import new_dev_pki
    from connector.trust.settings import PemKey

    if config_path is not None:
        keys = signing_keys(load_config(config_path), SystemClock())
        if adapter.agency in keys:
            return keys[adapter.agency]
    pki_dir = directory / "dev-pki"
    code = adapter.agency
    if not pki_dir.exists():
        new_dev_pki(pki_dir, [(code, code)], clock=SystemClock())
        talk(f"no key is configured: made a development PKI; verify with --trust {pki_dir}")
    pem = PemKey(
        type="pem",
        key_file=pki_dir / "keys" / f"{code.lower()}.key",
        certificate_file=pki_dir / "keys" / f"{code.lower()}.crt",
    )
    return load_key(pem, now=SystemClock().now())


def _write(run: DryRun, key: SigningKey, directory: Path) -> Path | None:
    from connector.trust.sign import seal

    if run.packet is None:
        return None
    sealed = seal(run.packet, key)
    path = directory / f"{sealed.packet_id}.edxml"
    path.write_bytes(sealed.data)
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
        click.echo(f"  {field['field']}: {field['column'] or 'constant'} = {field['raw']!r}")
        for step in field["steps"]:
            click.echo(f"      {step['transform']}: {step['before']!r} → {step['after']!r}")
