"""lint, test, preview and schema as the integrator's tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from connector import resources
from tests.unit.cli.conftest import Terminal

ROOT = Path(__file__).resolve().parents[3]


def change(adapter: Path, *pairs: tuple[str, str]) -> Path:
    """Replace texts of an adapter's adapter.yaml."""
    path = adapter / "adapter.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_warning_is_told_but_fails_only_if_strict(terminal: Terminal, adapter: Path) -> None:
    """An unused table is a warning at its line, in every format; --strict makes it an error."""
    path = change(adapter, ("tables:\n", "tables:\n  thua: {A: B}\n"))
    said = terminal.run("lint", adapter)
    assert said.status == 0
    assert said.out.startswith(f"{path}:19:3 EDX-1229 warning ")
    assert "1 finding\n" in said.err
    assert terminal.run("lint", "--strict", adapter).status == 1
    annotated = terminal.run("lint", "--format", "github", adapter).out
    assert annotated.startswith(f"::warning file={path},line=19,col=3,title=EDX-1229::")
    (fact,) = terminal.run("lint", "--format", "json", adapter).data
    assert (fact["severity"], fact["place"]) == ("warning", f"{path}:19:3")


def test_own_code_is_a_warning_with_its_digest(terminal: Terminal, adapter: Path) -> None:
    """Lint tells that the adapter runs code; a failing function refuses records with a place."""
    (adapter / "rules.py").write_text("def tidy(value):\n    return value.strip()\n", "utf-8")
    change(
        adapter,
        ("[collapse_spaces]", "[collapse_spaces, {python: tidy}]"),
        ("route:", "python: {file: rules.py, enabled: true}\nroute:"),
    )
    said = terminal.run("lint", adapter)
    assert (said.status, "EDX-1231 warning" in said.out) == (0, True)
    assert "sha256" in said.out
    (adapter / "rules.py").write_text("def tidy(value):\n    raise ValueError('hỏng')\n", "utf-8")
    said = terminal.run("preview", adapter, "--limit", 1, "--json")
    (finding,) = said.data[0]["findings"]
    assert finding["code"] == "EDX-1272"
    assert finding["place"] == "export/van-ban-di-1.csv:2 [TrichYeu]"


def test_receivers_that_nobody_knows_are_found_before_the_first_run(
    terminal: Terminal, adapter: Path
) -> None:
    """Names of the export that are no agencies are told at the line that reads them."""
    path = change(adapter, ('[{split: ";"}, trim, {table: noi_nhan}]', "[receiver_list]"))
    export = next(iter((adapter / "export").iterdir()))
    export.write_bytes(export.read_bytes().replace("Bộ Nội vụ".encode("tcvn3"), b"Bo Noi vu"))
    said = terminal.run("lint", adapter)
    assert said.status == 1
    (finding,) = [line for line in said.out.splitlines() if "EDX-1266" in line]
    assert "'Bo Noi vu'" in finding
    assert "G09 Bộ Nội vụ" in finding
    line = int(finding.removeprefix(f"{path}:").split(":")[0])
    assert "receiver_list" in path.read_text(encoding="utf-8").splitlines()[line - 1]


def test_settings_of_the_source_are_checked_without_the_export(
    terminal: Terminal, adapter: Path
) -> None:
    """--no-export finds misspelled settings and a password in plain text."""
    change(adapter, ('delimiter: ";"', 'delimeter: ";"'))
    said = terminal.run("lint", "--no-export", adapter)
    assert said.status == 1
    assert "delimiter" in said.out
    path = change(adapter, ("type: csv", "type: cvs"))
    said = terminal.run("lint", "--no-export", adapter)
    assert f"{path}:9:9 " in said.out
    assert "'csv'" in said.out
    text = path.read_text(encoding="utf-8")
    head, _, tail = text.partition("source:\n")
    _, _, tail = tail.partition("\n\n")
    source = '  type: sql\n  url: "postgresql://vb:bimat@db/vb"\n  query: SELECT 1\n\n'
    path.write_text(f"{head}source:\n{source}{tail}", encoding="utf-8")
    said = terminal.run("lint", "--no-export", adapter)
    assert "EDX-40" in said.out
    assert f"{path}:10:8 " in said.out
    assert "bimat" not in said.out


def test_a_difference_names_the_elements(terminal: Terminal, adapter: Path) -> None:
    """What changed is told by path, old and new value; attachments by digest."""
    terminal.run("test", "--update", adapter)
    change(adapter, ("{value: Hà Nội}", "{value: Huế}"), ("  signer.position:", "  content:"))
    said = terminal.run("test", adapter)
    assert said.status == 1
    assert "Envelope/" in said.out or "edXMLHeader/" in said.out
    assert "PromulgationInfo/Place:\n    - 'Hà Nội'\n    + 'Huế'" in said.out
    assert "- " in said.out
    assert "SignerInfo/Position" in said.out
    assert "MessageHeader/Content" in said.out


def test_a_test_without_its_golden_packet_says_how_to_make_it(
    terminal: Terminal, adapter: Path
) -> None:
    """Nothing to compare with is a failure that names the way on."""
    for golden in (adapter / "expected").iterdir():
        golden.unlink()
    said = terminal.run("test", adapter)
    assert said.status == 1
    assert "--update" in said.out


def test_the_explanation_names_file_row_column_and_every_step(
    terminal: Terminal, adapter: Path
) -> None:
    """Each field has its place and raw value, each transform its value before and after."""
    said = terminal.run("preview", adapter, "--limit", 2, "--explain", "--out", adapter / "out")
    assert "promulgation.place ← adapter.yaml: 'Hà Nội'" in said.out
    assert "receivers ← export/van-ban-di-1.csv:3 [NoiNhan]: " in said.out
    assert "      split: " in said.out
    assert "2 packets in " in said.err
    assert "0 records refused" in said.err
    said = terminal.run("preview", adapter, "--limit", 1, "--out", adapter / "out2")
    assert "1 packet in " in said.err


@pytest.mark.parametrize(
    ("what", "pattern"), [("adapter", "*/adapter.yaml"), ("tests", "*/tests.yaml")]
)
def test_the_published_schemas_hold_for_the_examples(
    terminal: Terminal, what: str, pattern: str
) -> None:
    """An editor that uses schemas/ finds nothing wrong with any example, but finds mistakes."""
    published = json.loads((ROOT / "schemas" / f"{what}.schema.json").read_text("utf-8"))
    assert terminal.run("schema", what).data == published
    jsonschema.Draft7Validator.check_schema(published)
    validator = jsonschema.Draft7Validator(published)
    files = sorted(resources.examples_dir().glob(pattern))
    assert files
    for path in files:
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [error.message for error in validator.iter_errors(value)] == [], path
        assert not validator.is_valid({**value, "unknown": 1})


def test_the_schema_knows_conditions_code_and_transforms(terminal: Terminal) -> None:
    """What the language can say is valid, what it cannot is not."""
    path = resources.examples_dir() / "g22-csv-tcvn3" / "adapter.yaml"
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(terminal.run("schema", "adapter").data)
    field = {"column": "A", "when": {"column": "B", "is": ["x"]}}
    chain = ["receiver_list", {"table": {"table": "noi_nhan", "unknown": "keep"}}, {"python": "f"}]
    value["fields"]["content"] = {**field, "transforms": chain}
    value["python"] = {"file": "rules.py", "enabled": True}
    assert [error.message for error in validator.iter_errors(value)] == []
    value["fields"]["content"] = {**field, "transforms": ["no_such_transform"]}
    assert not validator.is_valid(value)


def test_transforms_are_listed_as_people_write(terminal: Terminal) -> None:
    """The list shows values, not what the program calls them."""
    said = terminal.run("list", "transforms")
    assert 'number "7816", notation "VPCP-TTĐT"' in said.out
    assert "DocumentCode(" not in said.out
    assert "datetime." not in said.out
