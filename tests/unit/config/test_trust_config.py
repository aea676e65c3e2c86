from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.load import parse
from connector.config.trust import TrustConfig
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError

A = "ab" * 32


def parsed(text: str) -> TrustConfig:
    """Return the settings of a `trust` section."""
    return parse(TrustConfig, parse_yaml(text.encode(), Path("/etc/connector.yaml")))


def test_a_whole_section() -> None:
    """Paths count from the file; fingerprints are kept in one spelling."""
    colons = ":".join(["AB"] * 32)
    config = parsed(
        "anchors_dir: anchors\nregistry_file: r.yaml\ncrls_dir: crls\n"
        f"registry_signers: ['{colons}', {A}]\n"
        "revocation: {mode: crl_or_ocsp, max_age_days: 3, on_missing: accept}\n"
    )
    assert config.crls_dir == Path("/etc/crls")
    assert config.registry_signers == (A, A)
    assert config.revocation_policy.max_age_days == 3
    assert config.revocation_policy.on_missing == "accept"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("revocation: {mode: crl}", "EDX-1011"),
        (f"registry_signers: [{A}]", "EDX-1011"),
        ("{registry_file: r, registry_signers: [abc]}", "EDX-1015"),
        ("revocation: {mode: sometimes}", "EDX-1013"),
        ("revocation: {mode: off, max_age_days: -1}", "EDX-1014"),
        ("revocation: {mode: off, ocsp_url: 'file:///etc/passwd'}", "EDX-1015"),
    ],
)
def test_wrong_sections(line: str, code: str) -> None:
    """Each mistake has its code."""
    body = line.strip("{}") if line.startswith("{") else line
    text = "anchors_dir: anchors\n" + body.replace(", registry_signers", "\nregistry_signers")
    with pytest.raises(ConfigError) as caught:
        parsed(text + "\n")
    assert caught.value.code == code
