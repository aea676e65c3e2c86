"""`connector keys csr`: the request that the authority gets, checked by OpenSSL."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.trust.key_codes import FILE_EXISTS, FILE_NOT_WRITTEN, REQUEST_NEEDS_FILE
from tests.unit.cli.conftest import Terminal


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A node whose key is still to be made."""
    path = tmp_path / "connector.yaml"
    path.write_text(
        """config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {type: pem, key_file: g22.key, certificate_file: g22.crt}
  - {code: G09, name: Bộ Nội vụ}
trust: {anchors_dir: trust, registry_file: registry.yaml}
broker: {url: 'amqp://127.0.0.1'}
"""
    )
    return path


def openssl(*arguments: object) -> str:
    """Run OpenSSL, which must succeed, and return all that it says."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(("kind", "shown"), [("rsa3072", "3072 bit"), ("p256", "256 bit")])
def test_openssl_verifies_the_request(
    terminal: Terminal, config: Path, tmp_path: Path, kind: str, shown: str
) -> None:
    """OpenSSL finds the signature right and the subject as configured, letters and all."""
    said = terminal.run("keys", "csr", "G22", "--config", config, "--type", kind)
    assert said.status == 0
    request, key_file = tmp_path / "G22.csr", tmp_path / "g22.key"
    assert said.out == f"key      {key_file}\nrequest  {request}\n"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    text = openssl(
        *("req", "-in", request, "-noout", "-verify", "-text", "-nameopt", "utf8,sep_comma_plus")
    )
    assert "verify OK" in text
    assert shown in text
    assert "C=VN,O=Văn phòng Chính phủ,CN=G22" in text.replace(" = ", "=")
    assert "Digital Signature, Non Repudiation" in text
    key = load_pem_private_key(key_file.read_bytes(), None)
    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    assert key.public_key() == asked.public_key()


def test_nothing_is_written_over(terminal: Terminal, config: Path, tmp_path: Path) -> None:
    """A key that is there stays as it is, even if only the request would be in the way."""
    assert terminal.run("keys", "csr", "G22", "--config", config).status == 0
    key = (tmp_path / "g22.key").read_bytes()
    again = terminal.run("keys", "csr", "G22", "--config", config)
    assert (again.status, FILE_EXISTS.code in again.err) == (78, True)
    assert f"{tmp_path / 'g22.key'}\n" in again.err
    assert REQUEST_NEEDS_FILE.code not in again.err
    same = terminal.run("keys", "csr", "G22", "--config", config, "--key", tmp_path / "g22.key")
    assert (same.status, FILE_EXISTS.code in same.err) == (78, True)
    new = tmp_path / "new.key"
    taken = terminal.run("keys", "csr", "G22", "--config", config, "--key", new)
    assert (taken.status, FILE_EXISTS.code in taken.err) == (78, True)
    assert not new.exists()
    assert (tmp_path / "g22.key").read_bytes() == key
    out = tmp_path / "new.csr"
    done = terminal.run("keys", "csr", "G22", "--config", config, "--key", new, "--out", out)
    assert done.status == 0
    assert out.exists()


def test_a_request_that_cannot_be_written_leaves_no_key(
    terminal: Terminal, config: Path, tmp_path: Path
) -> None:
    """A key without its request would only be in the way next time."""
    nowhere = tmp_path / "absent" / "g22.csr"
    said = terminal.run("keys", "csr", "G22", "--config", config, "--out", nowhere)
    assert (said.status, FILE_NOT_WRITTEN.code in said.err) == (78, True)
    assert not (tmp_path / "g22.key").exists()


def test_who_has_no_key_says_where_it_goes(terminal: Terminal, config: Path) -> None:
    """An agency that only receives so far needs a place for its key; a stranger gets nothing."""
    said = terminal.run("keys", "csr", "G09", "--config", config)
    assert (said.status, REQUEST_NEEDS_FILE.code in said.err) == (78, True)
    stranger = terminal.run("keys", "csr", "H41", "--config", config)
    assert (stranger.status, "G22, G09" in stranger.err) == (2, True)
