"""The link to the broker with TLS, set up as docs/operator.md tells (QĐ 28/2018 Đ12)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connector.broker.consumer import Consumer
from connector.broker.message import Incoming, OutcomeKind, Outgoing
from connector.broker.private import PrivateNode
from connector.broker.probe import probe
from connector.broker.publisher import Publisher
from connector.broker.server import environment, programs
from connector.broker.settings import BrokerSettings
from connector.broker.topology import apply, plan, queues_of
from connector.clock import SystemClock
from connector.config.node import load_node
from connector.events import AlarmRaised, Event
from connector.flow.links import agency_broker

pytestmark = pytest.mark.broker

SECRET = "a-throw-away-password"
CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
{password}trust: {{anchors_dir: anchors}}
broker:
  url: {scheme}://127.0.0.1:{port}/
  tls: {{ca_file: {ca}, certificate_file: g22.crt, key_file: g22.key}}
"""
PASSWORD = "    broker_password: {file: secret}\n"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the tests."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def issue(name: str, issuer: Authority | None, directory: Path, file: str) -> Authority:
    """Write FILE.crt and FILE.key; without an issuer a certificate that signs others."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(local), critical=False)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    (directory / f"{file}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / f"{file}.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (directory / f"{file}.key").chmod(0o600)
    return Authority(key, certificate)


@dataclass(frozen=True, slots=True)
class SecureBroker:
    """A private node with a TLS port that asks for client certificates."""

    node: PrivateNode
    port: int
    directory: Path

    def settings(
        self, *, ca: str = "ca.crt", password: bool = True, scheme: str = "amqps"
    ) -> BrokerSettings:
        """Return what the node makes of such a connector.yaml."""
        text = CONFIG.format(
            port=self.port, ca=ca, scheme=scheme, password=PASSWORD if password else ""
        )
        file = self.directory / "connector.yaml"
        file.write_text(text, encoding="utf-8")
        config = load_node(file)
        return agency_broker(config.broker, config.agencies[0])


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """Start a node that speaks TLS, with G22 connected."""
    directory = tmp_path_factory.mktemp("tls")
    authority = issue("Test CA", None, directory, "ca")
    issue("Another CA", None, directory, "another")
    issue("localhost", authority, directory, "server")
    issue("G22", authority, directory, "g22")
    (directory / "secret").write_text(SECRET, encoding="utf-8")
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port = int(probe_socket.getsockname()[1])
    extra = {
        "listeners.ssl.1": f"127.0.0.1:{port}",
        "ssl_options.cacertfile": str(directory / "ca.crt"),
        "ssl_options.certfile": str(directory / "server.crt"),
        "ssl_options.keyfile": str(directory / "server.key"),
        "ssl_options.verify": "verify_peer",
        "ssl_options.fail_if_no_peer_cert": "true",
        "ssl_options.versions.1": "tlsv1.2",
        "auth_mechanisms.1": "PLAIN",
        "auth_mechanisms.2": "EXTERNAL",
        "ssl_cert_login_from": "common_name",
    }
    with PrivateNode(directory / "node", disposable=True, extra=extra) as node:
        enable_certificate_login(node)
        apply(node.management(), plan(["G22"]), {"G22": SECRET}, settle_seconds=0)
        yield SecureBroker(node, port, directory)


def enable_certificate_login(node: PrivateNode) -> None:
    """Enable the plugin with which a certificate takes the place of a password."""
    command = programs()[0].with_name("rabbitmq-plugins")
    environ = environment(node._layout, node._running_ports())
    subprocess.run(
        [str(command), "enable", "rabbitmq_auth_mechanism_ssl"],
        env=environ,
        check=True,
        capture_output=True,
    )


def exchange_with_oneself(settings: BrokerSettings) -> Incoming:
    """Send a message to G22 as G22, and take it."""
    events: list[Event] = []
    publisher = Publisher(settings, events.append)
    consumer = Consumer(settings, queues_of("G22"), 10, events.append)
    publisher.start()
    consumer.start()
    try:
        assert publisher.wait_connected(20), events
        publisher.submit(
            Outgoing(
                key=("packet", "G22"),
                exchange="edoc",
                routing_key="G22",
                body=b"<edXML/>",
                message_id="packet",
                type="document",
                correlation_id=None,
                user_id="G22",
                headers={},
            )
        )
        outcomes = publisher.outcomes(20)
        assert [outcome.kind for outcome in outcomes] == [OutcomeKind.CONFIRMED]
        message = consumer.receive(20)
        assert message is not None
        consumer.ack([message.tag])
        return message
    finally:
        publisher.stop()
        consumer.stop()


def test_documents_travel_over_tls_with_a_password(secure: SecureBroker) -> None:
    """With CA, client certificate and password a message goes out and comes in."""
    message = exchange_with_oneself(secure.settings())
    assert (message.user_id, message.body) == ("G22", b"<edXML/>")


def test_documents_travel_over_tls_with_the_certificate_alone(secure: SecureBroker) -> None:
    """Without any password the certificate's common name is the broker's user."""
    settings = secure.settings(password=False)
    assert settings.tls is not None
    assert settings.tls.external
    message = exchange_with_oneself(settings)
    assert (message.user_id, message.body) == ("G22", b"<edXML/>")


def test_a_broker_of_another_authority_is_not_spoken_to(secure: SecureBroker) -> None:
    """A broker whose certificate our CA file does not vouch for gets nothing from us."""
    settings = secure.settings(ca="another.crt")
    problem = probe(settings)
    assert problem is not None
    assert "certificate verify failed" in problem.en
    events: list[Event] = []
    publisher = Publisher(settings, events.append)
    publisher.start()
    try:
        assert not publisher.wait_connected(3)
    finally:
        publisher.stop()
    assert any(isinstance(event, AlarmRaised) for event in events), events


def test_a_renewed_certificate_is_shown_at_the_next_connection(secure: SecureBroker) -> None:
    """Files of certificates may be replaced under a running node; broken ones are an alarm."""
    settings = secure.settings()
    events: list[Event] = []
    publisher = Publisher(settings, events.append)
    certificate = secure.directory / "g22.crt"
    kept = certificate.read_bytes()
    publisher.start()
    try:
        assert publisher.wait_connected(20), events
        certificate.write_bytes(b"half of it")
        _end_connections(secure)
        _until(lambda: any(isinstance(event, AlarmRaised) for event in events))
        codes = [event.error_code for event in events if isinstance(event, AlarmRaised)]
        assert set(codes) == {"EDX-6032"}
        certificate.write_bytes(kept)
        assert publisher.wait_connected(30), events
    finally:
        certificate.write_bytes(kept)
        publisher.stop()


def _end_connections(secure: SecureBroker) -> None:
    secure.node.control("close_all_connections", "the administrator's wish")


def _until(condition: Callable[[], bool]) -> None:
    clock = SystemClock()
    end = clock.monotonic() + 30
    while not condition():
        assert clock.monotonic() < end, "it did not come about"
        clock.sleep(0.05)


def test_without_a_client_certificate_the_broker_refuses(secure: SecureBroker) -> None:
    """The broker of this set-up lets nobody in who shows no certificate."""
    text = CONFIG.format(port=secure.port, ca="ca.crt", scheme="amqps", password=PASSWORD)
    file = secure.directory / "connector.yaml"
    file.write_text(
        text.replace(", certificate_file: g22.crt, key_file: g22.key", ""), encoding="utf-8"
    )
    config = load_node(file)
    assert probe(agency_broker(config.broker, config.agencies[0])) is not None
