"""`connector keys`: who may sign for whom, anchors and revocation lists, brought in by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli import usage_codes
from connector.cli.nodes import config_option, load_config
from connector.cli.output import talk
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.config.node import NodeConfig
    from connector.trust.certificate_file import Certificate
    from connector.trust.keys import SigningKey

__all__ = ["import_anchor", "import_crl", "register", "sign_registry", "withdraw"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])
_registry_option = click.option(
    "--registry", "registry_file", type=_FILE, help="Registry instead of the node's."
)


@click.command()
@config_option
@_registry_option
@click.option("--name", help="Official name of an agency that is new in the registry.")
@click.option("--from", "valid_from", type=_DAY, help="First day; by default the certificate's.")
@click.option("--to", "valid_to", type=_DAY, help="Last day; by default the certificate's.")
@click.argument("code")
@click.argument("certificate", type=_FILE)
def register(
    config_path: Path,
    registry_file: Path | None,
    name: str | None,
    valid_from: dt.datetime | None,
    valid_to: dt.datetime | None,
    code: str,
    certificate: Path,
) -> None:
    """Let CERTIFICATE sign for the agency CODE and the codes below it."""
    from connector.cli.catalogue_of import catalogue_at
    from connector.trust import registry_edit

    path = registry_file or _registry(load_config(config_path))
    known = catalogue_at(None).get(code)
    sha256 = registry_edit.register(
        path,
        code,
        certificate,
        valid_from=valid_from.date() if valid_from else None,
        valid_to=valid_to.date() if valid_to else None,
        name=name or (known.name if known else None),
    )
    click.echo(f"{code}  {sha256}")
    _remind(path)


@click.command()
@config_option
@_registry_option
@click.option("--on", type=_DAY, help="First day on which it no longer counts.")
@click.option("--entirely", is_flag=True, help="Also for what was received earlier.")
@click.argument("code")
@click.argument("sha256")
def withdraw(
    config_path: Path,
    registry_file: Path | None,
    on: dt.datetime | None,
    code: str,
    sha256: str,
    *,
    entirely: bool,
) -> None:
    """Let the certificate SHA256 no longer sign for the agency CODE: from today, or --on."""
    from connector.clock import SystemClock, vietnam_date
    from connector.trust import registry_edit

    path = registry_file or _registry(load_config(config_path))
    first = on.date() if on else vietnam_date(SystemClock().now())
    registry_edit.withdraw(path, code, sha256, on=None if entirely else first)
    click.echo(f"{code}  {sha256}")
    _remind(path)


@click.command("import-anchor")
@config_option
@click.option(
    "--anchors",
    "anchors_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of anchors instead of the node's.",
)
@click.argument("file", type=_FILE)
def import_anchor(config_path: Path, anchors_dir: Path | None, file: Path) -> None:
    """Trust the authorities of FILE (PEM or DER) from now on."""
    from connector.clock import SystemClock
    from connector.trust import imports

    directory = anchors_dir or load_config(config_path).trust.anchors_dir
    for done in imports.import_anchor(file, directory, now=SystemClock().now()):
        click.echo(f"{done.path}  {done.subject}")
        if not done.changed:
            talk("already there")


@click.command("import-crl")
@config_option
@click.option(
    "--issuer",
    "issuer_files",
    type=_FILE,
    multiple=True,
    help="Certificate of an authority below an anchor; those of the node's keys are known.",
)
@click.argument("file", type=_FILE)
def import_crl(config_path: Path, issuer_files: tuple[Path, ...], file: Path) -> None:
    """Put the revocation list FILE (PEM or DER) in use; an older one never replaces a newer."""
    from connector.clock import SystemClock
    from connector.trust import imports

    config = load_config(config_path)
    if config.trust.crls_dir is None:
        raise WrongUsage(usage_codes.NO_CRLS_DIR)
    done = imports.import_crl(
        file,
        config.trust.crls_dir,
        anchors_dir=config.trust.anchors_dir,
        issuers=_issuers(config, issuer_files),
        now=SystemClock().now(),
    )
    click.echo(f"{done.path}  {done.subject}")
    if not done.changed:
        talk("already there")


@click.command("sign-registry")
@config_option
@_registry_option
@click.option("--agency", "code", help="Whose key of the node signs; by default the first one's.")
@click.option("--key", "key_file", type=_FILE, help="PEM key instead of the node's.")
@click.option("--certificate", "certificate_file", type=_FILE, help="Belongs to --key.")
def sign_registry(
    config_path: Path,
    registry_file: Path | None,
    code: str | None,
    key_file: Path | None,
    certificate_file: Path | None,
) -> None:
    """Sign the registry as it stands; nodes pin the signer by trust.registry_signers."""
    from connector.trust import registry_sign

    if (key_file is None) != (certificate_file is None):
        raise WrongUsage(usage_codes.BELONG_TOGETHER)
    path = registry_file or _registry(load_config(config_path))
    if key_file is not None and certificate_file is not None:
        key = _given_key(key_file, certificate_file)
    else:
        key = _key_of(load_config(config_path), code)
    click.echo(f"{registry_sign.sign_registry(path, key)}  {key.fingerprint}")


def _registry(config: NodeConfig) -> Path:
    if config.trust.registry_file is None:
        raise WrongUsage(usage_codes.NO_REGISTRY)
    return config.trust.registry_file


def _remind(path: Path) -> None:
    from connector.trust.registry_sign import signature_file

    if signature_file(path).exists():
        talk("danh bạ cần được ký lại / sign the registry again: connector keys sign-registry")


def _issuers(config: NodeConfig, files: tuple[Path, ...]) -> list[Certificate]:
    """Return the authorities that a list may come from, beside the anchors."""
    from connector.clock import SystemClock
    from connector.flow.node import signing_keys
    from connector.trust.certificate_file import read_certificates

    keys = signing_keys(config, SystemClock())
    own = [each for key in keys.values() for each in key.intermediates]
    return own + [each for path in files for each in read_certificates(path)]


def _given_key(key_file: Path, certificate_file: Path) -> SigningKey:
    from connector.clock import SystemClock
    from connector.trust.keys import load_key
    from connector.trust.settings import PemKey

    settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
    return load_key(settings, now=SystemClock().now())


def _key_of(config: NodeConfig, code: str | None) -> SigningKey:
    from connector.clock import SystemClock
    from connector.flow.node import signing_keys

    keys = signing_keys(config, SystemClock())
    code = code or next(iter(keys), None)
    if code is None or code not in keys:
        raise WrongUsage(usage_codes.NO_KEY_OF, code=code or "?")
    return keys[code]
