"""A key on a token asks for its own certificate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.trust.key_codes import FILE_EXISTS, TOKEN_PUBLIC_ABSENT
from connector.trust.requests import token_request
from tests.integration.trust.conftest import TokenParty


def test_openssl_verifies_what_the_token_signed(any_party: TokenParty, tmp_path: Path) -> None:
    """The private key stays where it is, and OpenSSL finds the request right."""
    out = tmp_path / "g22.csr"
    token_request(any_party.settings(), "G22", "Văn phòng Chính phủ", request_file=out)
    done = subprocess.run(
        ["openssl", "req", "-in", str(out), "-noout", "-verify", "-subject", "-pubkey"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "verify OK" in done.stdout + done.stderr
    assert "CN=G22" in done.stdout.replace(" = ", "=")
    with pytest.raises(ConfigError) as caught:
        token_request(any_party.settings(), "G22", "Văn phòng Chính phủ", request_file=out)
    assert caught.value.findings[0].code == FILE_EXISTS.code


def test_a_key_without_its_public_half_says_so(party: TokenParty, tmp_path: Path) -> None:
    """What the token does not show cannot be asked about here; nothing is written."""
    out = tmp_path / "x.csr"
    with pytest.raises(ConfigError) as caught:
        token_request(party.settings(key_label="không có"), "G22", "x", request_file=out)
    assert caught.value.findings[0].code == TOKEN_PUBLIC_ABSENT.code
    assert not out.exists()
