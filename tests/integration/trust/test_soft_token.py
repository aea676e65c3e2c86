from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connector.clock import ManualClock
from connector.demo.scenario import run_demo
from connector.errors import ConfigError
from connector.trust.soft_token import find_soft_module, new_soft_token

NewParty = Callable[[str], Any]


def test_a_new_token(tmp_path: Path) -> None:
    """Each label gets a key pair of its own; nothing of it is readable by others."""
    token = new_soft_token(tmp_path / "token", "thử", ["G22", "H41"], key_type="p384")
    assert sorted(token.public_keys) == ["G22", "H41"]
    first, second = token.public_keys.values()
    assert isinstance(first, ec.EllipticCurvePublicKey)
    assert first.curve.name == "secp384r1"
    assert first != second
    assert stat.S_IMODE(token.pin_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.directory.stat().st_mode) == 0o700


def test_the_environment_is_put_back(new_party: NewParty, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process sees the token only as long as it is asked to."""
    token = new_party("p256").token
    monkeypatch.setenv("SOFTHSM2_CONF", "/before")
    with token.in_force():
        assert os.environ["SOFTHSM2_CONF"] == str(token.configuration)
    assert os.environ["SOFTHSM2_CONF"] == "/before"
    monkeypatch.delenv("SOFTHSM2_CONF")
    with token.in_force():
        assert os.environ["SOFTHSM2_CONF"] == str(token.configuration)
    assert "SOFTHSM2_CONF" not in os.environ


def test_what_stands_in_the_way(tmp_path: Path) -> None:
    """A directory that exists, or a label that no token can carry, is told with its reason."""
    with pytest.raises(ConfigError, match="EDX-3048"):
        new_soft_token(tmp_path, "label", ["G22"])
    with pytest.raises(ConfigError, match="EDX-3048"):
        new_soft_token(tmp_path / "long", "x" * 40, ["G22"])


def test_without_softhsm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SoftHSM2 is missing, the message says what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigError, match="EDX-3047") as caught:
        find_soft_module()
    assert "apt install softhsm2" in caught.value.findings[0].hint_vi


def test_a_demonstration_that_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt CONNECTOR_DEMO_KEYS, or no SoftHSM2, ends it before anything is replaced."""
    kept = tmp_path / "report.json"
    kept.touch()
    for kind, code in (("pkcs#11", "EDX-3012"), ("pkcs11", "EDX-3047")):
        monkeypatch.setenv("CONNECTOR_DEMO_KEYS", kind)
        monkeypatch.setenv("PATH", "/nonexistent")
        with pytest.raises(ConfigError, match=code):
            run_demo(tmp_path, clock=ManualClock(), say=lambda _: None)
    assert kept.exists()
