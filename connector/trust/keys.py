"""The keys with which agencies sign their packets: loaded once, checked before the first use."""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from connector.config.file_access import open_to_others
from connector.config.secrets import SecretRef
from connector.config.secrets import resolve as resolve_secret
from connector.errors import ConfigError, Finding, UnavailableError
from connector.trust import codes, key_codes
from connector.trust.certificates import (
    UNREADABLE,
    CertificateFacts,
    fingerprint,
    subject_of,
    usage_problem,
    weakness,
)
from connector.trust.pkcs11_key import (
    EcTokenKey,
    RsaTokenKey,
    TokenObject,
    belongs_to,
    token_key,
)
from connector.trust.pkcs11_module import TokenName, module_at
from connector.trust.settings import KeySettings, PemKey, Pkcs11Key, Pkcs12Key

__all__ = ["PrivateKey", "SigningKey", "load_key"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_MAX_FILE_BYTES: Final = 1024 * 1024
_MAX_CHAIN: Final = 5


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A checked private key with its certificate and the intermediate ones."""

    private: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The own certificate, then the intermediate ones, as they travel in KeyInfo."""
        return (self.certificate, *self.intermediates)

    @property
    def facts(self) -> CertificateFacts:
        """The facts of the own certificate."""
        return CertificateFacts.of(self.certificate)

    @property
    def subject(self) -> str:
        """Subject of the own certificate (RFC 4514)."""
        return subject_of(self.certificate)

    @property
    def serial(self) -> str:
        """Serial number of the own certificate, lower-case hex."""
        return f"{self.certificate.serial_number:x}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the own certificate, lower-case hex."""
        return fingerprint(self.certificate)

    @property
    def not_before(self) -> dt.datetime:
        """First moment at which the own certificate is valid."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> dt.datetime:
        """Last moment at which the own certificate is valid."""
        return self.certificate.not_valid_after_utc

    def in_force(self, at: dt.datetime) -> bool:
        """Tell whether the own certificate is valid at a moment."""
        return self.not_before <= at <= self.not_after


@dataclass(frozen=True, slots=True)
class _Loaded:
    private: PrivateKeyTypes
    certificates: tuple[x509.Certificate, ...]
    key_place: str
    certificate_place: str


def load_key(
    settings: KeySettings,
    *,
    now: dt.datetime,
    resolve: Callable[[SecretRef], str] = resolve_secret,
    at_any_time: bool = False,
) -> SigningKey:
    """Return the checked key that `settings` name; costs some 40 ms, so call it once a process.

    `resolve` turns the reference of a password into the password. `at_any_time` accepts a
    certificate that is not in force at `now`: one of several keys while they are changed.

    Raises:
        ConfigError: every reason why the key must not be used.
        UnavailableError: the token with the key is not there.
    """
    loaded = _load(settings, resolve)
    findings = [
        *_key_findings(loaded),
        *(() if at_any_time else _period_findings(loaded, now)),
        *_usage_findings(loaded),
        *_chain_findings(loaded),
    ]
    if findings:
        raise ConfigError(*findings)
    return _signing_key(loaded)


def _signing_key(loaded: _Loaded) -> SigningKey:
    if not isinstance(loaded.private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        reason = type(loaded.private).__name__
        raise ConfigError(codes.KEY_WEAK.at(loaded.key_place, reason=reason))
    return SigningKey(loaded.private, loaded.certificates[0], loaded.certificates[1:])


def _load(settings: KeySettings, resolve: Callable[[SecretRef], str]) -> _Loaded:
    if isinstance(settings, Pkcs11Key):
        return _load_pkcs11(settings, resolve)
    password = resolve(settings.password).encode() if settings.password else None
    if isinstance(settings, PemKey):
        return _load_pem(settings, password)
    return _load_pkcs12(settings, password)


def _load_pkcs11(settings: Pkcs11Key, resolve: Callable[[SecretRef], str]) -> _Loaded:
    resolve(settings.pin)  # a reference to nothing is found now, not when the token asks
    found = TokenObject(
        module_at(settings.module),
        TokenName(label=settings.token_label, slot=settings.slot),
        lambda: resolve(settings.pin),
        label=settings.key_label,
        key_id=bytes.fromhex(settings.key_id) if settings.key_id else None,
    )
    if settings.certificate_file is None:
        certificates, place = _ordered(*found.certificates()), str(found)
    else:
        certificates = _read_certificates(settings.certificate_file)
        place = str(settings.certificate_file)
    reason = weakness(certificates[0])
    private = None if reason else token_key(found, certificates[0])
    if private is None:
        raise ConfigError(codes.KEY_WEAK.at(place, reason=reason))
    return _Loaded(private, certificates, str(found), place)


def _load_pem(settings: PemKey, password: bytes | None) -> _Loaded:
    data = _read(settings.key_file, private=True)
    certificates = _read_certificates(settings.certificate_file)
    try:
        private = load_pem_private_key(data, password)
    except TypeError as error:
        if password is None:
            raise ConfigError(codes.KEY_PASSWORD.at(str(settings.key_file))) from error
        private = _load_unencrypted(settings.key_file, data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(_unreadable(settings.key_file, error, password)) from error
    return _Loaded(private, certificates, str(settings.key_file), str(settings.certificate_file))


def _load_unencrypted(path: Path, data: bytes) -> PrivateKeyTypes:
    """Load a key for which a password was given although it needs none."""
    try:
        return load_pem_private_key(data, None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(_unreadable(path, error, None)) from error


def _load_pkcs12(settings: Pkcs12Key, password: bytes | None) -> _Loaded:
    data = _read(settings.file, private=True)
    try:
        private, own, others = pkcs12.load_key_and_certificates(data, password)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(_unreadable(settings.file, error, password)) from error
    if private is None or own is None:
        raise ConfigError(codes.KEY_FORMAT.at(str(settings.file)))
    return _Loaded(private, _ordered(own, others), str(settings.file), str(settings.file))


def _ordered(own: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the issuers' chain of a PKCS#12 file, which keeps no order, without the root."""
    chain, rest = [own], list(others)
    while issuer := next((other for other in rest if _issued(other, chain[-1])), None):
        rest.remove(issuer)
        if issuer.issuer == issuer.subject:
            break
        chain.append(issuer)
    return tuple(chain)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _unreadable(path: Path, error: Exception, password: bytes | None) -> Finding:
    text = str(error).lower()
    if isinstance(error, TypeError) or "password" in text or "decrypt" in text:
        return codes.KEY_PASSWORD.at(str(path))
    if password is not None and "padding" in text:
        return codes.KEY_PASSWORD.at(str(path))
    return codes.KEY_FORMAT.at(str(path))


def _read(path: Path, *, private: bool = False) -> bytes:
    try:
        with path.open("rb") as stream:
            if private and open_to_others(stream.fileno()):
                shown = f"{stat.S_IMODE(os.fstat(stream.fileno()).st_mode):04o}"
                raise ConfigError(codes.KEY_OPEN_TO_OTHERS.at(str(path), mode=shown, path=path))
            return stream.read(_MAX_FILE_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.KEY_UNREADABLE.at(str(path), reason=reason)) from error


def _read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    data = _read(path)
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except UNREADABLE as error:
        raise ConfigError(codes.KEY_CERTIFICATE.at(str(path))) from error


def _key_findings(loaded: _Loaded) -> list[Finding]:
    own = loaded.certificates[0]
    reason = weakness(own)
    if reason is not None:
        return [codes.KEY_WEAK.at(loaded.key_place, reason=reason)]
    return (
        [] if _matches(loaded.private, own) else [codes.KEY_MISMATCH.at(loaded.certificate_place)]
    )


def _matches(private: PrivateKeyTypes, own: x509.Certificate) -> bool:
    if isinstance(private, RsaTokenKey | EcTokenKey):
        try:
            return belongs_to(private)
        except UnavailableError as error:
            if error.code == key_codes.TOKEN_KEY_ABSENT.code:
                raise ConfigError(*error.findings) from error
            raise
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private.public_key().public_bytes(*form) == own.public_key().public_bytes(*form)


def _period_findings(loaded: _Loaded, now: dt.datetime) -> list[Finding]:
    own, place = loaded.certificates[0], loaded.certificate_place
    findings = []
    if now > own.not_valid_after_utc:
        findings.append(codes.KEY_EXPIRED.at(place, not_after=own.not_valid_after_utc))
    if now < own.not_valid_before_utc:
        findings.append(codes.KEY_NOT_YET.at(place, not_before=own.not_valid_before_utc))
    return findings


def _usage_findings(loaded: _Loaded) -> list[Finding]:
    try:
        reason = usage_problem(loaded.certificates[0])
    except UNREADABLE as error:
        reason = _first_line(error)
    if reason is None:
        return []
    return [codes.KEY_UNSUITABLE.at(loaded.certificate_place, reason=reason)]


def _chain_findings(loaded: _Loaded) -> list[Finding]:
    chain, place = loaded.certificates, loaded.certificate_place
    if len(chain) > _MAX_CHAIN:
        return [codes.KEY_CHAIN.at(place, number=len(chain), before=_MAX_CHAIN)]
    return [
        codes.KEY_CHAIN.at(place, number=number + 1, before=number)
        for number in range(1, len(chain))
        if not _issued(chain[number], chain[number - 1])
    ]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
