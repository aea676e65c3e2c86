"""`connector keys`: certificates in use, trust data, and a throw-away development PKI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli import usage_codes
from connector.cli.key_request import csr
from connector.cli.nodes import config_option, json_option, load_config
from connector.cli.output import counted, print_json, table, talk, tell_findings
from connector.cli.trust_data import (
    import_anchor,
    import_crl,
    register,
    sign_registry,
    withdraw,
)
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.trust.inventory import CertificateStatus

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """Keys and certificates of this node."""


for _command in (csr, register, withdraw, import_anchor, import_crl, sign_registry):
    keys.add_command(_command)


@keys.command("list")
@config_option
@json_option
def list_(config_path: Path, *, as_json: bool) -> None:
    """List own certificates and anchors with the days that are left."""
    statuses = _statuses(config_path)
    if as_json:
        print_json([status.as_dict() for status in statuses])
        return
    table(
        ("role", "agency", "subject", "days left", "sha256"),
        [
            (s.role, s.agency, s.certificate.subject, s.days_left, s.certificate.sha256[:16])
            for s in statuses
        ],
    )


@keys.command()
@config_option
@json_option
def check(config_path: Path, *, as_json: bool) -> None:
    """Exit with 1 if a certificate expires within 30 days or does not fit the registry."""
    findings = [finding for status in _statuses(config_path) for finding in status.findings]
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        tell_findings(findings)
        talk(counted(len(findings), "finding"))
    if findings:
        raise click.exceptions.Exit(1)


@keys.command("new-dev")
@click.option(
    "--type",
    "key_type",
    type=click.Choice(["rsa2048", "p256"]),
    default="rsa2048",
    show_default=True,
    help="Kind of the keys.",
)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.argument("agencies", nargs=-1, required=True, metavar="CODE[=NAME]...")
def new_dev(directory: Path, agencies: tuple[str, ...], key_type: str) -> None:
    """Make a development PKI for some agencies in the new DIRECTORY. Never use it in production.

    Without a name an agency is called as in the catalogue. The directory is what `connector
    verify --trust` takes.
    """
    from connector.cli.catalogue_of import catalogue_at
    from connector.clock import SystemClock
    from connector.model.organ import is_routable, scheme_of
    from connector.model.packet import CodeScheme
    from connector.trust.pki import new_dev_pki

    catalogue = catalogue_at(None)
    organs = []
    for text in agencies:
        code, _, name = text.partition("=")
        if scheme_of(code) is not CodeScheme.QD20 or not is_routable(code):
            raise WrongUsage(usage_codes.NO_AGENCY_CODE, code=code or "?")
        known = catalogue.get(code)
        organs.append((code, name or (known.name if known else code)))
    pki = new_dev_pki(
        directory,
        organs,
        clock=SystemClock(),
        key_type="p256" if key_type == "p256" else "rsa2048",
    )
    talk(f"anchors {pki.anchors_dir}, registry {pki.registry_file}")
    for code, _ in organs:
        click.echo(f"{code}  {pki.key_file(code)}  {pki.certificate_file(code)}")


def _statuses(config_path: Path) -> tuple[CertificateStatus, ...]:
    from connector.cli.catalogue_of import catalogue_at
    from connector.clock import SystemClock
    from connector.flow.node import node_trust, signing_keys
    from connector.trust.inventory import list_certificates

    config = load_config(config_path)
    clock = SystemClock()
    trust = node_trust(config, catalogue_at(config.catalogue.file), clock)
    return list_certificates(trust, signing_keys(config, clock), at=clock.now())
