"""Certificates out of one file, PEM or DER."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography import x509

from connector.errors import NoInputError, PermanentError
from connector.trust import data_codes as codes
from connector.trust.certificates import UNREADABLE

__all__ = ["Certificate", "read_certificates"]

Certificate = x509.Certificate
"""One certificate, for rooms that only hand it on."""

_PEM: Final = b"-----BEGIN CERTIFICATE-----"
_MAX_BYTES: Final = 1024 * 1024


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file, at least one; raises NoInputError, PermanentError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.CERTIFICATE_FILE.at(str(path), reason=reason)) from error
    try:
        if _PEM in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise PermanentError(codes.CERTIFICATE_FILE.at(str(path), reason=reason)) from error
