"""What `status` counts as a concern beside documents: the disk, and what was not taken over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow import concern_codes as codes
from connector.flow.node import Node, open_node
from connector.flow.report import NodeState, node_state
from connector.store import journal
from connector.trust.pki import DevPki, new_dev_pki

CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {type: pem, key_file: g22.key, certificate_file: g22.crt}
    broker_password: {file: password}
trust: {anchors_dir: anchors, registry_file: registry.yaml}
broker: {url: "amqp://127.0.0.1:1/x"}
adapters: []
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with the configuration, key and trust data of a node."""
    organs = [("G22", "Văn phòng Chính phủ")]
    pki: DevPki = new_dev_pki(tmp_path / "pki", organs, clock=ManualClock(), key_type="p256")
    shutil.copy(pki.key_file("G22"), tmp_path / "g22.key")
    shutil.copy(pki.certificate_file("G22"), tmp_path / "g22.crt")
    shutil.copytree(pki.anchors_dir, tmp_path / "anchors")
    shutil.copy(pki.registry_file, tmp_path / "registry.yaml")
    (tmp_path / "password").touch(mode=0o600)
    (tmp_path / "password").write_text("x")
    (tmp_path / "connector.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def opened(files: Path) -> Node:
    """Open the node."""
    emitter = Emitter(CollectorRegistry())
    return open_node(load_node(files / "connector.yaml"), clock=ManualClock(), emitter=emitter)


@pytest.fixture
def node(files: Path) -> Iterator[Node]:
    """The node as a daemon has it, its upkeep under way."""
    made = opened(files)
    made.upkeep.step()
    yield made
    made.close()


def state(node: Node) -> NodeState:
    """Return what `status` says; that no daemon runs is well."""
    now = node.clock.now()
    return node_state(node.store, node.config, now=now, without_daemon=True)


def told(node: Node, code: str) -> list[str]:
    """Return the concerns that bear a code."""
    return [concern for concern in state(node).concerns if concern.startswith(code)]


def alarms(node: Node) -> int:
    """Return how many alarms there were."""
    with node.store.read() as tx:
        return sum(e.event == "alarm_raised" for e in journal.entries(tx, limit=1000))


def damage(path: Path) -> bytes:
    """Let a file hold nonsense; return what it held."""
    before = path.read_bytes()
    path.write_bytes(b"nonsense")
    return before


def test_a_disk_without_room_for_a_packet(files: Path, node: Node) -> None:
    """Less room than one packet of the largest size is a concern in both languages."""
    assert told(node, codes.DISK_FULL_SOON.code) == []
    node.close()
    text = CONFIG + f"limits: {{max_packet_bytes: {10**18}, max_attachment_bytes: 1000}}\n"
    (files / "connector.yaml").write_text(text, encoding="utf-8")
    full = opened(files)
    (concern,) = told(full, codes.DISK_FULL_SOON.code)
    assert str(files / "state") in concern
    assert "có thể ngừng tiếp nhận" in concern
    assert "receiving may stop" in concern
    full.close()


def test_a_refused_key_is_a_concern_until_it_is_mended(files: Path, node: Node) -> None:
    """The old key goes on; that the new one was refused is told, its alarm once, until it fits."""
    before = damage(files / "g22.key")
    raised = alarms(node)
    node.upkeep.reload("SIGHUP")
    for _ in range(3):
        node.upkeep.step()
    (concern,) = told(node, codes.KEYS_REFUSED.code)
    assert str(files / "g22.key") in concern
    vi, _, rest = concern.partition(" / ")
    en, _, hint = rest.partition(" → ")
    assert "khóa trước vẫn được dùng: EDX-3003 " in vi
    assert "tệp không chứa khóa bí mật" in vi
    assert "holds no private key" in en
    assert "tệp" not in en
    assert "holds" not in vi
    assert "sau đó gửi SIGHUP / correct it" in hint
    assert "cryptography" not in concern
    assert state(node).adapters == {}
    assert alarms(node) == raised + 1
    (files / "g22.key").write_bytes(before)
    node.upkeep.step()
    assert told(node, codes.KEYS_REFUSED.code) == []


def test_a_key_open_to_all_is_a_concern_until_the_next_reload(files: Path, node: Node) -> None:
    """What only a reload can see stays a concern until a reload finds it mended."""
    (files / "g22.key").chmod(0o644)
    node.upkeep.reload("SIGHUP")
    node.upkeep.step()
    assert len(told(node, codes.KEYS_REFUSED.code)) == 1
    (files / "g22.key").chmod(0o600)
    node.upkeep.reload("SIGHUP")
    assert told(node, codes.KEYS_REFUSED.code) == []


def test_refused_trust_data_is_a_concern_until_it_is_mended(files: Path, node: Node) -> None:
    """A registry that cannot be read leaves the old one in force; putting it back ends it."""
    before = damage(files / "registry.yaml")
    node.upkeep.reload("SIGHUP")
    node.upkeep.step()
    (concern,) = told(node, codes.TRUST_REFUSED.code)
    assert "registry.yaml" in concern
    assert "dữ liệu tin cậy" in concern
    (files / "registry.yaml").write_bytes(before)
    node.upkeep.reload("SIGHUP")
    assert told(node, codes.TRUST_REFUSED.code) == []


def test_a_start_with_good_files_ends_all_that_was_refused(files: Path, node: Node) -> None:
    """A node whose keys or trust are wrong does not start: what a start has read is right."""
    kept = damage(files / "g22.key"), damage(files / "registry.yaml")
    node.upkeep.reload("SIGHUP")
    refusals = (codes.KEYS_REFUSED.code, codes.TRUST_REFUSED.code)
    assert [len(told(node, code)) for code in refusals] == [1, 1]
    node.close()
    (files / "g22.key").write_bytes(kept[0])
    (files / "registry.yaml").write_bytes(kept[1])
    again = opened(files)
    again.upkeep.step()
    assert [told(again, code) for code in refusals] == [[], []]
    again.close()
