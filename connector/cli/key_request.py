"""`connector keys csr`: ask the authority for a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli import usage_codes
from connector.cli.nodes import config_option, load_config
from connector.cli.output import talk
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.config.node import NodeConfig
    from connector.trust.settings import KeySettings

__all__ = ["csr"]


@click.command()
@config_option
@click.option(
    "--type",
    "key_type",
    type=click.Choice(["rsa3072", "p256"]),
    default="rsa3072",
    show_default=True,
    help="Kind of the new key.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file for the private key; by default the configured key_file, if it is not there.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="New file for the request; by default CODE.csr beside the key.",
)
@click.argument("code")
def csr(
    config_path: Path, code: str, key_type: str, key_file: Path | None, out: Path | None
) -> None:
    """Make a certificate signing request for the node's agency CODE, and its new key.

    The subject is C=VN, O=name, CN=CODE of the configuration. If the agency's key lies on a token
    and no --key is given, the token signs the request and no new key is made. Nothing is ever
    written over.
    """
    from connector.trust.requests import new_request, token_request
    from connector.trust.settings import Pkcs11Key

    config = load_config(config_path)
    agency = config.agency(code)
    if agency is None:
        known = ", ".join(each.code for each in config.agencies)
        raise WrongUsage(usage_codes.NOT_OURS, code=code, known=known)
    keys = _keys(config, code)
    on_token = next((key for key in keys if isinstance(key, Pkcs11Key)), None)
    if on_token is not None and key_file is None:
        request = out or Path(f"{code}.csr")
        token_request(on_token, code, agency.name, request_file=request)
        talk("signed by the key on the token; no new key was made")
    else:
        key_file = key_file or _configured_file(keys, code)
        request = out or key_file.with_name(f"{code}.csr")
        new_request(
            code,
            agency.name,
            key_type="p256" if key_type == "p256" else "rsa3072",
            key_file=key_file,
            request_file=request,
        )
        click.echo(f"key      {key_file}")
    click.echo(f"request  {request}")


def _keys(config: NodeConfig, code: str) -> tuple[KeySettings, ...]:
    from connector.trust.settings import parse_key_list

    for index, agency in enumerate(config.agencies):
        if agency.code == code and agency.key is not None:
            return tuple(parse_key_list(config.key_section(index)))
    return ()


def _configured_file(keys: tuple[KeySettings, ...], code: str) -> Path:
    """Return the first configured key file that is still to be made.

    Raises:
        ConfigError: all are there already, or none is configured.
    """
    from connector.errors import ConfigError
    from connector.trust import key_codes
    from connector.trust.settings import PemKey

    files = [key.key_file for key in keys if isinstance(key, PemKey)]
    for file in files:
        if not file.exists():
            return file
    if files:
        raise ConfigError(*(key_codes.FILE_EXISTS.at(str(file)) for file in files))
    raise ConfigError(key_codes.REQUEST_NEEDS_FILE.at(code=code))
