from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Said, process

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(1200)]

STEP = r"\d\d:\d\d:\d\d"
LINES = (
    rf"{STEP} document_sealed  28/2018/QĐ-TTg  Về việc gửi, nhận văn bản điện tử",
    rf"    → G09 +{STEP} sent → {STEP} arrived 01 → {STEP} accepted 03",
    rf"    → G12 +{STEP} returned: the broker knows no way to G12",
    rf"    → H41\.90 +{STEP} sent → {STEP} refused 02: EDX-7016 ",
    rf"    → H41 +{STEP} sent → {STEP} arrived 01 → {STEP} accepted 03 → {STEP} recalled 15",
    rf"    {STEP} document_sealed  recall",
    rf"        → H41 +{STEP} sent → {STEP} arrived 01 → {STEP} finished 15",
    r"G22 Văn phòng Chính phủ +G09 Bộ Nội vụ +delivered +\d+",
    r"lost +0 ",
)


@pytest.mark.parametrize("keys", ["pem", "pkcs11"])
def test_the_demonstration(tmp_path: Path, keys: str) -> None:
    """Three agencies exchange everything: nothing lost, nothing twice, everything answered.

    It is the same with keys that never leave a token.
    """
    directory = tmp_path / "demo"
    said = process("demo", "--directory", directory, seconds=1000, CONNECTOR_DEMO_KEYS=keys)
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
    _check_what_is_told(said)
    texts = [path.read_text("utf-8") for path in (directory / "nodes").glob("*/connector.yaml")]
    assert len(texts) == 3
    assert all(f"type: {keys}" in text for text in texts)
    assert bool(list((directory / "pki" / "keys").glob("*.key"))) is (keys == "pem")


def _check_what_is_told(said: Said) -> None:
    """Look for a line of each kind, and follow the hints at the end."""
    for line in LINES:
        assert re.search(f"^{line}", said.out, re.MULTILINE), line
    assert said.out.count("\n") < 500
    assert "the forged packet was quarantined" in said.err
    commands = re.findall(r"^  (\S.* --config .*)$", said.err, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout
