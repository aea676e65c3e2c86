from __future__ import annotations

from pathlib import Path

from connector import resources
from tests.unit.cli.conftest import Terminal


def test_the_examples_pass(terminal: Terminal) -> None:
    """All tests of the example adapters pass, none is left out."""
    said = terminal.run("test", resources.examples_dir())
    assert said.status == 0
    adapters = resources.examples_dir().glob("*/adapter.yaml")
    suites = (path.with_name("tests.yaml") for path in adapters)
    expected = sum(suite.read_text(encoding="utf-8").count("- name:") for suite in suites)
    assert f"{expected} passed, 0 failed" in said.err
    assert said.out.count("ok ") == expected >= 13


def test_a_difference_is_shown(terminal: Terminal, adapter: Path) -> None:
    """A changed golden packet fails with a difference; --update writes it anew."""
    golden = next((adapter / "expected").iterdir())
    right = golden.read_bytes()
    golden.write_bytes(right.replace(b"edXML:Subject>", b"edXML:Subjekt>"))
    said = terminal.run("test", "--json", adapter)
    assert said.status == 1
    failed = [outcome for outcome in said.data if not outcome["passed"]]
    assert len(failed) == 1
    assert set(failed[0]) == {"adapter", "name", "passed", "difference"}
    assert "Subjekt" in failed[0]["difference"]
    assert "FAIL" in terminal.run("test", adapter).out
    assert terminal.run("test", "--update", adapter).status == 0
    assert golden.read_bytes() == right


def test_no_adapter_and_no_tests(terminal: Terminal, adapter: Path, tmp_path: Path) -> None:
    """Nothing to test is no success."""
    assert terminal.run("test", tmp_path / "none").status == 66
    (adapter / "tests.yaml").unlink()
    assert terminal.run("test", adapter).status == 66


def test_a_record_that_is_not_there(terminal: Terminal, adapter: Path) -> None:
    """A test of a record beyond the export is a mistake of tests.yaml, at its line."""
    path = adapter / "tests.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("row: 4", "row: 99"), "utf-8")
    said = terminal.run("test", adapter)
    assert said.status == 78
    assert f"{path}:12:" in said.err


def test_a_code_that_does_not_exist(terminal: Terminal, adapter: Path) -> None:
    """A code that no finding has is a mistake of tests.yaml, told with its place."""
    path = adapter / "tests.yaml"
    text = path.read_text(encoding="utf-8")
    assert "refused: [EDX-1201]" in text
    path.write_text(text.replace("[EDX-1201]", "[EDX-1201, EDX-12O2, ACME-1]"), encoding="utf-8")
    line = text[: text.index("refused: [EDX-1201]")].count("\n") + 1
    said = terminal.run("test", adapter)
    assert (said.status, "EDX-1109" in said.err) == (78, True)
    assert f"{path}:{line}:" in said.err
    assert "no finding has the code EDX-12O2\n" in said.err
    assert "ACME-1" not in said.err
    path.write_text(text.replace("[EDX-1201]", "[EDX-1201, ACME-1]"), encoding="utf-8")
    other = terminal.run("test", adapter)
    assert (other.status, "expected EDX-1201, ACME-1" in other.out) == (1, True)
