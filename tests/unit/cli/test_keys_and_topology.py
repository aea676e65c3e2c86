from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal

CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {type: pem, key_file: pki/keys/g22.key, certificate_file: pki/keys/g22.crt}
trust: {anchors_dir: pki/anchors, registry_file: REGISTRY}
broker: {url: "amqp://localhost:1/axis", management_url: "http://localhost:1"}
"""


@pytest.fixture
def node(terminal: Terminal, tmp_path: Path) -> Path:
    """A node with a development PKI and no broker."""
    assert terminal.run("keys", "new-dev", tmp_path / "pki", "G22", "H41=UBND").status == 0
    path = tmp_path / "connector.yaml"
    path.write_text(CONFIG.replace("REGISTRY", "pki/registry.yaml"), encoding="utf-8")
    return path


def test_new_dev_never_overwrites(terminal: Terminal, node: Path) -> None:
    """A directory with keys in it is left as it is."""
    key = node.parent / "pki" / "keys" / "g22.key"
    before = key.read_bytes()
    assert terminal.run("keys", "new-dev", node.parent / "pki", "G22").status == 78
    assert key.read_bytes() == before
    assert key.stat().st_mode & 0o077 == 0


def test_keys_in_use(terminal: Terminal, node: Path) -> None:
    """Own certificates and anchors are listed with the days that are left; the check is clean."""
    rows = terminal.run("keys", "list", "--config", node, "--json").data
    assert [(row["role"], row["agency"]) for row in rows[:1]] == [("key", "G22")]
    assert "anchor" in {row["role"] for row in rows}
    assert all(row["days_left"] > 300 for row in rows)
    assert "G22" in terminal.run("keys", "list", "--config", node).out
    check = terminal.run("keys", "check", "--config", node, "--json")
    assert (check.status, check.data) == (0, [])


def test_a_key_that_is_not_registered(terminal: Terminal, node: Path, tmp_path: Path) -> None:
    """A key whose certificate the registry does not know is a finding: 1."""
    terminal.run("keys", "new-dev", tmp_path / "other", "G22")
    text = CONFIG.replace("REGISTRY", "other/registry.yaml")
    node.write_text(text, encoding="utf-8")
    said = terminal.run("keys", "check", "--config", node)
    assert (said.status, "EDX-3" in said.err) == (1, True)
    assert said.err.endswith("\n1 finding\n")


def test_the_plan_is_shown_without_a_broker(terminal: Terminal, node: Path) -> None:
    """Queues, parents and users of the named agencies, as table, JSON and definitions."""
    args = ("--agency", "H41", "--agency", "H41.02")
    text = terminal.run("topology", "show", *args)
    assert text.status == 0
    assert "edoc.H41.02.inbox.urgent" in text.out
    rows = terminal.run("topology", "show", *args, "--json").data
    assert [(row["agency"], row["parent"]) for row in rows] == [("H41", None), ("H41.02", "H41")]
    own = terminal.run("topology", "show", "--config", node, "--definitions").data
    assert own["vhosts"] == [{"name": "axis"}]
    assert "password" not in json.dumps(own).replace("password_hash", "")


def test_a_broker_that_does_not_answer(terminal: Terminal, node: Path) -> None:
    """Check and apply end with 69 and say so in both languages."""
    for verb in ("check", "apply"):
        said = terminal.run("topology", verb, "--config", node)
        assert said.status == 69
        assert "EDX-6" in said.err


def test_status_of_a_node_that_never_ran(terminal: Terminal, node: Path) -> None:
    """Without a store there is nothing to tell: no input."""
    for arguments in (("status",), ("outbox", "list"), ("inbox", "list"), ("journal", "verify")):
        assert terminal.run(*arguments, "--config", node).status == 66


def test_no_configuration(terminal: Terminal, tmp_path: Path) -> None:
    """A configuration that is not there is 66, one that is wrong 78 with its line."""
    path = tmp_path / "connector.yaml"
    assert terminal.run("status", "--config", path).status == 66
    path.write_text("config_version: 1\nenviron: test\n", encoding="utf-8")
    said = terminal.run("status", "--config", path)
    assert said.status == 78
    assert f"{path}:2:1" in said.err
