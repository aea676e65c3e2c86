"""The authorities, agencies and trusts in which the vectors of the corpus live."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from connector.clock import ManualClock
from connector.trust.anchors import Anchors
from connector.trust.certificates import fingerprint
from connector.trust.registry import Registration, Registry, Trust
from connector.trust.revocation import Revocations
from tests.corpus.numbers import ec_key, rsa_key

__all__ = ["NOW", "Identity", "World", "issue"]

NOW: Final = ManualClock().now()
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True)
class Identity:
    """A private key, its certificate and those of its issuers, nearest first."""

    private: PrivateKey
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """All certificates as they stand in KeyInfo."""
        return (self.certificate, *self.issuers)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, sign: bool, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=not sign and not ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def issue(
    name: str,
    private: PrivateKey | None = None,
    issuer: Identity | None = None,
    *,
    common: str | None = None,
    public: PublicKey | None = None,
    ca: bool = False,
    path_length: int | None = None,
    usage: bool | None = True,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    first: int = -30,
    last: int = 365,
    basic: bool = True,
    extra: x509.ExtensionType | None = None,
    extra_critical: bool = False,
) -> Identity:
    """Return an identity as odd as asked, self-signed without `issuer`; days are from NOW."""
    private = private or ec_key(name)
    signer = issuer.private if issuer else private
    subject = _name(common or name)
    parent = issuer.certificate.subject if issuer else subject
    serial = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big") >> 1
    constraints = x509.BasicConstraints(ca=ca, path_length=path_length)
    upper = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    own = x509.SubjectKeyIdentifier.from_public_key(public or private.public_key())
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=parent, serial_number=serial)
        .public_key(public or private.public_key())
        .not_valid_before(NOW + dt.timedelta(days=first))
        .not_valid_after(NOW + dt.timedelta(days=last))
        .add_extension(upper, critical=False)
        .add_extension(own, critical=False)
    )
    if basic:
        builder = builder.add_extension(constraints, critical=True)
    if usage is not None:
        builder = builder.add_extension(_usage(sign=usage and not ca, ca=ca), critical=True)
    if extra is not None:
        builder = builder.add_extension(extra, critical=extra_critical)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    deterministic = True if isinstance(signer, ec.EllipticCurvePrivateKey) else None
    certificate = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=deterministic)
    return Identity(private, certificate, () if issuer is None else (issuer.certificate,))


class World:
    """One root, one issuing authority, agencies with keys of every accepted kind."""

    def __init__(self) -> None:
        self.root = issue("root", common="Corpus root CA", ca=True, last=7300)
        common = "Corpus issuing CA"
        self.issuing = issue("issuing", None, self.root, common=common, ca=True, last=3650)
        self.identity = cache(self._identity)

    def _identity(self, code: str, kind: str = "p256") -> Identity:
        """Return an agency's identity with a key of a kind (p256, rsa2048, …)."""
        label = f"{code} {kind}"
        bits = kind.removeprefix("rsa")
        private: PrivateKey = ec_key(label, kind) if bits == kind else rsa_key(label, int(bits))
        return self.issued(label, private)

    def issued(self, name: str, private: PrivateKey | None = None, **options: Any) -> Identity:
        """Return an identity under the issuing authority."""
        return issue(name, private, self.issuing, **options)

    def trust(self, *extra: tuple[Identity, str]) -> Trust:
        """Return the trust in this world's root; `extra` are registered beside the agencies."""
        kinds = ("p256", "p384", "p521", "rsa2048")
        known = [(self.identity("G22", kind), "G22") for kind in kinds]
        known += [(self.identity(code), code) for code in ("H41", "H41.02", "G09")]
        return Trust(
            anchors=Anchors([self.root.certificate]),
            registry=Registry(
                Registration(code=code, name=code, sha256=fingerprint(identity.certificate))
                for identity, code in (*known, *extra)
            ),
            canonical=_CANONICAL.get,
        )

    def trust_with_lists(self, revoked: x509.Certificate) -> Trust:
        """Return the trust with current revocation lists; they name one certificate."""
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.serial_number)
            .revocation_date(NOW - dt.timedelta(days=1))
            .build()
        )
        lists = []
        for issuer in (self.root, self.issuing):
            subject = issuer.certificate.subject
            builder = x509.CertificateRevocationListBuilder(
                issuer_name=subject,
                last_update=NOW - dt.timedelta(hours=1),
                next_update=NOW + dt.timedelta(days=7),
            )
            if revoked.issuer == subject:
                builder = builder.add_revoked_certificate(entry)
            lists.append(builder.sign(issuer.private, hashes.SHA256()))
        return replace(self.trust(), revocations=Revocations(lists))


_CANONICAL: Final = {
    **{code: code for code in ("G22", "H41", "H41.02", "G09")},
    "000.00.00.G22": "G22",
    "000.00.00.H41": "H41",
}
