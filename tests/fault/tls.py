"""The TLS of the arena's broker: an authority, and certificates that are good, expired or foreign.

Nothing here comes from the connector; the files are written where an operator would put them.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

__all__ = ["SITE_OPTION", "BrokerTls"]

SITE_OPTION: Final = (
    ", tls: {ca_file: tls/ca.crt, certificate_file: tls/client.crt, key_file: tls/client.key}"
)
"""What stands in an agency's connector.yaml, whose files lie beside it."""

_HOUR: Final = dt.timedelta(hours=1)
_LOCAL: Final = ipaddress.ip_address("127.0.0.1")


class _Authority:
    def __init__(self, name: str) -> None:
        self.key: Final = ec.generate_private_key(ec.SECP256R1())
        self.name: Final = _name(name, 1)
        self._issued = 0
        self.certificate: Final = self.issue(name, self.key, dt.timedelta(days=365), own=True)

    def issue(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        lasts: dt.timedelta,
        *,
        own: bool = False,
    ) -> x509.Certificate:
        """Issue a certificate that ends after some time from now, which may lie behind us."""
        self._issued += 1
        now = dt.datetime.now(dt.UTC)
        local = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(_LOCAL)])
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name, self._issued))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(self._issued)
            .not_valid_before(now - 48 * _HOUR)
            .not_valid_after(now + lasts)
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
            .add_extension(local, critical=False)
            .sign(self.key, hashes.SHA256())
        )


class BrokerTls:
    """The authority of a broker, its files, and those of the nodes that talk to it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory: Final = directory
        self._authority: Final = _Authority("CA of the arena")
        self._stranger: Final = _Authority("CA of somebody else")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: Final = int(probe.getsockname()[1])
        self._ca = _pem(self._authority.certificate)
        (directory / "ca.crt").write_bytes(self._ca)
        self.serve()

    def conf(self) -> Mapping[str, str]:
        """Return the broker's settings of a listener for those whom our authority vouches for."""
        return {
            "listeners.ssl.1": f"127.0.0.1:{self.port}",
            "ssl_options.cacertfile": str(self._directory / "ca.crt"),
            "ssl_options.certfile": str(self._directory / "server.crt"),
            "ssl_options.keyfile": str(self._directory / "server.key"),
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
        }

    def serve(self, *, days: float = 30, foreign: bool = False) -> None:
        """Write the broker's own certificate, which ends after so many days."""
        issuer = self._stranger if foreign else self._authority
        self._write(self._directory, "server", "localhost", issuer, days)

    def equip(self, site: Path, code: str, *, days: float = 30) -> int:
        """Write CA and client certificate beside a connector.yaml; return the latter's number."""
        directory = site / "tls"
        directory.mkdir(exist_ok=True)
        (directory / "ca.crt").write_bytes(self._ca)
        return self._write(directory, "client", code, self._authority, days)

    def _write(self, directory: Path, file: str, name: str, issuer: _Authority, days: float) -> int:
        """Write certificate and key, each by a rename; return the certificate's number."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = issuer.issue(name, key, dt.timedelta(days=days))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for ending, data in (("key", secret), ("crt", _pem(certificate))):
            whole = directory / f"{file}.{ending}.tmp"
            whole.touch(mode=0o600)
            whole.write_bytes(data)
            whole.replace(directory / f"{file}.{ending}")
        return certificate.serial_number


def _name(text: str, number: int) -> x509.Name:
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"certificate {number}")
    return x509.Name([unit, x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
