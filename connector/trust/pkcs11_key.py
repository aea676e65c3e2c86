"""Private keys that stay on a token and sign there, as cryptography's key classes.

Each thread has a session of its own. When the token was pulled or the session died, one new start
is made at once and a few more within seconds; if they fail too, UnavailableError lets the document
wait.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connector.errors import Bug, ConfigError, UnavailableError
from connector.trust import key_codes as codes
from connector.trust.certificates import UNREADABLE
from connector.trust.pkcs11_module import Module, TokenName

if TYPE_CHECKING:
    from pkcs11 import Session

__all__ = ["EcTokenKey", "RsaTokenKey", "TokenObject", "belongs_to", "token_key"]

_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest in a PKCS#1 v1.5 signature (RFC 8017, 9.2)."""


_WAITS: Final = (0.0, 0.1, 0.3, 1.0)
"""Seconds before each new start, with up to as much again."""


@dataclass(frozen=True)
class _Handle:
    """A thread's session with its key; `generation` is the module's when they were opened."""

    session: Session
    key: Any
    hashes_itself: bool
    pin_each_time: bool
    generation: int


class TokenObject:
    """One key pair on a token, found by label or id; `kind` is RSA or EC."""

    def __init__(
        self,
        module: Module,
        token: TokenName,
        pin: Callable[[], str],
        *,
        label: str | None,
        key_id: bytes | None,
    ) -> None:
        self._module = module
        self._token = token
        self._pin = pin
        self._label = label
        self._id = key_id
        self._threads = threading.local()

    def __str__(self) -> str:
        """Return its PKCS#11 URI (RFC 7512), which holds no secret."""
        label = "" if self._label is None else f";object={self._label}"
        shown = "".join(f"%{byte:02x}" for byte in self._id or b"")
        return f"{self._token}{label}{';id=' + shown if shown else ''}"

    def sign(self, kind: str, digest: bytes, data: bytes) -> bytes:
        """Return the token's signature over data whose SHA-256 is `digest`.

        Raises UnavailableError if the token does not sign after new starts either.
        """
        signature: bytes = self._attempt(lambda: self._sign(kind, digest, data))
        return signature

    def certificates(self) -> tuple[x509.Certificate, list[x509.Certificate]]:
        """Return the key's certificate on the token, and the others there."""
        own: list[x509.Certificate] = []
        others: list[x509.Certificate] = []
        for mine, der in self._attempt(self._stored):
            try:
                certificate = x509.load_der_x509_certificate(der)
            except UNREADABLE:
                continue  # tokens hold many things; what is missed is told below
            (own if mine else others).append(certificate)
        if not own:
            raise ConfigError(codes.TOKEN_CERTIFICATE.at(str(self)))
        own.sort(key=lambda certificate: certificate.not_valid_before_utc)
        return own[-1], others

    def public_key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """Return the key pair's public half as the token holds it, before any certificate.

        Raises ConfigError if the token does not show it, UnavailableError if it does not answer.
        """
        key = load_der_public_key(self._attempt(self._public_half))
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise ConfigError(codes.TOKEN_PUBLIC_ABSENT.at(str(self)))
        return key

    def _attempt(self, act: Callable[[], Any]) -> Any:
        """Return what an act returns; while it fails, start the library anew a few times.

        A token that was pulled, reset or logged out needs that once. A software token needs it
        while another process logs in: SoftHSM2 writes its token's file anew then, and who reads
        it in that moment sees no token.
        """
        from pkcs11 import PKCS11Error

        module = self._module
        for seconds in _WAITS:
            with module.lock, suppress(UnavailableError):
                before = module.generation
                return self._told(act)
            # Jitter: processes that began together must not meet again.
            time.sleep(seconds * (1 + random.random()))  # noqa: S311
            with suppress(PKCS11Error):
                module.restart(before)
        with module.lock:
            return self._told(act)

    def _told(self, act: Callable[[], Any]) -> Any:
        """Return what an act on the library returns; what the library says is UnavailableError."""
        from pkcs11 import PKCS11Error

        try:
            return act()
        except PKCS11Error as error:
            reason = str(error) or type(error).__name__
            raise UnavailableError(codes.TOKEN_FAILED.at(str(self), reason=reason)) from error

    def _sign(self, kind: str, digest: bytes, data: bytes) -> bytes:
        from pkcs11 import Mechanism

        handle = self._handle(kind)
        pin = self._pin() if handle.pin_each_time else None
        if kind == "EC":
            return bytes(handle.key.sign(digest, mechanism=Mechanism.ECDSA, pin=pin))
        if handle.hashes_itself:
            return bytes(handle.key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS, pin=pin))
        signed = _DIGEST_INFO + digest
        return bytes(handle.key.sign(signed, mechanism=Mechanism.RSA_PKCS, pin=pin))

    def _handle(self, kind: str) -> _Handle:
        """Return this thread's handle, opened again if the old one is void."""
        handle: _Handle | None = getattr(self._threads, "handle", None)
        if handle is None or handle.generation != self._module.generation:
            handle = self._threads.handle = self._open(kind)
        return handle

    def _open(self, kind: str) -> _Handle:
        from pkcs11 import Attribute, Mechanism, exceptions

        module = self._module
        session = module.open(self._token, self._pin)
        try:
            key = self._find(session, kind)
            try:
                pin_each_time = bool(key[Attribute.ALWAYS_AUTHENTICATE])
            except exceptions.AttributeTypeInvalid:
                pin_each_time = False
            known = session.token.slot.get_mechanisms()
        except BaseException:
            module.close(session, module.generation)
            raise
        generation = module.generation
        hashes_itself = Mechanism.SHA256_RSA_PKCS in known
        handle = _Handle(session, key, hashes_itself, pin_each_time, generation)
        weakref.finalize(handle, module.close, session, generation).atexit = False
        return handle

    def _find(self, session: Session, kind: str) -> Any:
        from pkcs11 import Attribute, KeyType, ObjectClass

        wanted: dict[Attribute, Any] = {
            Attribute.CLASS: ObjectClass.PRIVATE_KEY,
            Attribute.SIGN: True,
        }
        every = dict(wanted)
        wanted[Attribute.KEY_TYPE] = KeyType.EC if kind == "EC" else KeyType.RSA
        if self._label is not None:
            wanted[Attribute.LABEL] = self._label
        if self._id is not None:
            wanted[Attribute.ID] = self._id
        found: list[Any] = list(session.get_objects(wanted))
        if len(found) == 1:
            return found[0]
        others: list[Any] = list(session.get_objects(every))
        present = ", ".join(sorted(str(other.label) for other in others)) or "-"
        raise UnavailableError(codes.TOKEN_KEY_ABSENT.at(str(self), kind=kind, present=present))

    def _public_half(self) -> bytes:
        from pkcs11 import Attribute, KeyType, ObjectClass
        from pkcs11.util.ec import encode_ec_public_key
        from pkcs11.util.rsa import encode_rsa_public_key

        wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PUBLIC_KEY}
        if self._label is not None:
            wanted[Attribute.LABEL] = self._label
        if self._id is not None:
            wanted[Attribute.ID] = self._id
        module = self._module
        session = module.open(self._token, self._pin)
        try:
            found: list[Any] = list(session.get_objects(wanted))
            if len(found) != 1:
                raise ConfigError(codes.TOKEN_PUBLIC_ABSENT.at(str(self)))
            elliptic = found[0].key_type == KeyType.EC
            encode = encode_ec_public_key if elliptic else encode_rsa_public_key
            return bytes(encode(found[0]))
        finally:
            module.close(session, module.generation)

    def _stored(self) -> list[tuple[bool, bytes]]:
        from pkcs11 import Attribute, ObjectClass

        module = self._module
        session = module.open(self._token, self._pin)
        try:
            wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE}
            return [
                (self._is_mine(each), bytes(each[Attribute.VALUE]))
                for each in session.get_objects(wanted)
            ]
        finally:
            module.close(session, module.generation)

    def _is_mine(self, certificate: Any) -> bool:
        from pkcs11 import Attribute

        if self._id is not None:
            return bytes(certificate[Attribute.ID]) == self._id
        return str(certificate[Attribute.LABEL]) == self._label


class _Kept:
    """What both kinds of keys on tokens share: they cannot be copied out."""

    _object: TokenObject

    def private_numbers(self) -> NoReturn:
        """Refuse: the key never leaves its token."""
        raise Bug(codes.KEY_STAYS.at(str(self._object), asked="private_numbers"))

    def private_bytes(self, *_: Any, **_settings: Any) -> NoReturn:
        """Refuse: the key never leaves its token."""
        raise Bug(codes.KEY_STAYS.at(str(self._object), asked="private_bytes"))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        return self

    def _digest(self, data: bytes, algorithm: object) -> bytes:
        if not isinstance(algorithm, hashes.SHA256):
            raise Bug(codes.KEY_STAYS.at(str(self._object), asked=type(algorithm).__name__))
        digest = hashes.Hash(algorithm)
        digest.update(data)
        return digest.finalize()


class RsaTokenKey(_Kept, rsa.RSAPrivateKey):
    """An RSA key on a token: PKCS#1 v1.5 with SHA-256."""

    def __init__(self, token_object: TokenObject, public: rsa.RSAPublicKey) -> None:
        self._object = token_object
        self._public = public

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the key of the certificate."""
        return self._public

    def sign(self, data: bytes, padding: object, algorithm: object) -> bytes:
        """Sign on the token; raises UnavailableError while it does not answer."""
        if not isinstance(padding, PKCS1v15):
            raise Bug(codes.KEY_STAYS.at(str(self._object), asked=type(padding).__name__))
        return self._object.sign("RSA", self._digest(data, algorithm), data)

    def decrypt(self, ciphertext: bytes, padding: object) -> NoReturn:  # noqa: ARG002
        """Refuse: signing keys decrypt nothing."""
        raise Bug(codes.KEY_STAYS.at(str(self._object), asked="decrypt"))


class EcTokenKey(_Kept, ec.EllipticCurvePrivateKey):
    """An elliptic key on a token: ECDSA with SHA-256, signatures in DER as cryptography's are."""

    def __init__(self, token_object: TokenObject, public: ec.EllipticCurvePublicKey) -> None:
        self._object = token_object
        self._public = public

    @property
    def curve(self) -> ec.EllipticCurve:
        """Curve of the key."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the key of the certificate."""
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Sign on the token; raises UnavailableError while it does not answer."""
        digest = self._digest(bytes(data), signature_algorithm.algorithm)
        raw = self._object.sign("EC", digest, bytes(data))
        half = len(raw) // 2
        return encode_dss_signature(
            int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        )

    def exchange(self, algorithm: object, peer_public_key: object) -> NoReturn:  # noqa: ARG002
        """Refuse: signing keys agree on nothing."""
        raise Bug(codes.KEY_STAYS.at(str(self._object), asked="exchange"))


def token_key(
    token_object: TokenObject, certificate: x509.Certificate
) -> RsaTokenKey | EcTokenKey | None:
    """Return the key on a token that a certificate names; None if it is of another kind."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return RsaTokenKey(token_object, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return EcTokenKey(token_object, public)
    return None


def belongs_to(key: RsaTokenKey | EcTokenKey) -> bool:
    """Tell by a signature over random bytes whether the token's key is that of the certificate.

    Raises UnavailableError if the token does not sign.
    """
    proof = b"proof of possession " + os.urandom(32)
    try:
        if isinstance(key, RsaTokenKey):
            signature = key.sign(proof, PKCS1v15(), hashes.SHA256())
            key.public_key().verify(signature, proof, PKCS1v15(), hashes.SHA256())
        else:
            algorithm = ec.ECDSA(hashes.SHA256())
            key.public_key().verify(key.sign(proof, algorithm), proof, algorithm)
    except InvalidSignature:
        return False
    return True
