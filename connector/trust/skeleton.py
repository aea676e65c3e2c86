"""The signature of a packet whose payloads were cut out: stage 3 without the payload in a tree.

Base64 is its own canonical form, so the canonical form of the packet is that of the skeleton
with each token replaced by the base64 for which it stands. What is hashed is encoded again from
the decoded bytes: content that was taken out is content that was signed, or the digest differs.

All that `connector.trust.signature` and signxml insist on is insisted on here, with the same
schema, the same canonical form of SignedInfo and the same functions for the key; a shape that is
seldom (KeyValue beside the certificates, text behind Signature) is left to that way, as is every
token that does not come back exactly once, as the whole text of a payload element.
"""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.verifier import XMLVerifier

from connector.edxml.cut import Run, Skeleton
from connector.edxml.names import DS_NS, ROOT, SIGNATURE
from connector.edxml.own_form import OwnForm
from connector.errors import TrustError
from connector.trust import codes
from connector.trust.forms import Recognised
from connector.trust.structure import SignatureParts
from connector.trust.xmldsig import PacketVerifier, hard_parser

__all__ = ["NotPlain", "SplicedContent", "recognised_content", "spliced_content"]

_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_KEY_VALUE: Final = f"{{{DS_NS}}}KeyInfo/{{{DS_NS}}}KeyValue"
_REFERENCE: Final = f"{{{DS_NS}}}Reference"
_GROWTH: Final = 2
_SMALL: Final = 1 << 20

Piece = bytes | Run


class NotPlain(Exception):
    """This packet has to be verified as one tree."""


@dataclass(frozen=True, slots=True)
class SplicedContent:
    """What was signed: canonical pieces with runs between them, the tree, the hex digest.

    In the place of the tree the skeleton may stand taken apart.
    """

    pieces: tuple[Piece, ...]
    root: etree._Element | OwnForm
    digest: str


def spliced_content(
    root: etree._Element,
    skeleton: Skeleton,
    parts: SignatureParts,
    signer: x509.Certificate,
    *,
    bearers: int,
) -> SplicedContent:
    """Return what `signer` signed; the tree is used up.

    `bearers` is how many of the certificates carry the signer's key. Raises TrustError if the
    signature or the digest is wrong, `NotPlain` if the general way has to look.
    """
    with _Sure():
        (signature,) = root.iter(SIGNATURE)
        reference = _signed_reference(signature, parts, signer)
        pieces, canonical = _canonical(root, signature, skeleton, reference)
        _check_digest(pieces, parts)
        signed = etree.fromstring(canonical, hard_parser())
        return _content(pieces, signed, skeleton, parts, bearers)


def recognised_content(
    found: Recognised, skeleton: Skeleton, signer: x509.Certificate, *, bearers: int
) -> SplicedContent:
    """Return what `signer` signed, as `spliced_content` does, if the Signature's form is known."""
    with _Sure():
        _check_signature(found.info, found.value, found.parts, signer)
        pieces = _spliced(found.rest, skeleton)
        _check_digest(pieces, found.parts)
        return _content(pieces, found.root, skeleton, found.parts, bearers)


class _Sure:
    """Leaves to the general way whatever libraries may raise besides: it says why."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Begin to look."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, Exception) and not isinstance(
            error, TrustError | NotPlain | MemoryError
        ):
            raise NotPlain from error


def _check_digest(pieces: Sequence[Piece], parts: SignatureParts) -> None:
    if _digest(pieces, parts.digest_name) != parts.digest:
        raise TrustError(
            codes.SIGNATURE_WRONG.at("Signature", reason="InvalidDigest: the digest differs")
        )


def _content(
    pieces: tuple[Piece, ...],
    signed: etree._Element | OwnForm,
    skeleton: Skeleton,
    parts: SignatureParts,
    bearers: int,
) -> SplicedContent:
    """Insist that the envelope alone was signed, and by the key of exactly one certificate."""
    if isinstance(signed, OwnForm):  # which is the envelope alone
        fits = skeleton.has(signed.tokens)
    elif signed.tag != ROOT or next(signed.iter(f"{{{DS_NS}}}*"), None) is not None:
        raise TrustError(codes.CONTENT_CHANGED.at(reason="it is not the envelope alone"))
    else:
        fits = skeleton.fits(signed)
    if not fits:
        raise NotPlain
    if bearers != 1:
        reason = f"{bearers} certificates carry the key"
        raise TrustError(codes.CONTENT_CHANGED.at(reason=reason))
    return SplicedContent(pieces, signed, parts.digest.hex())


def _signed_reference(
    signature: etree._Element, parts: SignatureParts, signer: x509.Certificate
) -> etree._Element:
    """Verify SignedInfo with the signer's key and return its Reference as it was signed."""
    if (signature.tail or "").strip() or signature.find(_KEY_VALUE) is not None:
        raise NotPlain
    alone = etree.fromstring(etree.tostring(signature, with_tail=False), hard_parser())
    if not _schemas().accept(alone):
        raise NotPlain  # the general way says what the schema objects to
    info = _Signed(parts.inherited).form_of(alone[0])
    _check_signature(info, base64.b64decode(alone[1].text or ""), parts, signer)
    reference = etree.fromstring(info, hard_parser()).find(_REFERENCE)
    if reference is None:
        raise NotPlain
    value = reference[2].text or ""
    if base64.b64decode(value) != parts.digest:
        raise TrustError(codes.CONTENT_CHANGED.at(reason="its digest is another one"))
    return reference


def _check_signature(
    info: bytes, value: bytes, parts: SignatureParts, signer: x509.Certificate
) -> None:
    """Insist that `signer` signed the canonical form of a SignedInfo; raises TrustError."""
    try:
        _Signed({}).check(info, value, parts, signer)
    except InvalidSignature as error:
        reason = f"InvalidSignature: Signature verification failed: {error}"
        raise TrustError(codes.SIGNATURE_WRONG.at("Signature", reason=reason)) from error


class _Signed(PacketVerifier):
    """signxml's functions for one SignedInfo."""

    def __init__(self, inherited: Mapping[str, str]) -> None:
        super().__init__(inherited, 0)

    def form_of(self, info: etree._Element) -> bytes:
        """Return the canonical form of a SignedInfo."""
        return self._c14n(info, CanonicalizationMethod(info[0].get("Algorithm")))

    def check(
        self, info: bytes, value: bytes, parts: SignatureParts, signer: x509.Certificate
    ) -> None:
        """Raise what cryptography raises if `signer` did not sign this."""
        self._verify_signature_with_pubkey(
            signed_info_c14n=info,
            raw_signature=value,
            signature_alg=parts.method,
            signing_certificate=signer,
        )


def _canonical(
    root: etree._Element, signature: etree._Element, skeleton: Skeleton, reference: etree._Element
) -> tuple[tuple[Piece, ...], bytes]:
    """Return the canonical form in pieces, and that of the skeleton alone."""
    parent = signature.getparent()
    if parent is None:
        raise NotPlain
    _remove(parent, signature)
    exclusive = reference[0][-1].get("Algorithm") == _EXCLUSIVE
    sink = io.BytesIO()
    etree.ElementTree(root).write_c14n(sink, exclusive=exclusive, with_comments=False)
    canonical = sink.getvalue()
    if len(canonical) + _gain(skeleton) > _GROWTH * skeleton.size + _SMALL:
        raise NotPlain
    return _spliced(canonical, skeleton), canonical


def _gain(skeleton: Skeleton) -> int:
    return sum(run.length - len(token) for token, run in skeleton.runs.items())


def _spliced(canonical: bytes, skeleton: Skeleton) -> tuple[Piece, ...]:
    """Return the canonical form with a run for each token, which must be there exactly once."""
    pieces = skeleton.spliced(canonical)
    if pieces is None:
        raise NotPlain
    return pieces


def _digest(pieces: Sequence[Piece], name: str) -> bytes:
    digest = hashlib.new(name)
    for piece in pieces:
        if isinstance(piece, bytes):
            digest.update(piece)
        else:
            for text in piece.encoded():
                digest.update(text)
    return digest.digest()


def _remove(parent: etree._Element, last: etree._Element) -> None:
    """Take the Signature out and leave the white space behind it where it stands."""
    before, tail = last.getprevious(), last.tail or ""
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(last)


@dataclass(frozen=True, slots=True)
class _Schemas:
    """signxml's schemas of Signature; their error logs are not made for several threads."""

    schemas: tuple[etree.XMLSchema, ...]
    lock: threading.Lock

    def accept(self, signature: etree._Element) -> bool:
        """Tell whether one of the schemas accepts a Signature."""
        with self.lock:
            return any(schema.validate(signature) for schema in self.schemas)


@cache
def _schemas() -> _Schemas:
    return _Schemas(tuple(XMLVerifier.schemas()), threading.Lock())  # type: ignore[no-untyped-call]
