"""Certificate signing requests (PKCS#10) for the authority that certifies an agency's key.

A new key pair is made in files, or a key that lies on a token signs its own request there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from connector.config.secrets import SecretRef
from connector.config.secrets import resolve as resolve_secret
from connector.errors import ConfigError
from connector.trust import key_codes
from connector.trust.keys import PrivateKey
from connector.trust.pkcs11_key import EcTokenKey, RsaTokenKey, TokenObject
from connector.trust.pkcs11_module import TokenName, module_at
from connector.trust.settings import Pkcs11Key

__all__ = ["REQUEST_KEY_TYPES", "RequestKeyType", "new_request", "token_request"]

RequestKeyType = Literal["rsa3072", "p256"]

REQUEST_KEY_TYPES: Final[tuple[str, ...]] = get_args(RequestKeyType)
_MODE: Final = stat.S_IRUSR | stat.S_IWUSR


def new_request(
    code: str, name: str, *, key_type: RequestKeyType, key_file: Path, request_file: Path
) -> None:
    """Make a key pair and its request, each in a new file; the key is its owner's alone (0600).

    Raises ConfigError if one of the files is there already or cannot be written; no file is left
    then.
    """
    for path in (key_file, request_file):
        if path.exists() or path.is_symlink():
            raise ConfigError(key_codes.FILE_EXISTS.at(str(path)))
    key = _new_key(key_type)
    request = _request(key, code, name)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(key_file, plain)
    try:
        _write(request_file, request)
    except ConfigError:
        key_file.unlink()
        raise


def token_request(
    settings: Pkcs11Key,
    code: str,
    name: str,
    *,
    request_file: Path,
    resolve: Callable[[SecretRef], str] = resolve_secret,
) -> None:
    """Let the key of a token sign its own request, which needs its public half on the token.

    Raises ConfigError if the file is there already or the public key is not on the token,
    UnavailableError if the token does not answer.
    """
    found = TokenObject(
        module_at(settings.module),
        TokenName(label=settings.token_label, slot=settings.slot),
        lambda: resolve(settings.pin),
        label=settings.key_label,
        key_id=bytes.fromhex(settings.key_id) if settings.key_id else None,
    )
    if request_file.exists() or request_file.is_symlink():
        raise ConfigError(key_codes.FILE_EXISTS.at(str(request_file)))
    public = found.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        _write(request_file, _request(RsaTokenKey(found, public), code, name))
    else:
        _write(request_file, _request(EcTokenKey(found, public), code, name))


def _new_key(key_type: RequestKeyType) -> PrivateKey:
    if key_type == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type[3:]))


def _request(key: PrivateKey, code: str, name: str) -> bytes:
    subject = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
        x509.NameAttribute(NameOID.COMMON_NAME, code),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = x509.CertificateSigningRequestBuilder(x509.Name(subject))
    signed = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


def _write(path: Path, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as error:
        raise ConfigError(key_codes.FILE_EXISTS.at(str(path))) from error
    except OSError as error:
        path.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ConfigError(key_codes.FILE_NOT_WRITTEN.at(str(path), reason=reason)) from error
