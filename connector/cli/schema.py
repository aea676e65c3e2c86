"""`connector schema`: JSON Schemas of the configuration files, for editors."""

from __future__ import annotations

import click

from connector.cli.output import print_json

__all__ = ["schema"]


@click.command()
@click.argument("what", type=click.Choice(["node", "adapter", "tests"]))
def schema(what: str) -> None:
    """Print the JSON Schema (draft-07) of connector.yaml, adapter.yaml or tests.yaml."""
    from connector.config.node import node_json_schema
    from connector.flow.adapters.trial import tests_json_schema
    from connector.mapping.settings import adapter_json_schema

    made = {"node": node_json_schema, "adapter": adapter_json_schema, "tests": tests_json_schema}
    print_json(made[what]())
