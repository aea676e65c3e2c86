from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.errors import NoInputError, TrustError
from connector.trust.keys import SigningKey
from connector.trust.registry import load_registry
from connector.trust.registry_sign import sign_registry, signature_file


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A small registry."""
    path = tmp_path / "registry.yaml"
    path.write_text("registry_version: 1\nversion: 3\nagencies: []\n")
    return path


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_signed_registry(registry: Path, issue: Callable[..., SigningKey], kind: str) -> None:
    """The signature of a pinned signer opens the registry, with a key of either kind."""
    key = issue(private=rsa.generate_private_key(65537, 2048)) if kind == "rsa" else issue()
    assert sign_registry(registry, key) == signature_file(registry)
    assert load_registry(registry, signers=[key.fingerprint]).version == 3


def test_an_unsigned_registry(registry: Path) -> None:
    """Where a signer is asked for, nothing unsigned counts."""
    with pytest.raises(TrustError, match="EDX-3320"):
        load_registry(registry, signers=["ab" * 32])
    assert load_registry(registry).version == 3


def test_a_signer_who_is_not_pinned(registry: Path, issue: Callable[..., SigningKey]) -> None:
    """A signature that is right but of somebody else is refused."""
    sign_registry(registry, issue())
    with pytest.raises(TrustError, match="EDX-3321"):
        load_registry(registry, signers=["ab" * 32])


def test_a_changed_registry(registry: Path, issue: Callable[..., SigningKey]) -> None:
    """One changed byte, or the signature of another registry, is refused."""
    key = issue()
    sign_registry(registry, key)
    registry.write_text(registry.read_text() + "# a\n")
    with pytest.raises(TrustError, match="EDX-3322"):
        load_registry(registry, signers=[key.fingerprint])


def test_a_signature_for_something_else(registry: Path, issue: Callable[..., SigningKey]) -> None:
    """A signature over the same bytes without the context is none."""
    from connector.trust import registry_sign

    key = issue()
    sign_registry(registry, key)
    whole = signature_file(registry).read_bytes()
    registry.write_bytes(registry_sign.CONTEXT + registry.read_bytes())
    with pytest.raises(TrustError, match="EDX-3322"):
        load_registry(registry, signers=[key.fingerprint])
    assert signature_file(registry).read_bytes() == whole


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"garbage",
        lambda data: data.partition(b"-----BEGIN CERTIFICATE")[0],
        lambda data: data.partition(b"-----BEGIN CERTIFICATE")[2],
        lambda data: data.replace(b"SIGNATURE-----\nM", b"SIGNATURE-----\n!"),
        lambda data: data.replace(b"SIGNATURE-----\nM", b"SIGNATURE-----\nMMMM"),
        lambda data: data.replace(b"CERTIFICATE-----\nM", b"CERTIFICATE-----\nN"),
    ],
)
def test_damaged_signatures(
    registry: Path, issue: Callable[..., SigningKey], damage: Callable[[bytes], bytes]
) -> None:
    """A damaged signature file is refused, whatever is wrong with it."""
    key = issue()
    path = sign_registry(registry, key)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrustError, match="EDX-3322"):
        load_registry(registry, signers=[key.fingerprint])


def test_an_expired_signer(
    registry: Path, issue: Callable[..., SigningKey], now: dt.datetime
) -> None:
    """The pin holds beyond the certificate, with a warning: a restart must not fail by it."""
    key = issue(last=1)
    sign_registry(registry, key)
    signers = [key.fingerprint]
    assert load_registry(registry, signers=signers, now=now).findings == ()
    later = load_registry(registry, signers=signers, now=now + dt.timedelta(days=2))
    assert [each.code for each in later.findings] == ["EDX-3324"]


def test_no_registry_to_sign(tmp_path: Path, issue: Callable[..., SigningKey]) -> None:
    """Without the file nothing is signed."""
    with pytest.raises(NoInputError, match="EDX-3329"):
        sign_registry(tmp_path / "registry.yaml", issue())
