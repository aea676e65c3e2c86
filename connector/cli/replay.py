"""`connector replay`: make a sent packet again from the export, and compare."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.nodes import config_option, json_option, load_config
from connector.cli.output import print_json
from connector.cli.rows import sent_packet
from connector.cli.stores import opened_spool, opened_store

__all__ = ["replay"]


@click.command()
@config_option
@json_option
@click.argument("packet")
def replay(config_path: Path, packet: str, *, as_json: bool) -> None:
    """Make the sent packet PACKET again, by the configuration that made it, and compare.

    The record is read from the export as it is now, and agencies' names are those of the present
    catalogue and connector.yaml: one that was renamed since makes a difference.

    Exit with 1 if a byte differs, 66 if the record is gone. Nothing is stored and nothing is sent.
    """
    from connector.cli.catalogue_of import catalogue_at
    from connector.clock import SystemClock
    from connector.flow.adapters.acts import adapter_directories
    from connector.flow.adapters.replay import Replay
    from connector.flow.node import our_agencies

    config = load_config(config_path)
    ours = our_agencies(config, catalogue_at(config.catalogue.file))
    with opened_store(config_path) as store:
        with store.read() as tx:
            row = sent_packet(tx, packet)
        spool, directories = opened_spool(config_path), adapter_directories(config)
        result = Replay(store, spool, ours, directories, SystemClock()).replay(row)
    if as_json:
        print_json(result.as_dict())
    elif result.equal:
        click.echo(f"equal: {result.packet_id} from {result.found_at}")
    else:
        click.echo(f"different: {result.packet_id} from {result.found_at}")
        click.echo(result.difference)
    if not result.equal:
        raise click.exceptions.Exit(1)
