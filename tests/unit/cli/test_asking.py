from __future__ import annotations

import io
import sys

import click
import pytest

from connector.cli.asking import confirmed


class Person(io.StringIO):
    """Somebody who types one answer."""

    def isatty(self) -> bool:
        """Return that a person is there."""
        return True


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script without --yes gets a usage error that says what to add."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(click.UsageError, match="--yes") as error:
        confirmed("send x", dry_run=False, yes=False)
    assert error.value.exit_code == 2


def test_yes_and_dry_run(capsys: pytest.CaptureFixture[str]) -> None:
    """--yes does it without a question; --dry-run only says it, also with --yes."""
    assert confirmed("send x", dry_run=False, yes=True)
    assert not confirmed("send x", dry_run=True, yes=True)
    assert capsys.readouterr().out == "would send x\n"


@pytest.mark.parametrize(("answer", "done"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_decides(monkeypatch: pytest.MonkeyPatch, answer: str, *, done: bool) -> None:
    """At a terminal the answer counts, and no answer is no."""
    monkeypatch.setattr(sys, "stdin", Person(answer))
    assert confirmed("send x", dry_run=False, yes=False) is done
