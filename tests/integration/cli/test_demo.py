from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import process

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("keys", ["pem", "pkcs11"])
def test_the_demonstration(tmp_path: Path, keys: str) -> None:
    """Three agencies exchange everything: nothing lost, nothing twice, everything answered.

    It is the same with keys that never leave a token.
    """
    directory = tmp_path / "demo"
    said = process("demo", "--directory", directory, CONNECTOR_DEMO_KEYS=keys)
    assert said.status == 0, said.err[-3000:]
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    assert set(report) == {
        "documents",
        "deliveries",
        "delivered",
        "refused",
        "receipts",
        "lost",
        "duplicated",
        "seconds",
        "broker",
    }
    assert (report["lost"], report["duplicated"]) == (0, 0)
    assert report["receipts"] == report["deliveries"] >= 150
    assert report["documents"] >= 80
    assert 0 < report["delivered"] < report["deliveries"]
    assert report["refused"] >= 3
    assert "RabbitMQ" in report["broker"]
    for word in ("document_sealed", "recalled", "refused", "returned"):
        assert word in said.out
    assert "the forged packet was quarantined" in said.err
    texts = [path.read_text("utf-8") for path in (directory / "nodes").glob("*/connector.yaml")]
    assert len(texts) == 3
    assert all(f"type: {keys}" in text for text in texts)
    assert bool(list((directory / "pki" / "keys").glob("*.key"))) is (keys == "pem")
