"""A throw-away development PKI: root, issuing authority, one key and certificate per agency.

``DIRECTORY/anchors/root.crt``, ``DIRECTORY/registry.yaml``, ``DIRECTORY/keys/<code>.key`` and
``.crt``; the authorities' own keys lie in ``DIRECTORY/authority``.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from connector.clock import Clock, vietnam_date
from connector.errors import ConfigError
from connector.trust import codes
from connector.trust.certificates import fingerprint
from connector.trust.keys import PrivateKey
from connector.trust.soft_token import PublicKey

__all__ = ["DevPki", "KeyType", "new_dev_pki"]

KeyType = Literal["rsa2048", "rsa3072", "p256", "p384", "p521"]

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
}
_AUTHORITY_YEARS: Final = 10
_AGENCY_YEARS: Final = 2
_MAX_COMMON_NAME_BYTES: Final = 64
_DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
_EARLIER: Final = dt.timedelta(days=1)
_YEAR: Final = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class DevPki:
    """Where the files of a development PKI lie."""

    directory: Path

    @property
    def anchors_dir(self) -> Path:
        """Directory with the root certificate."""
        return self.directory / "anchors"

    @property
    def registry_file(self) -> Path:
        """The registry of all agencies."""
        return self.directory / "registry.yaml"

    def key_file(self, code: str) -> Path:
        """Private key of an agency."""
        return self.directory / "keys" / f"{code.lower()}.key"

    def certificate_file(self, code: str) -> Path:
        """Certificate of an agency, then that of its issuer."""
        return self.directory / "keys" / f"{code.lower()}.crt"


@dataclass(frozen=True, slots=True)
class _Authority:
    key: PrivateKey
    certificate: x509.Certificate


def new_dev_pki(
    directory: Path,
    organs: Sequence[tuple[str, str]],
    *,
    clock: Clock,
    key_type: KeyType = "rsa2048",
    public_keys: Mapping[str, PublicKey] | None = None,
) -> DevPki:
    """Make keys, certificates and registry for agencies given as (code, name).

    An agency of `public_keys` gets a certificate for that key, which lies elsewhere (on a
    token), and no key file. Raises ConfigError if the directory holds anything already or
    cannot be written.
    """
    pki, now = DevPki(directory), clock.now()
    _make_directories(pki)
    root = _authority("Connector development root CA", key_type, now, None)
    issuing = _authority("Connector development issuing CA", key_type, now, root)
    _write(directory / "authority" / "root.key", _pem_key(root.key))
    _write(directory / "authority" / "issuing.key", _pem_key(issuing.key))
    _write(directory / "authority" / "issuing.crt", _pem(issuing.certificate))
    _write(pki.anchors_dir / "root.crt", _pem(root.certificate))
    entries = []
    for code, name in organs:
        public = (public_keys or {}).get(code)
        if public is None:
            key = _new_key(key_type)
            _write(pki.key_file(code), _pem_key(key))
            public = key.public_key()
        certificate = _agency_certificate(code, name, public, now, issuing)
        _write(pki.certificate_file(code), _pem(certificate) + _pem(issuing.certificate))
        entries.append((code, name, certificate))
    _write(pki.registry_file, _registry(entries).encode())
    return pki


def _make_directories(pki: DevPki) -> None:
    directory = pki.directory
    try:
        if directory.is_dir() and any(directory.iterdir()):
            raise ConfigError(codes.DIRECTORY_NOT_EMPTY.at(str(directory)))
        directory.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        directory.chmod(stat.S_IRWXU)
        for name in ("anchors", "authority", "keys"):
            (directory / name).mkdir(mode=stat.S_IRWXU)
    except OSError as error:
        raise _not_writable(directory, error) from error


def _write(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read."""
    mode = stat.S_IRUSR | stat.S_IWUSR
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or type(error).__name__
    return ConfigError(codes.NOT_WRITABLE.at(str(path), reason=reason))


def _new_key(key_type: KeyType) -> PrivateKey:
    if key_type.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type[3:]))
    return ec.generate_private_key(_CURVES[key_type])


def _authority(
    name: str, key_type: KeyType, now: dt.datetime, issuer: _Authority | None
) -> _Authority:
    key = _new_key(key_type)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = _builder(subject, key.public_key(), now, _AUTHORITY_YEARS, issuer)
    length = 0 if issuer else 1
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), True)
    builder = builder.add_extension(_usage(certificates=True), True)
    return _Authority(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def _agency_certificate(
    code: str, name: str, key: PublicKey, now: dt.datetime, issuer: _Authority
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, _common_name(name)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, code),
        ]
    )
    builder = _builder(subject, key, now, _AGENCY_YEARS, issuer)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_usage(certificates=False), True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([_DOCUMENT_SIGNING]), False)
    return builder.sign(issuer.key, hashes.SHA256())


def _common_name(name: str) -> str:
    """Return as much of a name as fits; the whole of it stands as organisation."""
    return name.encode()[:_MAX_COMMON_NAME_BYTES].decode(errors="ignore")


def _builder(
    subject: x509.Name, key: PublicKey, now: dt.datetime, years: int, issuer: _Authority | None
) -> x509.CertificateBuilder:
    issuing_key = issuer.key.public_key() if issuer else key
    own = x509.SubjectKeyIdentifier.from_public_key(key)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + years * _YEAR)
        .add_extension(own, critical=False)
        .add_extension(authority, critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_key(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _registry(entries: Sequence[tuple[str, str, x509.Certificate]]) -> str:
    lines = ["registry_version: 1", "agencies:"]
    for code, name, certificate in entries:
        first = vietnam_date(certificate.not_valid_before_utc)
        last = vietnam_date(certificate.not_valid_after_utc)
        lines += [
            f"  - code: {code}",
            f"    name: {_quoted(name)}",
            "    certificates:",
            f"      - sha256: {fingerprint(certificate)}",
            f"        valid_from: {first.isoformat()}",
            f"        valid_to: {last.isoformat()}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar in which nothing is replaced from the environment."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${")
