from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector import resources
from connector.clock import SystemClock
from connector.trust.pki import new_dev_pki
from tests.unit.cli.conftest import Terminal

LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+) (?P<code>EDX-\d{4}) error (.+)$")


def test_the_examples_are_clean(terminal: Terminal) -> None:
    """Everything that is shipped as an example passes."""
    said = terminal.run("lint", resources.examples_dir())
    assert (said.status, said.out) == (0, "")
    assert "0 findings" in said.err


MISTAKES = [
    ("secrecy: {", "secresy: {", "EDX-1010", "secresy"),
    ("column: TrichYeu", "column: TrichYou", "EDX-1224", "TrichYou"),
    ("collapse_spaces", "colapse_spaces", "EDX-1213", "colapse_spaces"),
    ("{table: noi_nhan}", "{table: noi_nhau}", None, "noi_nhau"),
    ("charset: tcvn3", "charset: tcvn5", "EDX-4004", "tcvn5"),
    ("charset: tcvn3", "charset: utf-8", "EDX-4005", "utf-8"),
    ("path: export/*.csv", 'path: "${NO_SUCH_VARIABLE}/*.csv"', "EDX-1007", '"${NO_SUCH'),
    ("  subject:", "  subjekt:", None, "subjekt"),
    ("file: tables/noi_nhan.csv", "file: tables/none.csv", "EDX-1220", "tables/none.csv"),
    ("key: [SoKyHieu", "key: [SoKyHiu", "EDX-1224", "SoKyHiu"),
    ("order: qcvn", "order: qcvm", None, "qcvm"),
]


@pytest.mark.parametrize(("right", "wrong", "code", "at"), MISTAKES)
def test_a_mistake_is_found_where_it_is(
    terminal: Terminal, adapter: Path, *, right: str, wrong: str, code: str | None, at: str
) -> None:
    """Each mistake gives a finding with file, line and column of the wrong word."""
    path = adapter / "adapter.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    text = text.replace(right, wrong, 1)
    path.write_text(text, encoding="utf-8")
    before = text[: text.index(at, text.index(wrong))]
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    said = terminal.run("lint", adapter)
    assert said.status == 1
    found = [LINE.match(each) for each in said.out.splitlines()]
    assert all(found), said.out
    places = [(m["file"], int(m["line"]), int(m["column"])) for m in found if m]
    assert (str(path), line, column) in places, said.out
    if code is not None:
        assert code in {m["code"] for m in found if m}


def test_a_value_that_a_table_lacks(terminal: Terminal, adapter: Path) -> None:
    """A receiver of the export that the code table does not know is found before the first run."""
    path = adapter / "tables" / "noi_nhan.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "Bộ Nội vụ" not in line), encoding="utf-8")
    said = terminal.run("lint", adapter)
    assert said.status == 1
    text = (adapter / "adapter.yaml").read_text(encoding="utf-8").splitlines()
    (finding,) = said.out.splitlines()
    match = LINE.match(finding)
    assert match is not None
    assert (match["code"], "Bộ Nội vụ" in finding) == ("EDX-1247", True)
    place = text[int(match["line"]) - 1][int(match["column"]) - 1 :]
    assert place.startswith("{table: noi_nhan}")


def test_the_export_is_not_looked_at_if_not_wanted(terminal: Terminal, adapter: Path) -> None:
    """With --no-export only the files of the adapter count, as before a daemon's start."""
    for export in (adapter / "export").iterdir():
        export.unlink()
    (adapter / "export").rmdir()
    said = terminal.run("lint", adapter)
    assert said.status == 1
    assert LINE.match(said.out.splitlines()[0])
    assert terminal.run("lint", "--no-export", adapter).status == 0


def test_json(terminal: Terminal, adapter: Path) -> None:
    """--format json gives every finding with its code, place, both languages and hints."""
    path = adapter / "adapter.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("secrecy:", "secresy:"), "utf-8")
    said = terminal.run("lint", "--format", "json", adapter)
    assert said.status == 1
    assert {entry["code"] for entry in said.data} == {"EDX-1010", "EDX-1011"}
    keys = {"code", "severity", "place", "en", "vi", "hint_en", "hint_vi"}
    assert all(set(entry) == keys for entry in said.data)
    assert all(entry["en"] and entry["vi"] for entry in said.data)


def test_github(terminal: Terminal, adapter: Path) -> None:
    """--format github gives one annotation a finding."""
    path = adapter / "adapter.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("TrichYeu", "TrichYou"), "utf-8")
    (line,) = terminal.run("lint", "--format", "github", adapter).out.splitlines()
    assert line.startswith(f"::error file={path},line=32,col=21,title=EDX-1224::")


def test_nothing_there(terminal: Terminal, tmp_path: Path) -> None:
    """A path without any adapter is no clean adapter."""
    said = terminal.run("lint", tmp_path / "none")
    assert said.status == 66
    assert "EDX-9010" in said.err


def test_a_node_and_its_adapters(terminal: Terminal, adapter: Path) -> None:
    """A connector.yaml is checked with its keys, its trust and the adapters that it names."""
    node = adapter.parent / "connector.yaml"
    config = {
        "config_version": "1",
        "environment": "test",
        "state_dir": "state",
        "agencies": [{"code": "G22", "name": "Văn phòng Chính phủ"}],
        "trust": {"anchors_dir": "anchors"},
        "broker": {"url": "amqp://localhost"},
        "adapters": [adapter.name, "missing"],
        "sinks": [{"type": "folder", "direktory": "in"}],
    }
    node.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    by_option = terminal.run("lint", "--node", node)
    assert by_option.status == 1
    assert "anchors" in by_option.out
    assert "direktory" in by_option.out
    assert "missing" in by_option.out
    assert terminal.run("lint", node).out == by_option.out


def test_a_node_whose_adapter_is_another_agencys(terminal: Terminal, adapter: Path) -> None:
    """What `run` refuses is found by lint, each finding once, and nothing is made on the disk."""
    directory = adapter.parent
    pki = new_dev_pki(directory / "pki", [("H41", "Nghệ An")], clock=SystemClock())
    config = {
        "config_version": "1",
        "environment": "test",
        "state_dir": "state",
        "agencies": [
            {
                "code": "H41",
                "name": "UBND tỉnh Nghệ An",
                "key": {
                    "type": "pem",
                    "key_file": str(pki.key_file("H41")),
                    "certificate_file": str(pki.certificate_file("H41")),
                },
            }
        ],
        "trust": {"anchors_dir": str(pki.anchors_dir), "registry_file": str(pki.registry_file)},
        "broker": {"url": "amqp://localhost:65536"},
        "adapters": [adapter.name],
        "sinks": [{"type": "folder", "directory": "in"}],
    }
    node = directory / "connector.yaml"
    node.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    said = terminal.run("lint", "--node", node, "--format", "json")
    assert (said.status, [each["code"] for each in said.data]) == (1, ["EDX-1108", "EDX-4105"])
    assert not (directory / "state").exists()
    assert not (directory / "in").exists()
    assert terminal.run("run", "--once", "--config", node).status == 78
