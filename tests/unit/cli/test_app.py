from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from connector.cli import output
from connector.cli.app import VERBS, app
from connector.errors import (
    Bug,
    ConfigError,
    ConnectorError,
    Finding,
    NoInputError,
    PermanentError,
    RecordError,
    Severity,
    StorageError,
    TransientError,
    TrustError,
    UnavailableError,
)
from tests.unit.cli.conftest import Terminal

HEAVY = ("lxml", "sqlalchemy", "pika", "cryptography", "pydantic", "signxml", "structlog", "yaml")
LOADED = (
    "import sys\n"
    "from connector.cli.app import run_program\n"
    "try:\n    run_program(sys.argv[2:])\n"
    "except SystemExit as end:\n    assert not end.code, end.code\n"
    "found = [name for name in sys.argv[1].split(',') if name in sys.modules]\n"
    "print('loaded:', ','.join(found), file=sys.stderr)\n"
)


def loaded(*arguments: object) -> list[str]:
    """Return which heavy libraries a command line loads, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED, ",".join(HEAVY), *(str(a) for a in arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in run.stderr.rpartition("loaded: ")[2].strip().split(",") if name]


def test_help_loads_nothing_heavy() -> None:
    """The list of verbs comes without any library but click."""
    assert loaded("--help") == []


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_of_a_verb_loads_nothing_heavy(verb: str) -> None:
    """Neither does the help of a verb, so that asking is always quick."""
    assert loaded(verb, "--help") == []


def test_lint_loads_no_xml_broker_or_crypto(adapter: Path) -> None:
    """What runs in editors and hooks starts without XML, database, broker and cryptography."""
    assert set(loaded("lint", adapter)) <= {"pydantic", "yaml"}


def test_help_names_every_verb_and_exit_code(terminal: Terminal) -> None:
    """What a script must know stands in the first help."""
    said = terminal.run("--help")
    assert said.status == 0
    assert all(f"  {verb} " in said.out for verb in VERBS)
    flat = " ".join(said.out.split())
    for code in ("0 fine", "1 findings", "2 usage", "65", "66", "69", "70", "73/74", "75", "77"):
        assert code in flat


def commands() -> list[tuple[str, click.Command]]:
    """Return every verb and sub-verb with its full name."""
    context = click.Context(app)
    found: list[tuple[str, click.Command]] = []
    for name in VERBS:
        command = app.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", one) for sub, one in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=str)
def test_every_verb_and_option_is_described(name: str, command: click.Command) -> None:
    """Each verb says what it does and each option what it means, in whole sentences."""
    assert command.help, name
    assert command.help.partition("\n\n")[0].rstrip().endswith("."), name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["lint"],
        ["validate"],
        ["outbox", "nonsense"],
        ["list", "nonsense"],
        ["preview", "x", "--limit", "0"],
        ["run", "--only", "nonsense"],
        ["verify", "x", "--at", "yesterday"],
        ["sign", "x", "--key", "y"],
        ["reply", "x", "16"],
        ["reply", "x", "99", "--reason", "y"],
        ["keys", "new-dev", "x", "G22/.."],
    ],
)
def test_wrong_usage(terminal: Terminal, arguments: list[str]) -> None:
    """A command line that makes no sense ends with 2, says why in both languages, and no data."""
    said = terminal.run(*arguments)
    assert said.status == 2
    (line,) = [row for row, text in enumerate(said.err.splitlines()) if text.startswith("error ")]
    code, vietnamese, english, remedy = said.err.splitlines()[line : line + 4]
    assert code.startswith("error EDX-90")
    assert vietnamese.strip() != english.strip()
    assert not vietnamese.isascii()
    assert remedy.startswith("  → ")
    assert said.out == ""


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (ConfigError, 78),
        (RecordError, 65),
        (TransientError, 75),
        (UnavailableError, 69),
        (StorageError, 74),
        (PermanentError, 65),
        (NoInputError, 66),
        (TrustError, 77),
        (Bug, 70),
    ],
)
def test_exit_status_of_errors(
    kind: type[ConnectorError], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind of error has its exit status and is told in both languages."""
    finding = Finding("EDX-1", Severity.ERROR, "a:1:2", "broken", "hỏng", "mend it", "sửa lại")
    assert output.tell_error(kind(finding)) == status
    said = capsys.readouterr()
    assert said.out == ""
    for text in ("error EDX-1 a:1:2", "broken", "hỏng", "mend it", "sửa lại"):
        assert text in said.err


def test_foreign_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """What the operating system refuses is 74, anything unforeseen is a bug: 70."""
    assert output.tell_error(OSError(28, "No space left on device", "/x")) == 74
    assert output.tell_error(KeyError("x")) == 70
    said = capsys.readouterr().err
    assert "EDX-9012 /x" in said
    assert "EDX-9999" in said


def test_no_traceback_unless_asked(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bug is one finding; with -v its traceback goes before, and the status stays 70."""

    def burst(_path: Path) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("connector.cli.files.read_file", burst)
    quiet = terminal.run("validate", tmp_path)
    assert (quiet.status, "Traceback" in quiet.err) == (70, False)
    loud = terminal.run("-v", "validate", tmp_path)
    assert (loud.status, "Traceback" in loud.err) == (70, True)
    assert "EDX-9999" in loud.err


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`connector list errors | head -1` ends well and without complaint."""
    script = f"set -o pipefail; {sys.executable} -m connector list errors | head -1"
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("EDX-")


def test_output_is_utf8_in_any_locale() -> None:
    """Vietnamese comes out whole although the environment says ASCII."""
    run = subprocess.run(
        [sys.executable, "-m", "connector", "agencies", "resolve", "G22"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PATH": ""},
        check=False,
    )
    assert run.returncode == 0
    assert "Văn phòng Chính phủ" in run.stdout.decode("utf-8")
