"""Microsoft Access through mdb-export, for which a stand-in answers: only Access writes files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.sources import access, codes, file_codes
from tests.unit.sources.conftest import Desk

ACCESS = "type: access, path: vb.mdb, table: Văn bản"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a directory for the stand-in before all others on the PATH."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory / "mdb-export"


def stand_in(program: Path, body: str) -> None:
    """Write the program that answers instead of mdb-export."""
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{body}\n", encoding="utf-8")
    program.chmod(0o755)


def test_the_output_is_read_as_csv(desk: Desk, program: Path) -> None:
    """Quotes and line breaks in cells are those of CSV; places name the table."""
    desk.file("vb.mdb", "x")
    stand_in(program, r"""print('So,TrichYeu\n15,"a ""b""\nc"')""")

    records, refusals = desk.results(ACCESS)

    assert not refusals
    assert dict(records[0].values) == {"So": "15", "TrichYeu": 'a "b"\nc'}
    assert records[0].place == "vb.mdb!Văn bản:2"
    assert desk.open(ACCESS).columns() == ("So", "TrichYeu")


def test_names_are_arguments_and_never_options(desk: Desk, program: Path) -> None:
    """A table may be called like an option, a file like a command."""
    desk.file("-x; ls.mdb", "x")
    stand_in(program, "print('A'); print(sys.argv[-3] + '|' + sys.argv[-2] + '|' + sys.argv[-1])")

    records, _ = desk.results("type: access, path: '-x; ls.mdb', table: '--help'")

    assert records[0].values["A"] == f"--|{desk.directory}/-x; ls.mdb|--help"


def test_old_charsets_are_repaired(desk: Desk, program: Path) -> None:
    """Cells typed with .VnTime come as look-alikes in Unicode; what is none refuses its row."""
    desk.file("vb.mdb", "x")
    stand_in(program, r"sys.stdout.buffer.write('A\nC\xabng v\xa8n\nSố\n'.encode())")

    records, refusals = desk.results(f"{ACCESS}, charset: tcvn3")

    assert [record.values["A"] for record in records] == ["Công văn"]
    assert refusals[0].findings[0].code == codes.CELL_UNREPAIRABLE.code


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit('Error: Table does not exist in this database.')",
        "print('A\\n1'); sys.stdout.flush(); import os; os.kill(os.getpid(), 11)",
    ],
)
def test_a_program_that_fails_refuses_the_table(desk: Desk, program: Path, body: str) -> None:
    """Nothing of a half output is taken; its complaint is the reason."""
    desk.file("vb.mdb", "x")
    stand_in(program, body)

    records, refusals = desk.results(ACCESS)

    assert not records
    assert [refused.findings[0].code for refused in refusals] == [file_codes.TOOL_FAILED.code]
    with pytest.raises(ConfigError) as caught:
        desk.open(ACCESS).columns()
    assert caught.value.findings[0].place.startswith(f"{desk.directory}/adapter.yaml:2")


def test_output_and_time_are_limited(
    desk: Desk, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file can make the program write, or think, without end."""
    desk.file("vb.mdb", "x")
    monkeypatch.setattr(access, "_MAX_BYTES", 1 << 20)
    stand_in(program, "while True: sys.stdout.write('x' * 10000)")
    assert "> 1048576 B" in desk.results(ACCESS)[1][0].findings[0].en

    monkeypatch.setattr(access, "_SECONDS", 0.2)
    stand_in(program, "time.sleep(60)")
    assert "> 0 s" in desk.results(ACCESS)[1][0].findings[0].en


def test_without_the_program_the_remedy_is_named(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a package of the system, not of Python."""
    desk.file("vb.mdb", "x")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    with pytest.raises(ConfigError) as caught:
        desk.open(ACCESS).columns()

    assert caught.value.code == file_codes.TOOL_MISSING.code
    assert "apt-get install mdbtools" in caught.value.findings[0].hint_en
    with pytest.raises(ConfigError):
        desk.read(ACCESS)
