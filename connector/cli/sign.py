"""`connector sign`: sign a packet by hand."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option
from connector.cli.outbox import write_new
from connector.cli.output import talk

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
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="FILE.signed.edxml")
@click.argument("file", type=click.Path(path_type=Path))
def sign(
    config_path: Path,
    key_file: Path | None,
    certificate_file: Path | None,
    out: Path | None,
    file: Path,
) -> None:
    """Read, validate and sign the packet FILE with the key of its sender."""
    from connector.cli.files import read_file
    from connector.cli.nodes import load_config
    from connector.clock import SystemClock, vietnam_date
    from connector.edxml.pack import pack
    from connector.edxml.reader import read
    from connector.flow.node import signing_keys
    from connector.trust.keys import load_key
    from connector.trust.settings import PemKey
    from connector.trust.sign import seal

    if (key_file is None) != (certificate_file is None):
        raise click.UsageError("--key and --certificate belong together")
    clock = SystemClock()
    packet = pack(read(read_file(file)).envelope, today=vietnam_date(clock.now()))
    if key_file is not None and certificate_file is not None:
        settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
        key = load_key(settings, now=clock.now())
    else:
        keys = signing_keys(load_config(config_path), clock)
        sender = packet.envelope.sender.organ_id
        if sender not in keys:
            raise click.UsageError(f"the node has no key of {sender}")
        key = keys[sender]
    sealed = seal(packet, key)
    target = out or file.with_suffix(".signed.edxml")
    write_new(target, sealed.data)
    talk(f"{sealed.packet_id}  {target}")
