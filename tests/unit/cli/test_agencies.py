from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal

HEADER = "code,name,code102,valid_from,valid_to,successors,verified,source\n"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A small catalogue with a closed agency and its successor."""
    path = tmp_path / "agencies.csv"
    rows = (
        "G90,Bộ Mẫu,000.00.00.G90,2000-01-01,,,false,sample\n"
        "G91,Bộ Mẫu Cũ,000.00.00.G91,2000-01-01,2024-12-31,G90,false,sample\n"
    )
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def test_list(terminal: Terminal, catalogue: Path) -> None:
    """Open agencies are listed, closed ones with --all."""
    rows = terminal.run("agencies", "list", "--json", "--catalogue", catalogue).data
    assert [row["code"] for row in rows] == ["G90"]
    every = terminal.run("agencies", "list", "--all", "--json", "--catalogue", catalogue).data
    assert [row["code"] for row in every] == ["G90", "G91"]
    text = terminal.run("agencies", "list", "--catalogue", catalogue)
    assert (text.status, "Bộ Mẫu" in text.out) == (0, True)


def test_find(terminal: Terminal) -> None:
    """Names are found without diacritics, best first; nothing found is 1."""
    said = terminal.run("agencies", "find", "--json", "nghe an")
    assert (said.status, said.data[0]["code"]) == (0, "H41")
    assert "H41" in terminal.run("agencies", "find", "nghe an").out
    assert terminal.run("agencies", "find", "zzzzzz").status == 1


def test_resolve(terminal: Terminal, catalogue: Path) -> None:
    """Either spelling resolves to the canonical code; a closed or malformed one is 1."""
    said = terminal.run("agencies", "resolve", "--json", "000.00.00.G22")
    assert (said.status, said.data["code"]) == (0, "G22")
    closed = terminal.run("agencies", "resolve", "--json", "--catalogue", catalogue, "G91")
    assert closed.status == 1
    assert [row["code"] for row in closed.data["successors"]] == ["G90"]
    args = ("--catalogue", catalogue, "--on", "2020-01-01", "G91")
    assert terminal.run("agencies", "resolve", *args).status == 0
    malformed = terminal.run("agencies", "resolve", "x y")
    assert (malformed.status, "EDX-8505" in malformed.err) == (1, True)


def test_explain(terminal: Terminal) -> None:
    """Where a document would go is said in both languages, with what is connected."""
    text = terminal.run("agencies", "explain", "H41", "--connected", "H41").out
    assert "H41" in text
    data = terminal.run("agencies", "explain", "H41", "--connected", "H41", "--json").data
    assert (data["resolution"]["code"], data["destination"]) == ("H41", "H41")
    assert all(step["vi"] in text and step["en"] in text for step in data["steps"])


def test_explain_of_what_gets_nothing(terminal: Terminal, catalogue: Path) -> None:
    """A code that is unknown, closed or no code ends with 1, as it does for `resolve`."""
    unknown = terminal.run("agencies", "explain", "QQQ")
    assert (unknown.status, "no document is sent" in unknown.out) == (1, True)
    assert terminal.run("agencies", "explain", "H99", "--json").status == 1
    assert terminal.run("agencies", "explain", "--catalogue", catalogue, "G91").status == 1
    assert terminal.run("agencies", "explain", "--catalogue", catalogue, "G90").status == 0


def test_import(terminal: Terminal, catalogue: Path, tmp_path: Path) -> None:
    """A list is merged into the catalogue; a wrong row keeps everything from being written."""
    out = tmp_path / "new.csv"
    said = terminal.run("agencies", "import", catalogue, "--out", out)
    assert said.status == 0
    assert terminal.run("agencies", "resolve", "--catalogue", out, "G90").status == 0
    assert terminal.run("agencies", "resolve", "--catalogue", out, "G22").status == 0
    alone = tmp_path / "alone.csv"
    assert terminal.run("agencies", "import", catalogue, "--replace", "--out", alone).status == 0
    assert terminal.run("agencies", "resolve", "--catalogue", alone, "G22").status == 1


def test_import_of_something_wrong(terminal: Terminal, catalogue: Path, tmp_path: Path) -> None:
    """Nothing is written for a wrong row unless it may be skipped, nor with --dry-run."""
    out = tmp_path / "new.csv"
    dry = terminal.run("agencies", "import", catalogue, "--dry-run", "--out", out)
    assert (dry.status, out.exists()) == (0, False)
    with catalogue.open("a", encoding="utf-8") as stream:
        stream.write("??,Sai,,,,,false,sample\n")
    said = terminal.run("agencies", "import", catalogue, "--out", out)
    assert (said.status, out.exists()) == (1, False)
    assert f"{catalogue}:4" in said.err
    skipped = terminal.run("agencies", "import", catalogue, "--skip-bad-rows", "--out", out)
    assert (skipped.status, out.exists()) == (1, True)
    assert terminal.run("agencies", "import", tmp_path / "none", "--out", out).status == 66
