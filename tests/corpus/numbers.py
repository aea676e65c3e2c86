"""Keys that are the same in every run: the corpus is generated, not stored.

Their secrets follow from their names; they protect nothing.
"""

from __future__ import annotations

import hashlib
import random
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

__all__ = ["ec_key", "rsa_key", "rsa_public"]

_EXPONENT: Final = 65537
_SMALL: Final = tuple(n for n in range(3, 2000) if all(n % m for m in range(2, int(n**0.5) + 1)))
_CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "p192": ec.SECP192R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "k256": ec.SECP256K1,
}


@cache
def ec_key(name: str, curve: str = "p256") -> ec.EllipticCurvePrivateKey:
    """Return the key of a name on a curve."""
    secret = int.from_bytes(hashlib.sha512(f"{curve} {name}".encode()).digest()[:20], "big")
    return ec.derive_private_key(secret, _CURVES[curve]())


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of a name."""
    source = random.Random(f"{bits} {name}")  # noqa: S311 - repeatable is what is wanted
    p, q = _prime(source, bits // 2), _prime(source, bits // 2)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key(unsafe_skip_rsa_key_validation=True)


def rsa_public(bits: int) -> rsa.RSAPublicKey:
    """Return a public key of any size to which nobody has the private one."""
    return rsa.RSAPublicNumbers(_EXPONENT, (1 << (bits - 1)) + 1).public_key()


def _prime(source: random.Random, bits: int) -> int:
    top = (1 << (bits - 1)) | (1 << (bits - 2)) | 1
    while True:
        number = source.getrandbits(bits) | top
        if number % _EXPONENT == 1 or not all(number % small for small in _SMALL):
            continue
        if all(pow(base, number - 1, number) == 1 for base in (2, 3, 5)):
            return number
