from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from connector.agencies.files import load as load_catalogue
from connector.errors import ConfigError, NoInputError
from connector.model.organ import covers
from connector.trust.anchors import load_anchors
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.registry import Registration, Registry, Trust, load_registry, load_trust

A = "ab" * 32
B = "cd" * 32


def written(directory: Path, *lines: str) -> Path:
    """Write a registry file and return its path."""
    path = directory / "registry.yaml"
    path.write_text("\n".join(("registry_version: 1", *lines)) + "\n")
    return path


def test_a_registry(tmp_path: Path) -> None:
    """Fingerprints may carry colons and capitals; old and new certificates stand side by side."""
    colons = ":".join([A[:2].upper()] * 32)
    path = written(
        tmp_path,
        "agencies:",
        "  - {code: G22, name: Văn phòng Chính phủ, certificates:",
        f"      [{{sha256: '{colons}', valid_to: 2026-06-30}}, {{sha256: {B}}}]}}",
        f"  - {{code: H41, name: Nghệ An, certificates: [{{sha256: {B}}}]}}",
    )
    registry = load_registry(path)
    assert [each.code for each in registry.of(A)] == ["G22"]
    assert registry.of(A)[0].valid_to == dt.date(2026, 6, 30)
    assert [each.code for each in registry.of(B)] == ["G22", "H41"]
    assert registry.of("00" * 32) == ()


def test_days_are_those_of_vietnam(tmp_path: Path) -> None:
    """The last day ends at midnight in Hanoi, not in Greenwich."""
    path = written(
        tmp_path,
        "agencies:",
        f"  - {{code: G22, name: VPCP, certificates: [{{sha256: {A}, valid_to: 2026-01-05}}]}}",
    )
    entry = load_registry(path).of(A)[0]
    assert entry.covers(dt.datetime(2026, 1, 5, 16, 59, tzinfo=dt.UTC))
    assert not entry.covers(dt.datetime(2026, 1, 5, 17, 0, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        (["agencies: [{code: G22, name: a}, {code: G22, name: b}]"], "EDX-3301", 2),
        (["agencies:", "- {code: G22, name: a, certificates: [{sha256: abc}]}"], "EDX-3302", 3),
        (
            [
                "agencies:",
                "- code: G22",
                "  name: a",
                f"  certificates: [{{sha256: {A}}}, {{sha256: {A.upper()}}}]",
            ],
            "EDX-3303",
            5,
        ),
        (
            [
                "agencies:",
                "- code: G22",
                "  name: a",
                "  certificates:",
                f"  - {{sha256: {A}, valid_from: 2026-01-02, valid_to: 2026-01-01}}",
            ],
            "EDX-3304",
            6,
        ),
        (["agencies: [{code: g22, name: a}]"], "EDX-1028", 2),
        (["agencies: [{code: G22, name: a, cert: []}]"], "EDX-1010", 2),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    lines: list[str], code: str, line: int, tmp_path: Path
) -> None:
    """Every mistake in a registry has a code and a line."""
    path = written(tmp_path, *lines)
    with pytest.raises(ConfigError) as caught:
        load_registry(path)
    assert caught.value.code == code
    assert caught.value.findings[0].place.startswith(f"{path}:{line}:")


def test_an_unknown_version(tmp_path: Path) -> None:
    """A registry of a later format is not guessed at."""
    path = tmp_path / "registry.yaml"
    path.write_text("registry_version: 2\nagencies: []\n")
    with pytest.raises(ConfigError, match="EDX-3305"):
        load_registry(path)


def test_may_sign(trust: Trust, keys: dict[str, SigningKey], now: dt.datetime) -> None:
    """A certificate signs for its agency and the codes below, within the period."""
    certificate = keys["H41"].certificate
    assert trust.may_sign(certificate, "H41", now)
    assert trust.may_sign(certificate, "H41.02.03", now)
    for other in ("G22", "H4", "H410", "H41.", "h41", " H41", "H41.02\n", "", "Н41"):
        assert not trust.may_sign(certificate, other, now)
    assert not trust.may_sign(certificate, "H41", now - dt.timedelta(days=3))


def test_without_a_registry_nobody_may_sign(
    pki: DevPki, keys: dict[str, SigningKey], now: dt.datetime
) -> None:
    """A node without registry believes no signer."""
    trust = load_trust(pki.anchors_dir, None)
    assert not trust.may_sign(keys["G22"].certificate, "G22", now)


def test_anchors_in_pem_and_der(tmp_path: Path, pki: DevPki, trust: Trust) -> None:
    """Files of either form count once each; other files are left alone."""
    (root,) = trust.anchors.certificates
    (tmp_path / "a.cer").write_bytes(root.public_bytes(Encoding.DER))
    (tmp_path / "b.pem").write_bytes(root.public_bytes(Encoding.PEM) * 2)
    (tmp_path / "README").write_text("x")
    assert load_anchors(tmp_path).certificates == (root,)


def test_wrong_anchors(
    tmp_path: Path, keys: dict[str, SigningKey], issue: Callable[..., SigningKey]
) -> None:
    """No directory, no certificate, garbage, or an agency's own certificate: no start."""
    with pytest.raises(NoInputError, match="EDX-3209"):
        load_anchors(tmp_path / "none")
    with pytest.raises(ConfigError, match="EDX-3208"):
        load_anchors(tmp_path)
    path = tmp_path / "a.crt"
    path.write_bytes(b"garbage")
    with pytest.raises(ConfigError, match="EDX-3209"):
        load_anchors(tmp_path)
    path.write_bytes(keys["G22"].certificate.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match="EDX-3210"):
        load_anchors(tmp_path)
    twin = issue(self_signed=True).certificate
    path.write_bytes(twin.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match="EDX-3210"):
        load_anchors(tmp_path)


@pytest.mark.parametrize(
    ("holder", "sender", "allowed"),
    [
        ("H41", "H41", True),
        ("H41", "H41.02", True),
        ("H41", "H41.02.03", True),
        ("H41", "000.02.02.H41", False),
        ("H41.02", "H41.02", True),
        ("H41.02", "H41.02.03", True),
        ("H41.02", "H41", False),
        ("H41.02", "H41.03", False),
        ("H41.02", "H41.020", False),
        ("H41.02", "H41.03.02", False),
        ("H41.02.03", "H41.02.03", True),
        ("H41.02.03", "H41.02", False),
        ("H41.02.03", "H41", False),
        ("H41.02.03", "H41.02.04", False),
        ("H41.02.03", "G22", False),
        ("G22", "H41.02.03", False),
    ],
)
def test_above_signs_for_below(
    *, holder: str, sender: str, allowed: bool, trust: Trust, issue: Callable[..., SigningKey]
) -> None:
    """On three levels: an agency signs for itself and what is below, for nobody else."""
    key = issue()
    entry = Registration(code=holder, name=holder, sha256=key.fingerprint)
    own = Trust(trust.anchors, Registry([entry]))
    now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert own.may_sign(key.certificate, sender, now) is allowed


def test_both_spellings_of_every_agency(trust: Trust, issue: Callable[..., SigningKey]) -> None:
    """Either spelling of a code is the same agency, also of one that is closed by now."""
    catalogue = load_catalogue(None)
    closed = [each for each in catalogue if each.valid_to is not None and each.code102]
    opened = [each for each in catalogue if each.valid_to is None and each.code102]
    now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    for agency in (closed[0], opened[0]):
        key = issue()
        entry = Registration(code=agency.code, name=agency.name, sha256=key.fingerprint)
        own = Trust(trust.anchors, Registry([entry]), catalogue.canonical)
        assert agency.code102 is not None
        assert own.may_sign(key.certificate, agency.code, now)
        assert own.may_sign(key.certificate, agency.code102, now)
        for other in (closed[1], opened[1]):
            assert own.may_sign(key.certificate, other.code, now) is covers(agency.code, other.code)


def test_permission_for_sha1(tmp_path: Path) -> None:
    """It names its last day and its reason, and ends with that day in Vietnam."""
    legacy = "{allow: sha1, until: 2026-01-05, reason: old system}"
    path = written(tmp_path, "version: 7", f"agencies: [{{code: G22, name: a, legacy: {legacy}}}]")
    registry = load_registry(path)
    assert registry.version == 7
    assert registry.legacy_sha1(dt.datetime(2026, 1, 5, 16, 59, tzinfo=dt.UTC)) == {"G22"}
    assert registry.legacy_sha1(dt.datetime(2026, 1, 5, 17, 0, tzinfo=dt.UTC)) == set()


@pytest.mark.parametrize(
    "legacy",
    [
        "{allow: sha1}",
        "{allow: sha1, until: 2027-01-01}",
        "{allow: sha1, reason: x}",
        "{allow: md5, until: 2027-01-01, reason: x}",
        "{allow: sha1, until: 2027-01-01, reason: ''}",
        "sha1",
    ],
)
def test_permission_without_end_or_reason(legacy: str, tmp_path: Path) -> None:
    """Nobody is permitted an old algorithm for ever, or without saying why."""
    path = written(tmp_path, f"agencies: [{{code: G22, name: a, legacy: {legacy}}}]")
    with pytest.raises(ConfigError):
        load_registry(path)


def test_a_registry_takes_nothing_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was signed is what counts: no variable of a process gets into it."""
    monkeypatch.setenv("WHO", "G22")
    path = written(tmp_path, "agencies: [{code: '${WHO}', name: a}]")
    with pytest.raises(ConfigError, match="WHO"):
        load_registry(path)
