"""What is wrong with a command line, in both languages; it ends with 2."""

from __future__ import annotations

import click

from connector.cli import usage_codes as codes
from connector.cli.output import talk, tell_findings
from connector.errors import Finding, Text

__all__ = ["WrongUsage", "tell_usage"]


class WrongUsage(click.UsageError):
    """A command line that means nothing, or too much; said by one of our own texts."""

    def __init__(self, text: Text, /, **facts: object) -> None:
        self.finding = text.at("", **facts)
        super().__init__(self.finding.en)


def tell_usage(error: click.ClickException) -> None:
    """Print how the verb is used and what is wrong."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        talk(context.get_usage())
        talk(f"→ {context.command_path} --help")
    tell_findings([_finding(error)])


def _finding(error: click.ClickException) -> Finding:
    if isinstance(error, WrongUsage):
        return error.finding
    if isinstance(error, click.NoSuchOption):
        return codes.NO_SUCH_OPTION.at(option=error.option_name)
    if isinstance(error, click.MissingParameter):
        return codes.MISSING.at(name=_name(error))
    if isinstance(error, click.BadParameter):
        return codes.BAD_VALUE.at(name=_name(error), reason=error.message)
    return codes.WRONG.at(reason=error.format_message())


def _name(error: click.BadParameter) -> str:
    """Return the parameter as it is written in the help."""
    if error.param_hint is not None:
        hint = error.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    if error.param is not None and error.ctx is not None:
        return error.param.get_error_hint(error.ctx).replace("'", "")
    return "?"
