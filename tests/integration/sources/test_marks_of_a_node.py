"""A whole node over a database that marks what was taken: first durable, then marked (G1)."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from connector.cli.app import run_program

NODE = """
config_version: 1
environment: test
state_dir: state
agencies:
  - code: H41
    name: UBND tỉnh Nghệ An
    key: {type: pem, key_file: pki/keys/h41.key, certificate_file: pki/keys/h41.crt}
    broker_password: {file: secret}
trust: {anchors_dir: pki/anchors, registry_file: pki/registry.yaml}
broker: {url: "amqp://127.0.0.1:5672/", management_url: "http://127.0.0.1:15672"}
adapters: [adapter]
sinks:
  - {type: folder, directory: den, desk: true}
"""
ADAPTER = """
adapter_version: 1
name: h41-qlvb
agency: H41
source:
  type: sql
  url: sqlite:///q.db
  query: SELECT * FROM vb WHERE da_chuyen = 0 ORDER BY id
  sent: {key_column: id, statement: UPDATE vb SET da_chuyen = 1 WHERE id = :key}
key: [id]
secrecy: {not_exported: "chỉ có văn bản không mật"}
fields:
  code: {column: so, transforms: [split_code]}
  promulgation.date: {column: ngay, transforms: [date]}
  promulgation.place: {value: Nghệ An}
  document_type: {value: Kế hoạch, transforms: [document_type]}
  subject: {column: trich_yeu}
  signer.full_name: {value: Nguyễn Văn Mẫu}
  receivers: {value: G22}
"""
REFUSING = (
    "CREATE TRIGGER no BEFORE UPDATE ON vb BEGIN SELECT RAISE(ABORT, 'permission denied'); END"
)


def execute(directory: Path, *statements: str) -> list[int]:
    """Run statements in the legacy database; return the ids that are marked then."""
    with closing(sqlite3.connect(directory / "adapter" / "q.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
        marked = "SELECT id FROM vb WHERE da_chuyen = 1 ORDER BY id"
        return [row[0] for row in connection.execute(marked)]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """Give a node that was never run, over two documents."""
    (tmp_path / "adapter").mkdir()
    (tmp_path / "connector.yaml").write_text(NODE, encoding="utf-8")
    (tmp_path / "adapter" / "adapter.yaml").write_text(ADAPTER, encoding="utf-8")
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    execute(
        tmp_path,
        "CREATE TABLE vb (id INTEGER PRIMARY KEY, so, ngay, trich_yeu, da_chuyen DEFAULT 0)",
        "INSERT INTO vb VALUES (1, '01/KH-VBM', '05/01/2026', 'Văn bản mẫu', 0)",
        "INSERT INTO vb VALUES (2, '02/KH-VBM', '05/01/2026', 'Văn bản mẫu', 0)",
        "INSERT INTO vb VALUES (3, 'không có số', '05/01/2026', 'Văn bản mẫu', 0)",
    )
    return tmp_path


@pytest.fixture
def run(node: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """Give what runs a command line of the node and returns its output."""

    def command(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit):
            run_program([str(argument) for argument in arguments])
        return capsys.readouterr().out

    command("keys", "new-dev", node / "pki", "H41")
    yield command
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


def codes(run: Callable[..., str], node: Path) -> list[str]:
    """Return the codes of the documents in the outbox."""
    told = json.loads(run("outbox", "list", "--json", "--config", node / "connector.yaml"))
    return sorted(one["code"] for one in told)


def collect(run: Callable[..., str], node: Path) -> None:
    """Run one pass."""
    run("run", "--once", "--only", "collect", "--config", node / "connector.yaml")


def test_what_is_durable_is_marked(run: Callable[..., str], node: Path) -> None:
    """Packets and refusals are taken over; a corrected row is read again when its mark goes."""
    collect(run, node)
    assert codes(run, node) == ["01/KH-VBM", "02/KH-VBM"]
    assert execute(node) == [1, 2, 3]

    execute(node, "UPDATE vb SET so = '03/KH-VBM', da_chuyen = 0 WHERE id = 3")
    collect(run, node)
    assert codes(run, node) == ["01/KH-VBM", "02/KH-VBM", "03/KH-VBM"]
    assert execute(node) == [1, 2, 3]


def test_a_mark_that_fails_is_set_at_the_next_start(run: Callable[..., str], node: Path) -> None:
    """The packets are in the outbox before anything is marked, and are not made twice."""
    execute(node, REFUSING)
    collect(run, node)
    assert codes(run, node) == ["01/KH-VBM", "02/KH-VBM"]
    assert execute(node) == []

    execute(node, "DROP TRIGGER no")
    collect(run, node)
    assert codes(run, node) == ["01/KH-VBM", "02/KH-VBM"]
    assert execute(node) == [1, 2, 3]
