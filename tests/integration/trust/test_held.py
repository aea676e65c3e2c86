from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.clock import ManualClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow.node import Node, open_node
from connector.model.packet import Packet
from connector.model.states import InboxState
from connector.store import inbox, journal
from connector.store.inbox import InboxMessage, NewMessage
from connector.trust.keys import load_key
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.settings import PemKey
from connector.trust.sign import seal

DAY = dt.timedelta(days=1)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def pki(tmp_path: Path, clock: ManualClock) -> DevPki:
    """A PKI of two agencies."""
    organs = [("G22", "Văn phòng Chính phủ"), ("H41", "Nghệ An")]
    return new_dev_pki(tmp_path / "pki", organs, clock=clock, key_type="p256")


@pytest.fixture
def node(tmp_path: Path, pki: DevPki, clock: ManualClock) -> Iterator[Node]:
    """H41's node, which asks for revocation lists and has none."""
    for name in ("crls", "state"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "connector.yaml").write_text(
        f"""config_version: 1
environment: test
state_dir: state
agencies:
  - code: H41
    name: Nghệ An
    key:
      type: pem
      key_file: {pki.key_file("H41")}
      certificate_file: {pki.certificate_file("H41")}
trust: {{anchors_dir: {pki.anchors_dir}, registry_file: {pki.registry_file}, crls_dir: crls}}
broker: {{url: 'amqp://H41@127.0.0.1'}}
"""
    )
    config = load_node(tmp_path / "connector.yaml")
    opened = open_node(config, clock=clock, emitter=Emitter())
    yield opened
    opened.close()


def arrive(node: Node, pki: DevPki, packet: Packet, now: dt.datetime) -> None:
    """Let a packet of G22 arrive."""
    key_file, certificate_file = pki.key_file("G22"), pki.certificate_file("G22")
    settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
    body = node.spool.put(seal(packet, load_key(settings, now=now)).data)
    message = NewMessage(
        user_id="G22",
        message_id="m",
        type="document",
        queue="edoc.H41",
        body_sha256=body.sha256,
        body_size=body.size,
        headers={"edoc-environment": "test", "edoc-receiver": "H41"},
        received_at=now,
    )
    with node.store.begin() as tx:
        assert inbox.receive(tx, message)


def the_row(node: Node) -> InboxMessage:
    """Return the only message."""
    with node.store.read() as tx:
        (row,) = inbox.list_messages(tx, limit=9)
    return row


def events(node: Node) -> list[str]:
    """Return the names of all that was journalled."""
    with node.store.read() as tx:
        return [entry.event for entry in journal.entries(tx, limit=99)]


def publish(
    pki: DevPki,
    directory: Path,
    name: str,
    now: dt.datetime,
    *revoked: int,
    on: dt.datetime | None = None,
) -> None:
    """Put a list of one authority into use; what it revokes it has revoked a day ago, or `on`."""
    authority = pki.directory / "authority"
    path = pki.anchors_dir / "root.crt" if name == "root" else authority / f"{name}.crt"
    issuer = x509.load_pem_x509_certificate(path.read_bytes())
    key = load_pem_private_key((authority / f"{name}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now - DAY).next_update(now + DAY)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(entry.revocation_date(on or now - DAY).build())
    crl = builder.sign(key, hashes.SHA256())
    (directory / f"{name}.crl").write_bytes(crl.public_bytes(Encoding.DER))


def look(node: Node, clock: ManualClock) -> None:
    """Let the daemon's upkeep look at the files until it has taken them over."""
    for _ in range(2):
        clock.sleep(6)
        node.upkeep.step()
    node.admission.pump()


def test_held_until_lists_come(
    *, node: Node, pki: DevPki, clock: ManualClock, packet: Packet, tmp_path: Path
) -> None:
    """Without revocation data a packet waits, undelivered and unanswered; with it, it goes on."""
    arrive(node, pki, packet, clock.now())
    node.admission.pump()
    row = the_row(node)
    assert (row.state, row.verification) == (InboxState.HELD, None)
    assert row.not_before > clock.now()
    assert row.findings[0]["code"] == "EDX-3220"
    for _ in range(20):
        clock.sleep(86400)
        assert node.desk.pump() == 0
        node.admission.pump()
    assert the_row(node).state is InboxState.HELD
    assert {"document_refused", "message_quarantined"}.isdisjoint(events(node))
    for name in ("root", "issuing"):
        publish(pki, tmp_path / "crls", name, clock.now())
    look(node, clock)
    assert the_row(node).state is InboxState.VERIFIED
    names = events(node)
    assert names.count("document_held") == 1
    assert names.count("trust_changed") == 1
    assert names.count("document_verified") == 1


def test_reload_at_once(
    *, node: Node, pki: DevPki, clock: ManualClock, packet: Packet, tmp_path: Path
) -> None:
    """A reload that is asked for takes files over without waiting for a second look."""
    arrive(node, pki, packet, clock.now())
    node.admission.pump()
    for name in ("root", "issuing"):
        publish(pki, tmp_path / "crls", name, clock.now())
    assert node.upkeep.step() == 0
    assert node.upkeep.reload("SIGHUP") == 1
    node.admission.pump()
    assert the_row(node).state is InboxState.VERIFIED
    names = events(node)
    assert names.count("trust_changed") == names.count("operator_acted") == 1
    assert node.upkeep.reload("SIGHUP") == 0
    assert events(node).count("operator_acted") == 2


def test_held_and_then_revoked(
    *, node: Node, pki: DevPki, clock: ManualClock, packet: Packet, tmp_path: Path
) -> None:
    """If the list that comes names the signer, the packet is refused after all."""
    arrive(node, pki, packet, clock.now())
    node.admission.pump()
    assert the_row(node).state is InboxState.HELD
    own = x509.load_pem_x509_certificate(pki.certificate_file("G22").read_bytes())
    publish(pki, tmp_path / "crls", "root", clock.now())
    publish(pki, tmp_path / "crls", "issuing", clock.now(), own.serial_number)
    look(node, clock)
    row = the_row(node)
    assert row.state in {InboxState.REFUSED, InboxState.QUARANTINED}
    assert row.findings[0]["code"] == "EDX-3211"


def test_held_and_revoked_after_it_arrived(
    *, node: Node, pki: DevPki, clock: ManualClock, packet: Packet, tmp_path: Path
) -> None:
    """What counts is the moment of receipt, however long the packet had to wait for a list."""
    came = clock.now()
    arrive(node, pki, packet, came)
    node.admission.pump()
    assert the_row(node).state is InboxState.HELD
    clock.sleep(5 * DAY.total_seconds())
    own = x509.load_pem_x509_certificate(pki.certificate_file("G22").read_bytes())
    publish(pki, tmp_path / "crls", "root", clock.now())
    later = came + dt.timedelta(seconds=1)
    publish(pki, tmp_path / "crls", "issuing", clock.now(), own.serial_number, on=later)
    look(node, clock)
    assert the_row(node).state is InboxState.VERIFIED


def test_a_bad_list_is_told(
    *, node: Node, clock: ManualClock, packet: Packet, tmp_path: Path
) -> None:
    """A file that is no list changes nothing, is journalled, and raises an alarm."""
    (tmp_path / "crls" / "a.crl").write_bytes(b"garbage")
    look(node, clock)
    names = events(node)
    assert names.count("trust_changed") == 1
    assert "alarm_raised" in names
