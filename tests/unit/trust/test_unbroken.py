from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.edxml.reader import read
from connector.errors import PermanentError, TrustError
from connector.model.packet import Packet, Sealed
from connector.trust.keys import SigningKey
from connector.trust.unbroken import unbroken_signer

FIXTURES = [HealthCheck.function_scoped_fixture]
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
Sign = Callable[..., bytes]
Issue = Callable[..., SigningKey]


def code_of(data: bytes) -> str:
    """Return the code with which bytes are refused."""
    with pytest.raises((TrustError, PermanentError)) as caught:
        unbroken_signer(data)
    return caught.value.code


def test_nobody_signed(packet: Packet) -> None:
    """A packet without any element of the signature namespace has no signer."""
    assert unbroken_signer(packet.data) is None


def test_who_signed(sealed: Sealed, keys: dict[str, SigningKey]) -> None:
    """An unbroken signature names its signer's certificate."""
    assert unbroken_signer(sealed.data) == keys["G22"].certificate


@pytest.mark.parametrize("prefix", ["", "ds"])
def test_signatures_of_others(packet: Packet, issue: Issue, sign_xml: Sign, prefix: str) -> None:
    """Who is trusted, registered or in force is not asked here; both styles are read."""
    key = issue(self_signed=True, first=-9, last=-3)
    signed = sign_xml(packet.data, key, prefix=prefix)
    assert unbroken_signer(signed) == key.certificate


def test_changed_content(sealed: Sealed) -> None:
    """What was changed after it was signed is refused with the verifier's code."""
    changed = sealed.data.replace("thử nghiệm".encode(), "thử nghiêm".encode(), 1)
    assert changed != sealed.data
    assert code_of(changed) == "EDX-3108"


def test_changed_value(sealed: Sealed) -> None:
    """Another SignatureValue is refused too."""
    start = sealed.data.index(b"SignatureValue>") + len(b"SignatureValue>")
    byte = b"A" if sealed.data[start : start + 1] != b"A" else b"B"
    assert code_of(sealed.data[:start] + byte + sealed.data[start + 1 :]) == "EDX-3108"


def test_wrong_shapes(
    packet: Packet, sealed: Sealed, keys: dict[str, SigningKey], sign_xml: Sign
) -> None:
    """The shape is checked as that of received packets, whether the values fit or not."""
    again = sign_xml(sealed.data, keys["G22"], at=b"</edXML:edXMLEnvelope>")
    assert code_of(again) == "EDX-3102"
    alone = packet.data.replace(
        b"</edXML:edXMLHeader>",
        b'<X509Data xmlns="http://www.w3.org/2000/09/xmldsig#"/></edXML:edXMLHeader>',
    )
    assert code_of(alone) == "EDX-3101"
    assert code_of(sign_xml(packet.data, keys["G22"], digest=SHA1)) == "EDX-3104"
    none = sign_xml(packet.data, keys["G22"], certificates=keys["G22"].intermediates)
    assert code_of(none) == "EDX-3202"


def test_a_signer_that_may_never_sign(packet: Packet, issue: Issue, sign_xml: Sign) -> None:
    """Keys and certificates that no receiver would accept are refused before they cost anything."""
    assert code_of(sign_xml(packet.data, issue(usage=False))) == "EDX-3204"


def test_no_packet() -> None:
    """Bytes that are no XML of ours are refused by the one parser."""
    assert code_of(b"<a><!-- x --></a>").startswith("EDX-2")


def test_damaged_namespace(sealed: Sealed) -> None:
    """A signature that is none by its namespace is a broken one, not an absent one."""
    changed = sealed.data.replace(b"2000/09/xmldsig#", b"2000/09/xmldsig'", 1)
    assert code_of(changed).startswith("EDX-31")


@settings(max_examples=300, deadline=None, suppress_health_check=FIXTURES)
@given(place=st.integers(0, 10**9), byte=st.integers(0, 255))
def test_any_changed_byte(
    *, place: int, byte: int, sealed: Sealed, keys: dict[str, SigningKey]
) -> None:
    """A signature is refused, or its signer's; one that is none any more is not readable."""
    data = bytearray(sealed.data)
    data[place % len(data)] = byte
    try:
        signer = unbroken_signer(bytes(data))
    except (TrustError, PermanentError):
        return
    if signer is None:
        with pytest.raises(PermanentError):
            read(bytes(data))
    else:
        assert signer.public_key() == keys["G22"].certificate.public_key()
