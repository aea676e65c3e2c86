from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connector.clock import ManualClock, SystemClock
from connector.config.trust import TrustConfig
from connector.edxml.writer import write
from connector.errors import TrustError
from connector.flow.own_signature import OwnSignature
from connector.model.envelope import Document
from connector.model.packet import Packet
from connector.trust.keyring import Keyring
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki
from connector.trust.settings import PemKey
from connector.trust.sign import seal
from connector.trust.trust_source import TrustFiles, TrustSource

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab

Make = Callable[..., Document]


def _settings(pki: DevPki, code: str) -> PemKey:
    key, certificate = pki.key_file(code), pki.certificate_file(code)
    return PemKey(type="pem", key_file=key, certificate_file=certificate)


def _key(pki: DevPki, code: str) -> SigningKey:
    return load_key(_settings(pki, code), now=SystemClock().now())


def _signed(document: Document, key: SigningKey) -> bytes:
    return seal(Packet((write(document),), document), key).data


def test_without_and_with_its_own_signature(lab: Lab, document: Make) -> None:
    """A packet that nobody signed is sent, and so is one that its sender signed."""
    g22 = lab.member("G22", connect=False)
    first, second = document(), document("06")
    packet_id, fresh = g22.operator.send(write(first))
    assert fresh
    assert packet_id == g22.sealed(first).sealed.packet_id
    assert g22.operator.send(g22.sealed(second).sealed.data)[1]


def test_broken_signature(lab: Lab, document: Make) -> None:
    """A packet that was changed after it was signed is not signed again; nothing is queued."""
    g22 = lab.member("G22", connect=False)
    sealed = g22.sealed(document()).sealed
    changed = sealed.data.replace("liên thông".encode(), "liên thong".encode())
    assert changed != sealed.data
    with pytest.raises(TrustError) as caught:
        g22.operator.send(changed)
    assert [each.code for each in caught.value.findings] == ["EDX-3108"]
    assert "document_sealed" not in g22.events()
    assert g22.operator.send(sealed.data) == (sealed.packet_id, True)


def test_signature_of_another(lab: Lab, lab_pki: DevPki, document: Make) -> None:
    """What another signed does not get our name, unbroken or not."""
    g22 = lab.member("G22", connect=False)
    foreign = _signed(document(), _key(lab_pki, "H41"))
    with pytest.raises(TrustError) as caught:
        g22.operator.send(foreign)
    assert [each.code for each in caught.value.findings] == ["EDX-4112", "EDX-3311"]
    assert "G22" in caught.value.findings[0].en
    assert "document_sealed" not in g22.events()


@pytest.mark.parametrize(
    ("signer", "sender", "held", "refused"),
    [
        ("G22", "G22", ("G22",), ()),
        ("G22", "G22", (), ()),  # registered, although its key is not on this node
        ("H41", "H41.02", ("H41",), ()),  # the agency above
        ("H41", "H41.02", (), ()),
        ("H41.02", "H41", ("H41",), ("EDX-4112", "EDX-3311")),
        ("G09", "G22", ("G22", "G09"), ("EDX-4112", "EDX-3311")),
    ],
)
def test_whose_signature_may_be_replaced(
    lab_pki: DevPki,
    document: Make,
    signer: str,
    sender: str,
    held: tuple[str, ...],
    refused: tuple[str, ...],
) -> None:
    """It is the sender's own: a key of its agency on this node, or one that the registry names."""
    clock = ManualClock(SystemClock().now())
    files = TrustFiles(
        config=TrustConfig(anchors_dir=lab_pki.anchors_dir, registry_file=lab_pki.registry_file)
    )
    own = OwnSignature(
        Keyring({code: (_settings(lab_pki, code),) for code in held}, clock=clock),
        TrustSource(files, clock=clock, canonical=lambda code: code),
        clock,
    )
    data = _signed(document(sender=sender), _key(lab_pki, signer))
    if not refused:
        own.insist(data, agency=sender.partition(".")[0], sender=sender)
        return
    with pytest.raises(TrustError) as caught:
        own.insist(data, agency=sender, sender=sender)
    assert tuple(each.code for each in caught.value.findings) == refused
