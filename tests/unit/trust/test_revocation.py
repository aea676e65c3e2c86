from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.errors import ConfigError, NoInputError, TrustError
from connector.model.packet import Sealed
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.registry import Trust, load_trust
from connector.trust.revocation import Revocations
from connector.trust.verify import explain, verify

DAY = dt.timedelta(days=1)
Crl = x509.CertificateRevocationList


class Lists:
    """Makes revocation lists of the PKI's authorities."""

    def __init__(self, pki: DevPki, now: dt.datetime) -> None:
        self.authority = pki.directory / "authority"
        self.root = pki.anchors_dir / "root.crt"
        self.now = now

    def make(
        self,
        *revoked: x509.Certificate,
        name: str = "issuing",
        since: int = -1,
        due: int = 1,
        key: ec.EllipticCurvePrivateKey | None = None,
        made: int = -2,
    ) -> Crl:
        """Return a list of one authority; days count from now."""
        path = self.root if name == "root" else self.authority / f"{name}.crt"
        issuer = x509.load_pem_x509_certificate(path.read_bytes())
        own = load_pem_private_key((self.authority / f"{name}.key").read_bytes(), None)
        assert isinstance(own, ec.EllipticCurvePrivateKey)
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        builder = builder.last_update(self.now + made * DAY).next_update(self.now + due * DAY)
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(self.now + since * DAY).build()
            )
        return builder.sign(key or own, hashes.SHA256())


@pytest.fixture
def lists(pki: DevPki, now: dt.datetime) -> Lists:
    """A maker of revocation lists."""
    return Lists(pki, now)


@pytest.fixture
def findings_of(sealed: Sealed, trust: Trust, now: dt.datetime) -> Callable[..., list[str]]:
    """Return the codes found in a genuine packet with some lists."""

    def judge(*found: Crl) -> list[str]:
        using = replace(trust, revocations=Revocations(found))
        return [each.code for each in explain(sealed.data, using, at=now).findings]

    return judge


def test_a_revoked_signer(
    sealed: Sealed, trust: Trust, lists: Lists, keys: dict[str, SigningKey], now: dt.datetime
) -> None:
    """A certificate is worthless from its revocation on, not before."""
    own = keys["G22"].certificate
    using = replace(trust, revocations=Revocations([lists.make(own), lists.make(name="root")]))
    with pytest.raises(TrustError, match="EDX-3211"):
        verify(sealed.data, using, at=now)
    future = Revocations([lists.make(own, since=1), lists.make(name="root")])
    assert verify(sealed.data, replace(trust, revocations=future), at=now).findings == ()


def test_a_revoked_authority(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """With its authority every certificate below falls."""
    issuing = keys["G22"].intermediates[0]
    assert findings_of(lists.make(), lists.make(issuing, name="root")) == ["EDX-3211"]


def test_lists_that_are_missing_or_old(lists: Lists, findings_of: Callable[..., list[str]]) -> None:
    """Without a current list of an authority there is a warning; without any, none."""
    root = lists.make(name="root")
    assert findings_of() == []
    assert findings_of(lists.make(), root) == []
    assert findings_of(root) == ["EDX-3212"]
    assert findings_of(lists.make(due=-1), root) == ["EDX-3213"]


def test_only_the_newest_genuine_list_counts(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """A list by another key of the same name is none; an older one is superseded."""
    own, root = keys["G22"].certificate, lists.make(name="root")
    forged = lists.make(own, key=ec.generate_private_key(ec.SECP256R1()))
    assert findings_of(forged, root) == ["EDX-3212"]
    assert findings_of(lists.make(own, made=-3), lists.make(made=-1), root) == []


def test_lists_from_a_directory(
    *,
    pki: DevPki,
    lists: Lists,
    keys: dict[str, SigningKey],
    sealed: Sealed,
    now: dt.datetime,
    tmp_path: Path,
) -> None:
    """Files in PEM and DER are read; garbage stops the start."""
    crl = lists.make(keys["G22"].certificate)
    for name, form in (("a.crl", Encoding.DER), ("b.pem", Encoding.PEM)):
        path = tmp_path / name
        path.write_bytes(crl.public_bytes(form))
        trust = load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path)
        assert [each.code for each in explain(sealed.data, trust, at=now).findings] == ["EDX-3211"]
        path.unlink()
    (tmp_path / "a.crl").write_bytes(b"garbage")
    with pytest.raises(ConfigError, match="EDX-3214"):
        load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path)
    with pytest.raises(NoInputError, match="EDX-3214"):
        load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path / "none")
