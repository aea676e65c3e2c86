from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.clock import ManualClock
from connector.trust.keys import load_key
from connector.trust.pki import KeyType, new_dev_pki
from connector.trust.registry_sign import CONTEXT, sign_registry
from connector.trust.settings import PemKey


@pytest.mark.parametrize("key_type", ["rsa2048", "p256"])
def test_openssl_agrees(key_type: KeyType, tmp_path: Path) -> None:
    """Whoever has only openssl can check the signature of a registry."""
    clock = ManualClock()
    pki = new_dev_pki(tmp_path / "pki", [("G22", "VPCP")], clock=clock, key_type=key_type)
    key_file, certificate_file = pki.key_file("G22"), pki.certificate_file("G22")
    settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
    key = load_key(settings, now=clock.now())
    text = sign_registry(pki.registry_file, key).read_text()
    body = text.split("-----")[2]
    (tmp_path / "signature").write_bytes(base64.b64decode(body))
    public = key.certificate.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(pem)
    message = tmp_path / "message"
    command = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"]
    for data, status in ((pki.registry_file.read_bytes(), 0), (b"other", 1)):
        message.write_bytes(CONTEXT + data)
        ended = subprocess.run(
            [*command, "message"], cwd=tmp_path, check=False, capture_output=True
        )
        assert ended.returncode == status, ended.stderr
