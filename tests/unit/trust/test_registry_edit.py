from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from connector.config.load import parse
from connector.config.yaml_source import load_yaml
from connector.errors import ConfigError, NoInputError, PermanentError, StorageError
from connector.trust.keys import SigningKey
from connector.trust.registry import load_registry
from connector.trust.registry_edit import register, registry_text, withdraw
from connector.trust.registry_file import RegistryFile

FIRST = dt.date(2026, 1, 1)


@pytest.fixture
def certificate(issue: Callable[..., SigningKey], tmp_path: Path) -> Callable[..., Path]:
    """A maker of files with a certificate."""

    def make(name: str = "own", **options: object) -> Path:
        path = tmp_path / f"{name}.crt"
        path.write_bytes(issue(**options).certificate.public_bytes(Encoding.PEM))
        return path

    return make


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Where a registry will be."""
    return tmp_path / "registry.yaml"


def test_entering_certificates(registry: Path, certificate: Callable[..., Path]) -> None:
    """Agencies and certificates come in one after the other; each change is a new version."""
    name = 'Sở "Nội vụ" ${HOME}: #1'
    old = register(registry, "H41.02", certificate("old"), name=name, valid_from=FIRST)
    new = register(registry, "H41.02", certificate("new"))
    register(registry, "G22", certificate("other"), name="VPCP", valid_to=dt.date(2026, 2, 1))
    found = load_registry(registry)
    assert found.version == 3
    assert [each.code for each in found.registrations] == ["G22", "H41.02", "H41.02"]
    (entry,) = found.of(old)
    assert (entry.name, entry.valid_from) == (name, FIRST)
    assert found.of(new)[0].valid_to == dt.date(2027, 1, 5)
    assert list(registry.parent.glob(".*")) == []


def test_canonical_text(registry: Path, certificate: Callable[..., Path]) -> None:
    """Reading and writing changes nothing, permissions for old algorithms included."""
    registry.write_text(
        "# a comment\nregistry_version: 1\nversion: 4\nagencies:\n"
        "- {code: G22, name: a, legacy: {allow: sha1, until: 2027-01-01, reason: 'x: y'}}\n"
    )
    register(registry, "H41", certificate(), name="b")
    text = registry.read_text()
    assert registry_text(parse(RegistryFile, load_yaml(registry))) == text
    assert load_registry(registry).legacy[0].reason == "x: y"
    empty = RegistryFile(registry_version=1, agencies=())
    registry.write_text(registry_text(empty))
    assert load_registry(registry).registrations == ()


def test_what_cannot_be_entered(registry: Path, certificate: Callable[..., Path]) -> None:
    """Wrong certificates, doubles and unnamed agencies leave the file as it was."""
    with pytest.raises(PermanentError, match="EDX-3327"):
        register(registry, "G22", certificate())
    register(registry, "G22", certificate(), name="a")
    before = registry.read_bytes()
    for path in (certificate("ca", ca=True), certificate("use", usage=False)):
        with pytest.raises(PermanentError, match="EDX-3325"):
            register(registry, "G22", path)
    garbage = registry.with_name("garbage")
    garbage.write_bytes(b"x")
    with pytest.raises(PermanentError, match="EDX-3232"):
        register(registry, "G22", garbage)
    with pytest.raises(NoInputError, match="EDX-3232"):
        register(registry, "G22", registry.with_name("none"))
    with pytest.raises(ConfigError, match="EDX-3303"):
        register(registry, "G22", registry.with_name("own.crt"))
    with pytest.raises(ConfigError, match="EDX-1028"):
        register(registry, "g22", certificate(), name="a")
    with pytest.raises(ConfigError, match="EDX-3304"):
        register(registry, "G22", certificate(), valid_from=FIRST, valid_to=dt.date(2025, 1, 1))
    assert registry.read_bytes() == before


def test_withdrawing(registry: Path, certificate: Callable[..., Path]) -> None:
    """A withdrawn certificate counts up to the day before, or not at all any more."""
    first = register(registry, "G22", certificate("a"), name="a", valid_from=FIRST)
    second = register(registry, "G22", certificate("b"))
    colons = ":".join(first[i : i + 2].upper() for i in range(0, 64, 2))
    withdraw(registry, "G22", colons, on=dt.date(2026, 3, 1))
    assert load_registry(registry).of(first)[0].valid_to == dt.date(2026, 2, 28)
    withdraw(registry, "G22", first, on=dt.date(2026, 4, 1))
    assert load_registry(registry).of(first)[0].valid_to == dt.date(2026, 2, 28)
    withdraw(registry, "G22", first, on=FIRST)
    withdraw(registry, "G22", second)
    found = load_registry(registry)
    assert (found.version, found.registrations) == (6, ())
    for code in ("G22", "H41"):
        with pytest.raises(PermanentError, match="EDX-3326"):
            withdraw(registry, code, first)


def test_a_directory_that_is_gone(tmp_path: Path, certificate: Callable[..., Path]) -> None:
    """What cannot be written is reported as such."""
    with pytest.raises(StorageError, match="EDX-3231"):
        register(tmp_path / "none" / "registry.yaml", "G22", certificate(), name="a")
