"""The verbs by name; a verb's module is imported only when it is used, so that help is quick."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from typing import Any, Final, NoReturn

import click

__all__ = ["VERBS", "app", "run_program"]

VERBS: Final[dict[str, tuple[str, str]]] = {
    "init": ("connector.cli.init:init", "A first adapter, from a sample export."),
    "lint": ("connector.cli.lint:lint", "Check adapters and configurations; every finding."),
    "test": ("connector.cli.test:test", "Run adapters' own tests, offline."),
    "preview": ("connector.cli.preview:preview", "Dry run: records to signed packets as files."),
    "validate": ("connector.cli.validate:validate", "Check a packet: schema and business rules."),
    "show": ("connector.cli.show:show", "Show what any packet says."),
    "sign": ("connector.cli.sign:sign", "Sign a packet by hand."),
    "verify": ("connector.cli.verify:verify", "Verify a signed packet by hand."),
    "send": ("connector.cli.send:send", "Put ready packets into the outbox."),
    "run": ("connector.cli.run:run", "The daemon; --once drains and ends."),
    "status": ("connector.cli.status:status", "Counts and ages, or a document's timeline."),
    "outbox": ("connector.cli.outbox:outbox", "Look at and act on what we send."),
    "inbox": ("connector.cli.inbox:inbox", "Look at and act on what we received."),
    "reply": ("connector.cli.reply:reply", "Send a processing status for a received document."),
    "recall": ("connector.cli.recall:recall", "Take a sent document back."),
    "replay": ("connector.cli.replay:replay", "Make a sent packet again and compare."),
    "resend": ("connector.cli.resend:resend", "Send a packet again, under the same id."),
    "pause": ("connector.cli.pause:pause", "Stop collecting from an adapter."),
    "resume": ("connector.cli.pause:resume", "Collect again; say yes to a first collect."),
    "agencies": ("connector.cli.agencies:agencies", "The catalogue of agency codes."),
    "topology": ("connector.cli.topology:topology", "Exchanges, queues, bindings, permissions."),
    "keys": ("connector.cli.keys:keys", "Certificates, requests for new ones; a development PKI."),
    "journal": ("connector.cli.journal:journal", "The hash-chained record of all events."),
    "list": (
        "connector.cli.catalogues:catalogues",
        "What there is: sources, fields, transforms, errors, …",
    ),
    "schema": ("connector.cli.schema:schema", "JSON Schemas of the configuration files."),
    "demo": ("connector.cli.demo:demo", "Three agencies exchange documents on this machine."),
    "version": ("connector.cli.version:version", "Versions of the program and its libraries."),
}

_EPILOG: Final = (
    "Exit codes: 0 fine, 1 findings or failed tests, 2 usage, 65 bad data, 66 no input, "
    "69 broker or source unavailable, 70 bug, 73/74 cannot write, 75 temporary, "
    "77 trust or permission, 78 configuration."
)


class _ReaderGone(Exception):
    """Who read standard output has had enough, as `head` does."""


class _Verbs(click.Group):
    """Knows the verbs' names and summaries without importing them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; a reader that has gone away is not click's to judge."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _ReaderGone from error
        return result

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary) for name, (_, summary) in VERBS.items()])


@click.group(cls=_Verbs, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks of errors.")
@click.version_option(package_name="connector", prog_name="connector")
@click.pass_context
def app(ctx: click.Context, *, verbose: bool) -> None:
    """Connect a legacy document system to the national document axis (edXML over RabbitMQ)."""
    ctx.ensure_object(dict)["verbose"] = verbose


def run_program(arguments: list[str] | None = None) -> None:
    """Run a command line and end the process; foreign errors become status 70 or 74."""
    _speak_utf8()
    said: dict[str, Any] = {}
    try:
        status = app.main(arguments, prog_name="connector", standalone_mode=False, obj=said)
    except click.Abort:
        _end(130)
    except click.ClickException as error:
        _tell_usage(error)
        _end(error.exit_code)
    except _ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(0)
    except Exception as error:  # noqa: BLE001 - the last resort, else there is a traceback
        if said.get("verbose"):
            traceback.print_exc()
        _end(_explain(error))
    _end(status)


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says: everything here is Vietnamese."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _tell_usage(error: click.ClickException) -> None:
    from connector.cli.usage import tell_usage

    tell_usage(error)


def _explain(error: Exception) -> int:
    from connector.cli.output import tell_error

    return tell_error(error)


def _end(status: Any) -> NoReturn:
    sys.exit(status if isinstance(status, int) else 0)
