"""`connector pause`, `resume`, `run --once --yes`: who may collect, said from a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.flow.adapters.codes import FIRST_COLLECT_WAITS, UNKNOWN_ADAPTER
from connector.trust.pki import new_dev_pki
from tests.unit.cli.conftest import Terminal


@pytest.fixture
def config(tmp_path: Path, adapter: Path) -> Path:
    """A node with the CSV example, which may take one record without being asked."""
    pki = new_dev_pki(
        tmp_path / "pki", [("G22", "Văn phòng Chính phủ")], clock=SystemClock(), key_type="p256"
    )
    file = adapter / "adapter.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "first_collect_limit: 1\n")
    shutil.copytree(adapter, tmp_path / "second")
    path = tmp_path / "connector.yaml"
    path.write_text(
        f"""config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key:
      type: pem
      key_file: {pki.key_file("G22")}
      certificate_file: {pki.certificate_file("G22")}
trust: {{anchors_dir: {pki.anchors_dir}, registry_file: {pki.registry_file}}}
broker: {{url: 'amqp://g22@127.0.0.1:1'}}
adapters: [{adapter.name}]
"""
    )
    return path


def test_the_first_collect_waits_until_it_is_confirmed(terminal: Terminal, config: Path) -> None:
    """`run --once` ends with 78 and says what to do; `status --check` counts it; --yes goes on."""
    once = ("run", "--once", "--only", "collect", "--config", config)
    for _ in range(2):
        said = terminal.run(*once)
        assert (said.status, FIRST_COLLECT_WAITS.code in said.err) == (78, True)
    status = terminal.run("status", "--check", "--json", "--config", config)
    assert status.status == 1
    assert status.data["adapters"] == {"g22-van-ban-di": "waiting"}
    assert status.data["outbox_documents"] == {}
    assert terminal.run(*once, "--yes").status == 0
    assert terminal.run("status", "--json", "--config", config).data["adapters"] == {}
    assert sum(
        terminal.run("status", "--json", "--config", config).data["outbox_documents"].values()
    )


def test_resume_says_yes_to_the_first_collect(terminal: Terminal, config: Path) -> None:
    """A script needs --yes; --dry-run only says what it would be."""
    once = ("run", "--once", "--only", "collect", "--config", config)
    terminal.run(*once)
    resume = ("resume", "g22-van-ban-di", "--config", config)
    assert "send all records" in terminal.run(*resume, "--dry-run").out
    assert terminal.run(*resume).status == 2
    assert terminal.run(*once).status == 78
    assert "may take everything" in terminal.run(*resume, "--yes").out
    assert terminal.run(*once).status == 0


def test_a_pause_is_seen_and_ends(terminal: Terminal, config: Path) -> None:
    """The reason stands in `status`; what was not paused is not resumed."""
    name = ("g22-van-ban-di", "--config", config, "--yes")
    assert terminal.run("pause", *name, "--reason", "đổi máy chủ").status == 0
    assert "already" in terminal.run("pause", *name, "--reason", "đổi máy chủ").out
    assert "đổi máy chủ" in terminal.run("status", "--config", config).out
    once = terminal.run("run", "--once", "--only", "collect", "--config", config)
    assert once.status == 0
    assert terminal.run("status", "--json", "--config", config).data["outbox_documents"] == {}
    assert "resumed" in terminal.run("resume", *name).out
    assert "was not paused" in terminal.run("resume", *name).out


def test_an_unknown_adapter_is_refused(terminal: Terminal, config: Path) -> None:
    """The known names are said."""
    for verb in ("pause", "resume"):
        said = terminal.run(verb, "khac", "--config", config, "--yes")
        assert said.status == 65
        assert UNKNOWN_ADAPTER.code in said.err
        assert "g22-van-ban-di" in said.err


def test_yes_belongs_to_once(terminal: Terminal, config: Path) -> None:
    """The daemon is told by `resume`."""
    assert terminal.run("run", "--yes", "--config", config).status == 2


def test_replay_makes_sent_packets_again(terminal: Terminal, config: Path) -> None:
    """Equal ends with 0, a changed export with 1, a cleaned one with 66."""
    terminal.run("run", "--once", "--yes", "--only", "collect", "--config", config)
    packets = terminal.run("outbox", "list", "--json", "--config", config).data
    one = packets[0]["packet_id"]
    said = terminal.run("replay", one, "--config", config)
    assert (said.status, said.out.startswith(f"equal: {one}")) == (0, True)
    said = terminal.run("replay", one, "--json", "--config", config)
    assert (said.status, said.data["equal"]) == (0, True)
    (export,) = (config.parent / "g22-csv-tcvn3" / "export").glob("*.csv")
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(lines[0])
    assert terminal.run("replay", one, "--config", config).status == 66
