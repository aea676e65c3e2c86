from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from connector import resources
from tests.integration.cli.conftest import connector

XMLSEC1 = ("xmlsec1", "--verify", "--enabled-key-data", "x509", "--enabled-reference-uris", "empty")


@pytest.mark.parametrize("name", ["g22-csv-tcvn3", "g09-excel", "h41-sql"])
def test_an_independent_program_accepts_previewed_packets(name: str, tmp_path: Path) -> None:
    """xmlsec1 verifies every previewed packet by the root certificate alone, and no changed one."""
    example = resources.examples_dir() / name
    rows = connector("preview", example, "--out", tmp_path, "--json").data
    files = [Path(row["file"]) for row in rows if row["file"]]
    assert files
    root = tmp_path / "dev-pki" / "anchors" / "root.crt"
    for file in files:
        command = [*XMLSEC1, "--trusted-pem", str(root), str(file)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
        data = file.read_bytes()
        file.write_bytes(data.replace(b"<edXML:Subject>", b"<edXML:Subject>x", 1))
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0
