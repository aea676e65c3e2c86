from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.errors import ConfigError, NoInputError, Severity, TransientError, TrustError
from connector.model.packet import Sealed
from connector.trust.crl import RevocationList
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.registry import Trust, load_trust
from connector.trust.revocation import Revocations
from connector.trust.revocation_facts import RevocationPolicy, RevocationUnknown
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
        invalid: int | None = None,
        extension: x509.ExtensionType | None = None,
        critical: bool = False,
        digest: hashes.SHA224 | None = None,
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
            entry = entry.revocation_date(self.now + since * DAY)
            if invalid is not None:
                lost = x509.InvalidityDate(_naive(self.now + invalid * DAY))
                entry = entry.add_extension(lost, critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        if extension is not None:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(key or own, digest or hashes.SHA256())


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def idp(**parts: Any) -> x509.IssuingDistributionPoint:
    """Return the scope of a list of a part of an authority's certificates."""
    whole: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(whole | parts))


@pytest.fixture
def lists(pki: DevPki, now: dt.datetime) -> Lists:
    """A maker of revocation lists."""
    return Lists(pki, now)


@pytest.fixture
def findings_of(sealed: Sealed, trust: Trust, now: dt.datetime) -> Callable[..., list[str]]:
    """Return the codes found in a genuine packet with some lists, in the order of the chain."""

    def judge(*found: Crl, days: int = 0, **policy: Any) -> list[str]:
        rule = RevocationPolicy(**policy) if policy else None
        using = replace(trust, revocations=Revocations(found, policy=rule))
        moment = now + days * DAY
        return [each.code for each in explain(sealed.data, using, at=moment).findings]

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
    verified = verify(sealed.data, replace(trust, revocations=future), at=now)
    assert {each.severity for each in verified.findings} == {Severity.INFO}


def test_the_day_of_revocation_is_exact(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """At the moment of revocation the certificate is worthless already."""
    own, root = keys["G22"].certificate, lists.make(name="root")
    assert findings_of(lists.make(own, since=0), root) == ["EDX-3211"]


def test_a_key_that_was_lost_earlier(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """The date of invalidity counts if it lies before the revocation."""
    own, root = keys["G22"].certificate, lists.make(name="root")
    assert findings_of(lists.make(own, since=1, invalid=-1), root) == ["EDX-3211"]
    assert findings_of(lists.make(own, since=1, invalid=1), root) == ["EDX-3215"] * 2


def test_a_revoked_authority(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """With its authority every certificate below falls."""
    issuing = keys["G22"].intermediates[0]
    assert findings_of(lists.make(), lists.make(issuing, name="root")) == ["EDX-3211"]


def test_fresh_lists_decide(lists: Lists, findings_of: Callable[..., list[str]]) -> None:
    """A fresh list of each authority decides, and the verdict says on which data it rests."""
    assert findings_of() == []
    assert findings_of(lists.make(), lists.make(name="root")) == ["EDX-3215", "EDX-3215"]


@pytest.mark.parametrize(
    ("due", "hold", "codes"),
    [
        (0, True, ["EDX-3215", "EDX-3215"]),
        (-1, True, ["EDX-3213", "EDX-3215"]),
        (-3, True, ["EDX-3213", "EDX-3215"]),
        (-4, True, ["EDX-3221", "EDX-3215"]),
        (-4, False, ["EDX-3213", "EDX-3215"]),
    ],
)
def test_lists_that_are_old(
    *, due: int, hold: bool, codes: list[str], lists: Lists, findings_of: Callable[..., list[str]]
) -> None:
    """A list overdue within the policy counts with a warning; beyond it the packet waits."""
    found = (lists.make(due=due, made=-9), lists.make(name="root"))
    assert findings_of(*found, max_age=3 * DAY, hold=hold) == codes


def test_a_warning_names_the_age(
    sealed: Sealed, trust: Trust, lists: Lists, now: dt.datetime
) -> None:
    """Of an overdue list both ages are named: since it was made, and since it was due."""
    found = Revocations([lists.make(due=-2, made=-9), lists.make(name="root")])
    warning, _ = verify(sealed.data, replace(trust, revocations=found), at=now).findings
    assert warning.severity is Severity.WARNING
    assert "9 days old and 2 days overdue" in warning.en


def test_without_data_a_packet_waits(
    sealed: Sealed, trust: Trust, lists: Lists, keys: dict[str, SigningKey], now: dt.datetime
) -> None:
    """Missing data is no refusal: the error is transient and names what is missing."""
    using = replace(trust, revocations=Revocations([lists.make(name="root")]))
    with pytest.raises(RevocationUnknown, match="EDX-3220") as caught:
        verify(sealed.data, using, at=now)
    assert isinstance(caught.value, TransientError)
    (link,) = caught.value.links
    assert link.certificate == keys["G22"].certificate
    assert link.issuer == keys["G22"].intermediates[0]
    verify(
        sealed.data,
        replace(trust, revocations=Revocations([lists.make(), lists.make(name="root")])),
        at=now,
    )


def test_accepting_without_data(lists: Lists, findings_of: Callable[..., list[str]]) -> None:
    """The policy may let packets pass without data, but never without a warning."""
    root = lists.make(name="root")
    assert findings_of(root, hold=False) == ["EDX-3212", "EDX-3215"]
    assert findings_of(hold=False) == ["EDX-3212", "EDX-3212"]


def test_a_policy_without_revocation(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """Switched off, not even a list that is there is consulted."""
    assert findings_of(lists.make(keys["G22"].certificate), crls=False) == []


def test_only_the_newest_genuine_list_counts(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """A list by another key of the same name is none; an older one is superseded."""
    own, root = keys["G22"].certificate, lists.make(name="root")
    forged = lists.make(own, key=ec.generate_private_key(ec.SECP256R1()))
    assert findings_of(forged, root) == ["EDX-3220", "EDX-3215"]
    found = (lists.make(own, made=-3), lists.make(made=-1), root)
    assert findings_of(*found) == ["EDX-3215", "EDX-3215"]


def test_a_list_made_after_the_packet_came(
    lists: Lists, keys: dict[str, SigningKey], findings_of: Callable[..., list[str]]
) -> None:
    """What was held is judged as of its receipt, by a list that was made later."""
    own = keys["G22"].certificate
    root = lists.make(name="root", due=9)
    late = lists.make(own, since=2, made=3, due=9)
    assert findings_of(late, root) == ["EDX-3215", "EDX-3215"]
    assert findings_of(late, root, days=2) == ["EDX-3211"]


@pytest.mark.parametrize(
    ("extension", "critical"),
    [
        (x509.DeltaCRLIndicator(1), True),
        (idp(indirect_crl=True), True),
        (idp(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True),
        (idp(only_contains_attribute_certs=True), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
    ],
)
def test_lists_of_no_use(extension: x509.ExtensionType, lists: Lists, *, critical: bool) -> None:
    """Delta lists, indirect ones and those that say less than all are refused as a whole."""
    with pytest.raises(ConfigError, match="EDX-3222"):
        Revocations([lists.make(extension=extension, critical=critical)])


def test_lists_over_weak_hashes(lists: Lists) -> None:
    """A list signed over a weak hash is none."""
    with pytest.raises(ConfigError, match="sha224"):
        Revocations([lists.make(digest=hashes.SHA224())])


@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        (idp(only_contains_user_certs=True), ["EDX-3215", "EDX-3215"]),
        (idp(only_contains_ca_certs=True), ["EDX-3220", "EDX-3215"]),
        (idp(full_name=[x509.UniformResourceIdentifier("http://a/1.crl")]), None),
    ],
)
def test_lists_of_a_part(
    *,
    scope: x509.IssuingDistributionPoint,
    codes: list[str] | None,
    lists: Lists,
    findings_of: Callable[..., list[str]],
) -> None:
    """A list of a part of an authority's certificates says nothing about the others."""
    found = findings_of(lists.make(extension=scope, critical=True), lists.make(name="root"))
    assert found == (codes or ["EDX-3220", "EDX-3215"])


def test_lists_from_a_directory(
    *,
    pki: DevPki,
    lists: Lists,
    keys: dict[str, SigningKey],
    sealed: Sealed,
    now: dt.datetime,
    tmp_path: Path,
) -> None:
    """Files in PEM and DER are read."""
    crl = lists.make(keys["G22"].certificate)
    for name, form in (("a.crl", Encoding.DER), ("b.pem", Encoding.PEM)):
        path = tmp_path / name
        path.write_bytes(crl.public_bytes(form))
        trust = load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path)
        assert [each.code for each in explain(sealed.data, trust, at=now).findings] == ["EDX-3211"]
        path.unlink()


def test_wrong_files_among_the_lists(pki: DevPki, lists: Lists, tmp_path: Path) -> None:
    """Each wrong file is named; nothing of the directory counts."""
    good = lists.make().public_bytes(Encoding.PEM)
    (tmp_path / "a.crl").write_bytes(b"garbage")
    (tmp_path / "b.pem").write_bytes(good * 2)
    delta = lists.make(extension=x509.DeltaCRLIndicator(1), critical=True)
    (tmp_path / "c.crl").write_bytes(delta.public_bytes(Encoding.DER))
    (tmp_path / "d.crl").write_bytes(good)
    with pytest.raises(ConfigError) as caught:
        load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path)
    found = [(each.code, Path(each.place).name) for each in caught.value.findings]
    assert found == [("EDX-3214", "a.crl"), ("EDX-3214", "b.pem"), ("EDX-3222", "c.crl")]
    with pytest.raises(NoInputError, match="EDX-3214"):
        load_trust(pki.anchors_dir, pki.registry_file, crls_dir=tmp_path / "none")


@pytest.mark.parametrize("usage", [False, True])
def test_lists_of_those_who_may_not_sign_them(
    *, usage: bool, issue: Callable[..., SigningKey], now: dt.datetime
) -> None:
    """Neither an agency nor an authority without cRLSign can make a list of its own."""
    for ca in (False, True):
        key = issue(usage=usage, ca=ca)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(key.certificate.subject)
            .last_update(now - DAY)
            .next_update(now + DAY)
            .sign(key.private, hashes.SHA256())
        )
        assert not RevocationList(crl).signed_by(key.certificate)


def test_an_authority_without_key_usage(issue: Callable[..., SigningKey], now: dt.datetime) -> None:
    """Where a certificate of an authority says nothing of its use, its lists count."""
    for ca, counts in ((True, True), (False, False)):
        key = issue(usage=None, ca=ca)
        builder = x509.CertificateRevocationListBuilder().issuer_name(key.certificate.subject)
        crl = builder.last_update(now).next_update(now + DAY).sign(key.private, hashes.SHA256())
        assert RevocationList(crl).signed_by(key.certificate) is counts


def test_a_fact_can_be_stored(lists: Lists, keys: dict[str, SigningKey], now: dt.datetime) -> None:
    """What a verdict rests on is JSON-ready."""
    chain = (keys["G22"].certificate, *keys["G22"].intermediates)
    (fact,) = Revocations([lists.make()]).assess(chain, now).facts
    assert fact.as_dict()["source"] == "crl"
    assert fact.as_dict()["revoked_at"] is None
