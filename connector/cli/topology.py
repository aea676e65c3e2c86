"""`connector topology`: exchanges, queues, bindings, policies and permissions on the broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.nodes import config_option, json_option, load_config
from connector.cli.output import counted, print_json, table, talk, tell_findings

if TYPE_CHECKING:
    from connector.broker.management import Management
    from connector.config.node import NodeConfig

__all__ = ["topology"]


@click.group()
def topology() -> None:
    """What must stand on RabbitMQ for the agencies of the network."""


_codes_option = click.option(
    "--agency",
    "agencies",
    multiple=True,
    metavar="CODE",
    help="Agencies connected at this broker (may be repeated); default: the node's.",
)


@topology.command()
@config_option
@json_option
@_codes_option
@click.option("--definitions", is_flag=True, help="As `rabbitmqctl import_definitions` takes it.")
@click.option("--vhost", help="Virtual host of --definitions; default: that of broker.url.")
def show(
    config_path: Path,
    agencies: tuple[str, ...],
    vhost: str | None,
    *,
    definitions: bool,
    as_json: bool,
) -> None:
    """Print the plan; nothing is asked of the broker.

    With --agency no configuration is needed.
    """
    from connector.broker import topology as room

    plan = room.plan(_codes(config_path, agencies))
    if definitions:
        print_json(room.definitions(plan, vhost=vhost or _vhost(config_path)))
    elif as_json:
        print_json(room.show(plan))
    else:
        table(
            ("agency", "parent", "queues", "user"),
            [
                (
                    row["agency"],
                    row["parent"],
                    ", ".join(_names(row["queues"])),
                    row["user"]["name"],
                )
                for row in room.show(plan)
            ],
        )


@topology.command()
@config_option
@json_option
@_codes_option
def check(config_path: Path, agencies: tuple[str, ...], *, as_json: bool) -> None:
    """Compare the broker with the plan; exit with 1 on drift, 69 if it does not answer."""
    from connector.broker import topology as room

    plan = room.plan(_codes(config_path, agencies))
    findings = room.check(_management(load_config(config_path)), plan)
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        tell_findings(findings)
        talk(counted(len(findings), "difference"))
    if findings:
        raise click.exceptions.Exit(1)


@topology.command()
@config_option
@_codes_option
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def apply(config_path: Path, agencies: tuple[str, ...], *, dry_run: bool) -> None:
    """Bring the broker to the plan; run again, it only sets the users' passwords again.

    Prints one line for each change. Users get the passwords that the configuration names; a
    user without one there keeps what it has, and cannot log in if it is new.
    """
    from connector.broker import topology as room
    from connector.config.secrets import resolve

    config = load_config(config_path)
    plan = room.plan(_codes(config_path, agencies))
    management = _management(config)
    if dry_run:
        tell_findings(room.check(management, plan))
        return
    passwords = {
        agency.code: resolve(agency.broker_password)
        for agency in config.agencies
        if agency.broker_password is not None
    }
    for change in room.apply(management, plan, passwords):
        click.echo(change)


def _codes(config_path: Path, agencies: tuple[str, ...]) -> list[str]:
    return list(agencies) or [agency.code for agency in load_config(config_path).agencies]


def _vhost(config_path: Path) -> str:
    from urllib.parse import unquote, urlsplit

    if not config_path.is_file():
        return "/"
    return unquote(urlsplit(load_config(config_path).broker.url).path[1:]) or "/"


def _names(queues: object) -> list[str]:
    if not isinstance(queues, list):
        return []
    return [str(queue["name"] if isinstance(queue, dict) else queue) for queue in queues]


def _management(config: NodeConfig) -> Management:
    from connector.flow.links import broker_management

    return broker_management(config.broker)
