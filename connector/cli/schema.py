"""`connector schema`: JSON Schemas of the configuration files, for editors."""

from __future__ import annotations

import click

from connector.cli.output import print_json

__all__ = ["schema"]


@click.command()
@click.argument("what", type=click.Choice(["node", "adapter"]))
def schema(what: str) -> None:
    """Print the JSON Schema (draft-07) of connector.yaml or adapter.yaml."""
    from connector.config.node import node_json_schema
    from connector.mapping.settings import adapter_json_schema

    print_json(node_json_schema() if what == "node" else adapter_json_schema())
