"""The signature of a registry: a detached file beside it, ``registry.yaml.sig``.

It holds the base64 of an RSA (PKCS#1 v1.5) or ECDSA signature, both over SHA-256, of
`CONTEXT` and the registry's bytes, and then the signer's certificates, all in PEM. Whose signature
counts is pinned by fingerprint (`trust.registry_signers`): to distrust a signer, take the pin
out. `openssl dgst -sha256 -verify` can check it too.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding

from connector.errors import ConfigError, Finding, NoInputError, TrustError
from connector.trust import data_codes as codes
from connector.trust.certificates import UNREADABLE, fingerprint, subject_of, weakness
from connector.trust.durable import write_file
from connector.trust.keys import SigningKey

__all__ = ["CONTEXT", "check_signature", "read_registry_bytes", "sign_registry", "signature_file"]

CONTEXT: Final = b"connector registry signature 1\n"
"""What is signed before the registry's bytes, so that no other signature of the key fits."""

_BEGIN: Final = b"-----BEGIN CONNECTOR REGISTRY SIGNATURE-----\n"
_END: Final = b"-----END CONNECTOR REGISTRY SIGNATURE-----\n"
_MAX_REGISTRY_BYTES: Final = 4 * 1024 * 1024
_MAX_SIGNATURE_BYTES: Final = 256 * 1024


def signature_file(registry_file: Path) -> Path:
    """Return where the signature of a registry lies."""
    return registry_file.with_name(registry_file.name + ".sig")


def read_registry_bytes(path: Path) -> bytes:
    """Return a registry's bytes; raises NoInputError if they cannot be read."""
    return _read(path, _MAX_REGISTRY_BYTES)


def sign_registry(registry_file: Path, key: SigningKey) -> Path:
    """Sign a registry as it stands; return the signature's file.

    Raises NoInputError, StorageError, or UnavailableError if the key's token is not there.
    """
    message = CONTEXT + read_registry_bytes(registry_file)
    private = key.private
    if isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(message, PKCS1v15(), hashes.SHA256())
    else:
        signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in key.chain)
    path = signature_file(registry_file)
    write_file(path, _BEGIN + base64.encodebytes(signature) + _END + chain)
    return path


def check_signature(
    data: bytes, registry_file: Path, signers: Collection[str], *, now: dt.datetime | None = None
) -> tuple[Finding, ...]:
    """Insist that a pinned signer has signed a registry's bytes; raises TrustError.

    Returns a warning if the signer's certificate has expired by `now`: the pin still holds.
    """
    path = signature_file(registry_file)
    try:
        content = _read(path, _MAX_SIGNATURE_BYTES)
    except NoInputError as error:
        raise TrustError(
            codes.REGISTRY_UNSIGNED.at(str(path), reason=error.findings[0].en)
        ) from error
    signature, signer = _parts(content, path)
    sha256 = fingerprint(signer)
    if sha256 not in signers:
        facts = {"subject": subject_of(signer), "sha256": sha256}
        raise TrustError(codes.REGISTRY_SIGNER.at(str(path), **facts))
    _check(data, signature, signer, path)
    if now is not None and signer.not_valid_after_utc < now:
        named = {"subject": subject_of(signer), "not_after": signer.not_valid_after_utc.date()}
        return (codes.REGISTRY_SIGNER_EXPIRED.at(str(path), **named),)
    return ()


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.REGISTRY_UNREADABLE.at(str(path), reason=reason)) from error
    if len(data) > limit:
        raise ConfigError(codes.REGISTRY_UNREADABLE.at(str(path), reason=f"over {limit} bytes"))
    return data


def _parts(content: bytes, path: Path) -> tuple[bytes, x509.Certificate]:
    body, end, chain = content.partition(_END)
    try:
        if not end or not body.startswith(_BEGIN):
            raise ValueError("it does not begin with a signature block")
        signature = base64.b64decode(b"".join(body.removeprefix(_BEGIN).split()), validate=True)
        return signature, x509.load_pem_x509_certificates(chain)[0]
    except (binascii.Error, *UNREADABLE) as error:
        reason = str(error).partition("\n")[0]
        raise TrustError(codes.REGISTRY_SIGNATURE.at(str(path), reason=reason)) from error


def _check(data: bytes, signature: bytes, signer: x509.Certificate, path: Path) -> None:
    reason = weakness(signer)
    if reason is None:
        key = signer.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, CONTEXT + data, PKCS1v15(), hashes.SHA256())
                return
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, CONTEXT + data, ec.ECDSA(hashes.SHA256()))
                return
        except InvalidSignature:
            reason = "the bytes are not those that were signed"
    raise TrustError(codes.REGISTRY_SIGNATURE.at(str(path), reason=reason))
