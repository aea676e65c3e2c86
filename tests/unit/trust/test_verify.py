from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from connector.clock import ManualClock
from connector.edxml.parser import Limits
from connector.errors import ConnectorError, PermanentError, TransientError, TrustError
from connector.model.packet import Packet, Sealed
from connector.trust.anchors import Anchors
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.registry import Trust, load_trust
from connector.trust.sign import seal
from connector.trust.verify import explain, signed_digest, verify

Issue = Callable[..., SigningKey]
Registering = Callable[..., Trust]


def refusal(data: bytes, trust: Trust, at: dt.datetime) -> str:
    """Return the code with which a packet is refused; explain must agree with verify."""
    with pytest.raises((TrustError, PermanentError)) as caught:
        verify(data, trust, at=at)
    verdict = explain(data, trust, at=at)
    assert verdict.verdict == "refused"
    assert verdict.findings == caught.value.findings
    return caught.value.code


def test_a_genuine_packet(
    packet: Packet,
    sealed: Sealed,
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
) -> None:
    """What was signed is what is read, and the signer is named."""
    verified = verify(sealed.data, trust, at=now)
    assert verified.data == packet.data
    assert verified.digest == sealed.digest
    assert verified.reading.envelope.sender.organ_id == "G22"
    assert verified.signer.agencies == ("G22",)
    assert verified.signer.certificate.sha256 == keys["G22"].fingerprint
    assert verified.findings == ()
    assert verified.at == now


def test_the_chain_is_told_up_to_the_anchor(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """The chain goes over the issuing authority to the root that is pinned."""
    chain = verify(sealed.data, trust, at=now).chain
    assert [each.subject.split(",")[0] for each in chain] == [
        "serialNumber=G22",
        "CN=Connector development issuing CA",
        "CN=Connector development root CA",
    ]


def test_stages_of_a_genuine_packet(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """Every stage is on record, in the order of the design."""
    stages = verify(sealed.data, trust, at=now).stages
    assert [(stage.name, stage.outcome) for stage in stages] == [
        ("form", "passed"),
        ("structure", "passed"),
        ("certificate", "passed"),
        ("chain", "passed"),
        ("revocation", "passed"),
        ("signature", "passed"),
        ("content", "passed"),
        ("identity", "passed"),
    ]


def test_the_verdict_is_json(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """A verdict can be stored beside the document and says the same as explain."""
    told = verify(sealed.data, trust, at=now).as_dict()
    assert json.loads(json.dumps(told)) == told == explain(sealed.data, trust, at=now).as_dict()
    assert told["verdict"] == "valid"
    assert told["sender"] == "G22"


def test_a_refusal_names_stage_and_signer(
    sealed: Sealed, trust: Trust, now: dt.datetime, packet_from: Callable[[str], Packet]
) -> None:
    """A refused packet still tells which certificate it carried, and where it stopped."""
    verdict = explain(
        sealed.data.replace(b"<ds:DigestValue>", b"<ds:DigestValue> A"), trust, at=now
    )
    assert verdict.signer is None
    forged = sealed.data.replace(b"05/VPCP", b"06/VPCP")
    verdict = explain(forged, trust, at=now)
    assert verdict.signer is not None
    assert verdict.signer.agencies == ("G22",)
    outcomes = [stage.outcome for stage in verdict.stages]
    assert outcomes == ["passed"] * 5 + ["failed", "not reached", "not reached"]
    assert verdict.stages[5].detail.startswith("EDX-3108")
    assert json.dumps(verdict.as_dict())


def test_an_unsigned_packet(packet: Packet, trust: Trust, now: dt.datetime) -> None:
    """A packet without XML signature is refused as unsigned."""
    assert refusal(packet.data, trust, now) == "EDX-3101"


def test_a_signature_in_the_wrong_namespace(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """An element named Signature of the packet's namespace signs nothing."""
    data = sealed.data.replace(
        b'http://www.w3.org/2000/09/xmldsig#"', b'http://www.mic.gov.vn/TBT/QCVN_102_2016"', 1
    )
    assert refusal(data, trust, now) == "EDX-3101"


def test_bytes_that_are_no_packet(trust: Trust, now: dt.datetime) -> None:
    """The parser's refusal is the first stage's."""
    verdict = explain(b"%PDF-1.7", trust, at=now)
    assert [stage.outcome for stage in verdict.stages] == ["failed"] + ["not reached"] * 7
    with pytest.raises(PermanentError):
        verify(b"%PDF-1.7", trust, at=now)


def test_limits_are_the_parsers(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """A packet over the limit is not even parsed."""
    with pytest.raises(PermanentError) as caught:
        verify(sealed.data, trust, at=now, limits=Limits(max_bytes=1000))
    assert caught.value.code == "EDX-2001"


def test_another_agencys_name(
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
    packet_from: Callable[[str], Packet],
) -> None:
    """An agency cannot sign as another one."""
    forged = seal(packet_from("G22"), keys["H41"])
    assert refusal(forged.data, trust, now) == "EDX-3311"


def test_an_agency_above_signs_for_its_units(
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
    packet_from: Callable[[str], Packet],
) -> None:
    """H41's certificate signs for H41.07; that of H41.02 for neither H41 nor H41.07."""
    unit = seal(packet_from("H41.07"), keys["H41"])
    assert verify(unit.data, trust, at=now).signer.agencies == ("H41",)
    for code in ("H41", "H41.07", "H41.020"):
        assert refusal(seal(packet_from(code), keys["H41.02"]).data, trust, now) == "EDX-3311"


def test_either_spelling_of_the_code(
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
    packet_from: Callable[[str], Packet],
) -> None:
    """The catalogue tells that 000.00.00.G22 is G22; without it the spelling is unknown."""
    old = seal(packet_from("000.00.00.G22"), keys["G22"])
    assert refusal(old.data, trust, now) == "EDX-3311"
    known = replace(trust, canonical={"000.00.00.G22": "G22"}.get)
    assert verify(old.data, known, at=now).reading.envelope.sender.organ_id == "000.00.00.G22"
    assert refusal(seal(packet_from("000.00.00.H41"), keys["G22"]).data, known, now) == "EDX-3311"


def test_an_unregistered_certificate(
    packet: Packet, issue: Issue, trust: Trust, now: dt.datetime, registering: Registering
) -> None:
    """A certificate of the trusted authority signs for nobody until it is registered."""
    key = issue()
    data = seal(packet, key).data
    assert refusal(data, trust, now) == "EDX-3310"
    assert verify(data, registering(key), at=now).signer.agencies == ("G22",)


def test_the_registration_has_a_period(
    packet: Packet, issue: Issue, now: dt.datetime, registering: Registering
) -> None:
    """A certificate that is registered for another time is refused."""
    key = issue()
    data = seal(packet, key).data
    today = now.date()
    day = dt.timedelta(days=1)
    assert refusal(data, registering(key, valid_to=today - day), now) == "EDX-3312"
    assert refusal(data, registering(key, valid_from=today + day), now) == "EDX-3312"
    on_the_day = registering(key, valid_from=today, valid_to=today)
    assert explain(data, on_the_day, at=now).valid


def test_expired_and_not_yet_valid(
    packet: Packet, issue: Issue, now: dt.datetime, registering: Registering
) -> None:
    """Certificates are judged as of the moment of receipt, not of now."""
    key = issue(first=-10, last=10)
    data, trust = seal(packet, key).data, registering(key)
    assert refusal(data, trust, now + dt.timedelta(days=11)) == "EDX-3205"
    assert refusal(data, trust, now - dt.timedelta(days=11)) == "EDX-3206"
    assert verify(data, trust, at=now + dt.timedelta(days=9)).at == now + dt.timedelta(days=9)


def test_an_expired_anchor(
    packet: Packet, issue: Issue, now: dt.datetime, registering: Registering
) -> None:
    """A chain whose authorities have expired does not hold, though the signer's would."""
    key = issue(last=9000)
    data, trust = seal(packet, key).data, registering(key)
    assert refusal(data, trust, now + dt.timedelta(days=8000)) == "EDX-3207"


def test_a_twin_of_the_signer(
    packet: Packet,
    keys: dict[str, SigningKey],
    issue: Issue,
    now: dt.datetime,
    registering: Registering,
) -> None:
    """Same name, own key: neither self-signed nor from an unknown authority is it believed."""
    subject = keys["G22"].certificate.subject
    twin = issue(self_signed=True, subject=subject)
    assert refusal(seal(packet, twin).data, registering(twin), now) == "EDX-3207"
    own = replace(twin, intermediates=())
    assert refusal(seal(packet, own).data, registering(twin), now) == "EDX-3207"


def test_another_pki_of_the_same_names(
    *,
    loading: Callable[[DevPki, str], SigningKey],
    packet: Packet,
    clock: ManualClock,
    now: dt.datetime,
    trust: Trust,
    tmp_path_factory: pytest.TempPathFactory,
    registering: Registering,
) -> None:
    """Authorities are pinned by key, not by name, and never taken from KeyInfo."""
    directory = tmp_path_factory.mktemp("rogue")
    rogue = new_dev_pki(directory, [("G22", "VPCP")], clock=clock, key_type="p256")
    key = loading(rogue, "G22")
    root = load_trust(rogue.anchors_dir, None).anchors.certificates
    for chain in (key.intermediates, (*key.intermediates, *root)):
        data = seal(packet, replace(key, intermediates=chain)).data
        assert refusal(data, registering(key), now) == "EDX-3207"


def test_without_the_intermediate(
    packet: Packet, keys: dict[str, SigningKey], trust: Trust, now: dt.datetime
) -> None:
    """A chain with a hole is refused, unless the issuing authority itself is pinned."""
    key = replace(keys["G22"], intermediates=())
    data = seal(packet, key).data
    assert refusal(data, trust, now) == "EDX-3207"
    pinned = replace(trust, anchors=Anchors(keys["G22"].intermediates))
    assert len(verify(data, pinned, at=now).chain) == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"ca": True}, "EDX-3202"),
        ({"usage": False}, "EDX-3204"),
        ({"usage": None}, "EDX-3204"),
        ({"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, "EDX-3204"),
        ({"purposes": [ExtendedKeyUsageOID.TIME_STAMPING]}, "EDX-3204"),
        ({"private": ec.generate_private_key(ec.SECP256K1())}, "EDX-3203"),
        ({"private": rsa.generate_private_key(65537, 1024)}, "EDX-3203"),  # noqa: S505 - refused
    ],
)
def test_certificates_that_may_not_sign(
    *,
    options: dict[str, object],
    code: str,
    packet: Packet,
    issue: Issue,
    registering: Registering,
    now: dt.datetime,
) -> None:
    """Authorities, foreign purposes and weak keys are refused before any signature is checked."""
    key = issue(**options)
    assert refusal(seal(packet, key).data, registering(key), now) == code


@pytest.mark.parametrize(
    "purpose",
    [
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
    ],
)
def test_purposes_of_agency_certificates(
    purpose: x509.ObjectIdentifier,
    packet: Packet,
    issue: Issue,
    registering: Registering,
    now: dt.datetime,
) -> None:
    """The purposes that government authorities write into agency certificates are accepted."""
    key = issue(purposes=[purpose])
    assert explain(seal(packet, key).data, registering(key), at=now).valid


def test_rsa_signer_under_an_ec_authority(
    packet: Packet, issue: Issue, registering: Registering, now: dt.datetime
) -> None:
    """Kinds of keys may differ along the chain."""
    key = issue(private=rsa.generate_private_key(65537, 2048))
    assert explain(seal(packet, key).data, registering(key), at=now).valid


def test_signed_digest_of_any_bytes(packet: Packet, sealed: Sealed) -> None:
    """The claimed digest is told without trust, nothing for what carries none."""
    assert signed_digest(sealed.data) == sealed.digest
    assert signed_digest(packet.data) is None
    assert signed_digest(b"\x00") is None


def test_a_document_that_cannot_be_read(
    packet: Packet,
    keys: dict[str, SigningKey],
    trust: Trust,
    now: dt.datetime,
    sign_xml: Callable[..., bytes],
) -> None:
    """A genuine signature over a hopeless packet ends at the stage content."""
    data = packet.data.replace(
        b"2026/01/05</edXML:PromulgationDate>", b"x</edXML:PromulgationDate>"
    )
    verdict = explain(sign_xml(data, keys["G22"]), trust, at=now)
    assert [stage.outcome for stage in verdict.stages[5:]] == ["passed", "failed", "not reached"]


@pytest.mark.parametrize(
    ("fault", "expected"), [(KeyError, TrustError), (MemoryError, TransientError)]
)
def test_nothing_but_the_projects_errors(
    *,
    fault: type[Exception],
    expected: type[ConnectorError],
    sealed: Sealed,
    trust: Trust,
    now: dt.datetime,
) -> None:
    """A fault inside a stage refuses the packet; want of memory is tried again later."""

    def broken(_code: str) -> str:
        raise fault("x")

    with pytest.raises(expected, match="EDX-3199"):
        verify(sealed.data, replace(trust, canonical=broken), at=now)
    assert not explain(sealed.data, replace(trust, canonical=broken), at=now).valid
