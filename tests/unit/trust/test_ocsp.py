from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connector.errors import TrustError
from connector.model.packet import Sealed
from connector.trust.keys import SigningKey
from connector.trust.ocsp import OcspCache, check_answer
from connector.trust.pki import DevPki
from connector.trust.registry import Trust
from connector.trust.revocation import Revocations
from connector.trust.revocation_facts import Link, RevocationUnknown
from connector.trust.verify import verify

DAY = dt.timedelta(days=1)
OCSP_SIGNING = (ExtendedKeyUsageOID.OCSP_SIGNING,)


class Responder:
    """Makes answers of the issuing authority, genuine and otherwise."""

    def __init__(self, pki: DevPki, keys: dict[str, SigningKey], now: dt.datetime) -> None:
        path = pki.directory / "authority" / "issuing.key"
        key = load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.key = key
        self.issuer = keys["G22"].intermediates[0]
        self.link = Link(keys["G22"].certificate, self.issuer)
        self.now = now

    def answer(
        self,
        *,
        about: x509.Certificate | None = None,
        by: tuple[x509.Certificate, Any] | None = None,
        enclosed: Sequence[x509.Certificate] = (),
        made: float = -1,
        due: float | None = 1,
        revoked: float | None = None,
        unknown: bool = False,
        digest: hashes.HashAlgorithm | None = None,
        named: hashes.HashAlgorithm | None = None,
        by_name: bool = False,
    ) -> bytes:
        """Return an answer in DER; days count from now."""
        status = ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED
        signer, key = by or (self.issuer, self.key)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about or self.link.certificate,
            issuer=self.issuer,
            algorithm=named or hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.UNKNOWN if unknown else status,
            this_update=self.now + made * DAY,
            next_update=None if due is None else self.now + due * DAY,
            revocation_time=None if revoked is None else self.now + revoked * DAY,
            revocation_reason=None,
        )
        encoding = ocsp.OCSPResponderEncoding
        builder = builder.responder_id(encoding.NAME if by_name else encoding.HASH, signer)
        if enclosed:
            builder = builder.certificates(enclosed)
        return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def delegate(
        self,
        *,
        purposes: Sequence[x509.ObjectIdentifier] = OCSP_SIGNING,
        nocheck: bool = True,
        last: int = 9,
        by: Any = None,
        key: Any = None,
        name: x509.Name | None = None,
    ) -> tuple[x509.Certificate, Any]:
        """Return the certificate and key of a responder that the authority authorised."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP")]))
            .issuer_name(self.issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - 9 * DAY)
            .not_valid_after(self.now + last * DAY)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if nocheck:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return builder.sign(by or self.key, hashes.SHA256()), key


@pytest.fixture
def responder(pki: DevPki, keys: dict[str, SigningKey], now: dt.datetime) -> Responder:
    """A maker of answers."""
    return Responder(pki, keys, now)


@pytest.mark.parametrize("named", [hashes.SHA256(), hashes.SHA512()])
def test_answers_of_the_authority_itself(responder: Responder, named: hashes.SHA256) -> None:
    """The authority's own answer counts, however it names the certificate."""
    data = responder.answer(named=named)
    fact = check_answer(data, responder.link, now=responder.now)
    assert (fact.source, fact.revoked_at) == ("ocsp", None)
    assert fact.due == responder.now.replace(microsecond=0) + DAY


def test_answers_of_an_authorised_responder(responder: Responder) -> None:
    """A responder may answer with a certificate of the same authority for that purpose."""
    own, key = responder.delegate()
    data = responder.answer(by=(own, key), enclosed=[own], revoked=-1)
    fact = check_answer(data, responder.link, now=responder.now)
    assert fact.revoked_by(responder.now)
    assert not fact.revoked_by(responder.now - 2 * DAY)


def test_answers_signed_with_rsa(responder: Responder) -> None:
    """RSA (PKCS#1) counts as well as ECDSA."""
    own, key = responder.delegate(key=rsa.generate_private_key(65537, 2048))
    data = responder.answer(by=(own, key), enclosed=[own])
    assert check_answer(data, responder.link).revoked_at is None


def test_an_answer_without_an_end(responder: Responder) -> None:
    """An answer without nextUpdate counts for one day."""
    fact = check_answer(responder.answer(due=None, made=-0.5), responder.link, now=responder.now)
    assert fact.due - fact.made == DAY
    with pytest.raises(TrustError, match="outdated"):
        check_answer(responder.answer(due=None, made=-2), responder.link, now=responder.now)


def _stranger(responder: Responder) -> bytes:
    own, key = responder.delegate(by=ec.generate_private_key(ec.SECP256R1()))
    return responder.answer(by=(own, key), enclosed=[own])


def _delegated(**options: Any) -> Callable[[Responder], bytes]:
    def make(responder: Responder) -> bytes:
        own, key = responder.delegate(**options)
        return responder.answer(by=(own, key), enclosed=[own])

    return make


def _unenclosed(responder: Responder) -> bytes:
    return responder.answer(by=responder.delegate())


def _twin(responder: Responder) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    own, _ = responder.delegate(name=responder.issuer.subject, key=key, by=key)
    return responder.answer(by=(own, key), enclosed=[own], by_name=True)


def _changed(responder: Responder) -> bytes:
    data = bytearray(responder.answer())
    data[-20] ^= 1
    return bytes(data)


WRONG: dict[str, tuple[Callable[[Responder], bytes], str]] = {
    "garbage": (lambda _: b"garbage", "EDX-3226"),
    "nothing": (lambda _: b"", "EDX-3226"),
    "try later": (
        lambda _: ocsp.OCSPResponseBuilder.build_unsuccessful(
            ocsp.OCSPResponseStatus.TRY_LATER
        ).public_bytes(Encoding.DER),
        "try_later",
    ),
    "another certificate": (lambda r: r.answer(about=r.issuer), "0 parts"),
    "unknown": (lambda r: r.answer(unknown=True), "does not know"),
    "outdated": (lambda r: r.answer(made=-3, due=-1), "outdated"),
    "of the future": (lambda r: r.answer(made=0.5), "future"),
    "weak hash": (lambda r: r.answer(digest=hashes.SHA224()), "sha224"),
    "changed": (_changed, "EDX-3226"),
    "twin": (_twin, "signature is wrong"),
    "responder unknown": (_unenclosed, "not enclosed"),
    "responder of a stranger": (_stranger, "not of the same issuer"),
    "responder for other things": (
        _delegated(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
        "not for OCSP",
    ),
    "responder for anything": (_delegated(purposes=()), "lacks OCSPSigning"),
    "responder to be checked": (_delegated(nocheck=False), "nocheck"),
    "responder expired": (_delegated(last=-1), "not valid then"),
    "responder with a weak key": (
        _delegated(key=ec.generate_private_key(ec.SECP192R1())),
        "not accepted",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_answers_that_do_not_count(name: str, responder: Responder, tmp_path: Path) -> None:
    """Whatever is not proved and current is refused, and never kept."""
    make, reason = WRONG[name]
    data = make(responder)
    with pytest.raises(TrustError, match=reason):
        check_answer(data, responder.link, now=responder.now)
    cache = OcspCache(tmp_path / "ocsp")
    with pytest.raises(TrustError, match="EDX-3226"):
        cache.put(responder.link, data, now=responder.now)
    assert cache.fact(responder.link) is None


def test_kept_answers_decide(
    *, responder: Responder, sealed: Sealed, trust: Trust, now: dt.datetime, tmp_path: Path
) -> None:
    """Verification reads kept answers; a revoked signer is refused by one."""
    chain = (responder.link.certificate, responder.issuer)
    cache = OcspCache(tmp_path / "ocsp")
    found = Revocations(answers=cache)
    with pytest.raises(RevocationUnknown, match="EDX-3220"):
        found.check(chain, now)
    cache.put(responder.link, responder.answer(), now=now)
    assert [each.code for each in found.check(chain, now)] == ["EDX-3215"]
    with pytest.raises(RevocationUnknown) as caught:
        verify(sealed.data, replace(trust, revocations=found), at=now)
    assert [link.certificate for link in caught.value.links] == [responder.issuer]
    cache.put(responder.link, responder.answer(made=-0.5, revoked=-0.7), now=now)
    with pytest.raises(TrustError, match="EDX-3211"):
        verify(sealed.data, replace(trust, revocations=found), at=now)


def test_a_newer_answer_is_not_replaced(responder: Responder, tmp_path: Path) -> None:
    """An older answer, though genuine, cannot hide a revocation."""
    cache = OcspCache(tmp_path / "ocsp")
    cache.put(responder.link, responder.answer(made=-0.5, revoked=-0.7), now=responder.now)
    cache.put(responder.link, responder.answer(made=-0.9), now=responder.now)
    fact = cache.fact(responder.link)
    assert fact is not None
    assert fact.revoked_at is not None


def test_a_changed_file_of_the_cache(responder: Responder, tmp_path: Path) -> None:
    """A kept answer is proved again when it is read; a damaged one counts as none."""
    directory = tmp_path / "ocsp"
    OcspCache(directory).put(responder.link, responder.answer(), now=responder.now)
    (path,) = directory.iterdir()
    assert [each.certificate for each in OcspCache(directory).links()] == [
        responder.link.certificate
    ]
    whole = path.read_bytes()
    for damaged in (whole[:-300], whole.replace(b"RESPONSE", b"ANSWER"), b""):
        path.write_bytes(damaged)
        assert OcspCache(directory).fact(responder.link) is None
    assert list(OcspCache(directory).links()) == []
    forged = OcspCache(tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / path.name).write_bytes(b"-----BEGIN OCSP RESPONSE-----\n!!!!\n-----END")
    assert forged.fact(responder.link) is None


def test_lists_and_answers_together(
    responder: Responder, pki: DevPki, now: dt.datetime, tmp_path: Path
) -> None:
    """Either source that says revoked is enough; of two good ones the later decides."""
    chain = (responder.link.certificate, responder.issuer)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(responder.issuer.subject)
        .last_update(now - DAY)
        .next_update(now + 5 * DAY)
        .sign(responder.key, hashes.SHA256())
    )
    cache = OcspCache(tmp_path / "ocsp")
    cache.put(responder.link, responder.answer(), now=now)
    found = Revocations([crl], answers=cache)
    assert [fact.source for fact in found.assess(chain, now).facts] == ["crl"]
    cache.put(responder.link, responder.answer(due=9), now=now)
    assert [fact.source for fact in found.assess(chain, now).facts] == ["ocsp"]
    cache.put(responder.link, responder.answer(made=-0.5, revoked=-0.6), now=now)
    with pytest.raises(TrustError, match="EDX-3211"):
        found.assess(chain, now)
