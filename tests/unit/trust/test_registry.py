from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from connector.errors import ConfigError, NoInputError
from connector.trust.anchors import load_anchors
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.registry import Trust, load_registry, load_trust

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
