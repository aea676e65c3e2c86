"""A node that tests may kill, freeze and fill, with the shipped settings and TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings

_SHIPPED = Path(__file__).resolve().parents[3] / "deploy/rabbitmq/rabbitmq.conf"
_TLS_FILES = {"cacertfile": "ca.crt", "certfile": "server.crt", "keyfile": "server.key"}


@dataclass(frozen=True)
class TlsSite:
    """Certificate files of a broker and of agency G22, and the port of the TLS listener."""

    directory: Path
    port: int

    def settings(self, plain: BrokerSettings) -> BrokerSettings:
        """Return the same login by TLS."""
        endpoint = plain.endpoints()[0]
        url = plain.url.replace("amqp://", "amqps://").replace(
            str(endpoint), f"localhost:{self.port}"
        )
        return replace(plain, url=url)


@pytest.fixture(scope="session")
def tls_site(tmp_path_factory: pytest.TempPathFactory) -> TlsSite:
    """Make a throw-away PKI and choose a port."""
    directory = tmp_path_factory.mktemp("tls")
    _make_pki(directory)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return TlsSite(directory, int(listener.getsockname()[1]))


@pytest.fixture(scope="session")
def fragile_node(
    tmp_path_factory: pytest.TempPathFactory, tls_site: TlsSite
) -> Iterator[PrivateNode]:
    """Give tests a node that they may kill and freeze, if they leave it running; 64 KiB at most."""
    extra = {
        **_shipped_settings(),
        **{
            f"ssl_options.{key}": str(tls_site.directory / name) for key, name in _TLS_FILES.items()
        },
        "listeners.ssl.1": f"127.0.0.1:{tls_site.port}",
        "max_message_size": "65536",
        "disk_free_limit.absolute": "50MB",
    }
    directory = tmp_path_factory.mktemp("fragile")
    plugins = ["rabbitmq_auth_mechanism_ssl"]
    with PrivateNode(directory, disposable=True, extra=extra, plugins=plugins) as node:
        yield node


@pytest.fixture
def fragile_vhost(fragile_node: PrivateNode) -> Iterator[Sandbox]:
    """Give a test a virtual host on the fragile node."""
    with Sandbox(fragile_node.settings(), f"test-{uuid.uuid4().hex[:12]}") as sandbox:
        yield sandbox


def _shipped_settings() -> dict[str, str]:
    """Read what operators get, the commented lines of TLS included, without the addresses."""
    lines = _SHIPPED.read_text(encoding="utf-8").splitlines()
    pairs = [line.removeprefix("# ").split(" = ") for line in lines if " = " in line]
    return {
        key: value for key, value in pairs if not key.startswith(("listeners.", "management.tcp"))
    }


def _make_pki(directory: Path) -> None:
    ca_key = _issue(directory, "ca", None)
    _issue(directory, "server", ca_key)
    _issue(directory, "G22", ca_key)
    _issue(directory, "stranger", None)


def _issue(
    directory: Path, name: str, issuer: ec.EllipticCurvePrivateKey | None
) -> ec.EllipticCurvePrivateKey:
    """Write NAME.crt and NAME.key, self-signed as an authority if there is no issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("ca" if issuer else name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer or key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / f"{name}.crt").write_bytes(certificate.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / f"{name}.key").write_bytes(secret)
    (directory / f"{name}.key").chmod(0o600)
    return key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
