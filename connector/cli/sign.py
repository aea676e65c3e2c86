"""`connector sign`: sign a packet by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli import usage_codes
from connector.cli.files import write_new
from connector.cli.nodes import config_option
from connector.cli.output import talk
from connector.cli.usage import WrongUsage

if TYPE_CHECKING:
    from connector.trust.keys import SigningKey

__all__ = ["sign"]


@click.command()
@config_option
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PEM key instead of the node's.",
)
@click.option(
    "--certificate",
    "certificate_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PEM certificates that belong to --key.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file; by default FILE.signed.edxml.",
)
@click.argument("file", type=click.Path(path_type=Path))
def sign(
    config_path: Path,
    key_file: Path | None,
    certificate_file: Path | None,
    out: Path | None,
    file: Path,
) -> None:
    """Read, validate and sign the packet FILE with the key of its sender.

    An older signature is replaced. The signed packet goes to a new file beside FILE.
    """
    from connector.cli.files import read_file
    from connector.clock import SystemClock, vietnam_date
    from connector.edxml.pack import pack
    from connector.edxml.reader import read
    from connector.trust.sign import seal

    if (key_file is None) != (certificate_file is None):
        raise WrongUsage(usage_codes.BELONG_TOGETHER)
    clock = SystemClock()
    packet = pack(read(read_file(file)).envelope, today=vietnam_date(clock.now()))
    if key_file is not None and certificate_file is not None:
        key = _given_key(key_file, certificate_file)
    else:
        key = _key_of(packet.envelope.sender.organ_id, config_path)
    sealed = seal(packet, key)
    target = out or file.with_suffix(".signed.edxml")
    write_new(target, sealed.chunks())
    talk(f"{sealed.packet_id}  {target}")


def _given_key(key_file: Path, certificate_file: Path) -> SigningKey:
    from connector.clock import SystemClock
    from connector.trust.keys import load_key
    from connector.trust.settings import PemKey

    settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
    return load_key(settings, now=SystemClock().now())


def _key_of(sender: str, config_path: Path) -> SigningKey:
    """Return the node's key that signs for a sender: its agency's, or of the one above it.

    Raises:
        ConfigError: the node does not speak for it, or has no key of it.
    """
    from connector.cli.catalogue_of import catalogue_at
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock
    from connector.errors import ConfigError
    from connector.flow import codes
    from connector.flow.node import our_agencies, signing_keys

    config = load_config(config_path)
    ours = our_agencies(config, catalogue_at(config.catalogue.file))
    agency = ours.agency_for(ours.canonical(sender))
    keys = signing_keys(config, SystemClock())
    if agency is None or agency.code not in keys:
        raise ConfigError(codes.AGENCY_NOT_OF_NODE.at(str(config_path), code=sender))
    return keys[agency.code]
