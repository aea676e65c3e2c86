from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.errors import ConfigError, PermanentError, StorageError
from connector.trust.anchors import load_anchors
from connector.trust.imports import import_anchor, import_crl
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.revocation import load_revocations

DAY = dt.timedelta(days=1)
Make = Callable[..., Path]


@pytest.fixture
def crl(pki: DevPki, now: dt.datetime, tmp_path: Path) -> Make:
    """A maker of files with a list of the issuing authority."""

    def make(
        number: int | None = 1,
        *,
        made: float = -1,
        key: ec.EllipticCurvePrivateKey | None = None,
        scope: x509.IssuingDistributionPoint | None = None,
    ) -> Path:
        authority = pki.directory / "authority"
        issuer = x509.load_pem_x509_certificate((authority / "issuing.crt").read_bytes())
        own = load_pem_private_key((authority / "issuing.key").read_bytes(), None)
        assert isinstance(own, ec.EllipticCurvePrivateKey)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(now + made * DAY)
            .next_update(now + 9 * DAY)
        )
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        if scope is not None:
            builder = builder.add_extension(scope, critical=True)
        path = tmp_path / "new.pem"
        path.write_bytes(builder.sign(key or own, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    return make


@pytest.fixture
def issuers(keys: dict[str, SigningKey]) -> Sequence[x509.Certificate]:
    """The authorities of the node's own key."""
    return keys["G22"].intermediates


@pytest.fixture
def crls(tmp_path: Path) -> Path:
    """An empty directory of lists."""
    path = tmp_path / "crls"
    path.mkdir()
    return path


def test_importing_a_list(
    *, crl: Make, crls: Path, pki: DevPki, issuers: Sequence[x509.Certificate], now: dt.datetime
) -> None:
    """A list takes the place of its forerunner; the same one again changes nothing."""
    facts: dict[str, Any] = {"anchors_dir": pki.anchors_dir, "issuers": issuers, "now": now}
    first = import_crl(crl(1), crls, **facts)
    assert first.changed
    assert first.path.name == f"{issuers[0].fingerprint(hashes.SHA256()).hex()}.crl"
    again = import_crl(crl(1), crls, **facts)
    second = import_crl(crl(2, made=-0.5), crls, **facts)
    assert second.changed
    assert [each.number for each in load_revocations(crls).lists] == [2]
    with pytest.raises(PermanentError, match="EDX-3224"):
        import_crl(crl(1), crls, **facts)
    with pytest.raises(PermanentError, match="EDX-3224"):
        import_crl(crl(None), crls, **facts)
    assert [each.number for each in load_revocations(crls).lists] == [2]
    assert again.path == second.path
    assert not import_crl(second.path, crls, **facts).changed


def test_lists_of_parts_stand_side_by_side(
    *, crl: Make, crls: Path, pki: DevPki, issuers: Sequence[x509.Certificate], now: dt.datetime
) -> None:
    """A list of a part does not take the place of the whole one."""
    part = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    facts: dict[str, Any] = {"anchors_dir": pki.anchors_dir, "issuers": issuers, "now": now}
    assert import_crl(crl(5), crls, **facts).changed
    assert import_crl(crl(1, scope=part), crls, **facts).changed
    assert len(load_revocations(crls).lists) == 2


def test_lists_that_are_not_taken(
    *, crl: Make, crls: Path, pki: DevPki, issuers: Sequence[x509.Certificate], now: dt.datetime
) -> None:
    """Lists of strangers, of the future, and garbage change nothing."""
    facts: dict[str, Any] = {"anchors_dir": pki.anchors_dir, "now": now}
    with pytest.raises(PermanentError, match="EDX-3223"):
        import_crl(crl(), crls, **facts)
    forged = crl(key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(PermanentError, match="EDX-3223"):
        import_crl(forged, crls, issuers=issuers, **facts)
    with pytest.raises(PermanentError, match="EDX-3225"):
        import_crl(crl(made=2), crls, issuers=issuers, **facts)
    garbage = crl()
    garbage.write_bytes(b"garbage")
    with pytest.raises(ConfigError, match="EDX-3214"):
        import_crl(garbage, crls, issuers=issuers, **facts)
    with pytest.raises(StorageError, match="EDX-3231"):
        import_crl(crl(), crls / "none", issuers=issuers, **facts)
    assert list(crls.iterdir()) == []


def test_an_issuer_that_leads_to_no_anchor(
    *, crl: Make, crls: Path, pki: DevPki, issue: Callable[..., SigningKey], now: dt.datetime
) -> None:
    """A stranger's authority of the same name does not bring its list in."""
    private = ec.generate_private_key(ec.SECP256R1())
    issuing = x509.load_pem_x509_certificate(
        (pki.directory / "authority" / "issuing.crt").read_bytes()
    )
    twin = issue(private=private, ca=True, self_signed=True, subject=issuing.subject, usage=None)
    with pytest.raises(PermanentError, match="EDX-3223"):
        import_crl(
            crl(key=private),
            crls,
            anchors_dir=pki.anchors_dir,
            issuers=[twin.certificate],
            now=now,
        )


def test_importing_an_anchor(
    pki: DevPki, issuers: Sequence[x509.Certificate], now: dt.datetime, tmp_path: Path
) -> None:
    """A root comes first; what it issued may follow; the same again changes nothing."""
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    root = pki.anchors_dir / "root.crt"
    issuing = pki.directory / "authority" / "issuing.crt"
    with pytest.raises(PermanentError, match="EDX-3230"):
        import_anchor(issuing, anchors, now=now)
    (first,) = import_anchor(root, anchors, now=now)
    assert first.changed
    assert "root" in first.subject
    assert not import_anchor(root, anchors, now=now)[0].changed
    assert import_anchor(issuing, anchors, now=now)[0].changed
    assert set(load_anchors(anchors).certificates) == {*_read(root), issuers[0]}
    both = tmp_path / "both.pem"
    both.write_bytes(root.read_bytes() + issuing.read_bytes())
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert len(import_anchor(both, fresh, now=now)) == 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ca": False}, "not a certificate of an authority"),
        ({"ca": True, "usage": True}, "keyCertSign"),
        ({"ca": True, "usage": None, "last": -1, "first": -9}, "expired"),
        ({"ca": True, "usage": None, "first": 1}, "not valid before"),
        (
            {"ca": True, "usage": None, "private": ec.generate_private_key(ec.SECP256K1())},
            "curve",
        ),
    ],
)
def test_certificates_that_are_no_anchors(
    *,
    options: dict[str, object],
    reason: str,
    issue: Callable[..., SigningKey],
    now: dt.datetime,
    tmp_path: Path,
) -> None:
    """Only valid, strong certificates of authorities become anchors."""
    path = tmp_path / "new.cer"
    certificate = issue(self_signed=True, **options).certificate
    path.write_bytes(certificate.public_bytes(Encoding.DER))
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    with pytest.raises(PermanentError, match=reason):
        import_anchor(path, anchors, now=now)
    assert list(anchors.iterdir()) == []


def _read(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())
