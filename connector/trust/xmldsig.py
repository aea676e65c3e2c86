"""signxml with what it lacks: a parser for large texts, right canonical forms, no document in logs.

lxml's inclusive C14N writes spurious ``xmlns=""`` below a sub-element whose default namespace was
declared further up, so every signature with ``<Signature xmlns=…>`` and inclusive C14N would
fail; and a detached SignedInfo no longer sees the ``xml:lang`` of its ancestors. Both are
repaired here. (signxml's own escape, deleting ``xmlns=""`` from the bytes, accepts forgeries.)
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.exceptions import InvalidDigest
from signxml.signer import XMLSigner
from signxml.verifier import VerifyResult, XMLVerifier

from connector.edxml.names import DS_NS, SIGNATURE_LOCATION
from connector.edxml.parser import hard_parser

__all__ = [
    "ENVELOPED",
    "PLACEHOLDER",
    "PacketSigner",
    "PacketVerifier",
    "canonical",
    "hard_parser",
]

ENVELOPED: Final = SignatureConstructionMethod.enveloped.value
PLACEHOLDER: Final = "placeholder"
"""Id of the empty Signature that signxml fills."""

_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"


def canonical(element: etree._Element, *, exclusive: bool = True) -> bytes:
    """Return the canonical form, without comments, of a root or a prefixed element."""
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)


class PacketSigner(XMLSigner):
    """Signs enveloped with exclusive C14N and SHA-256; texts of any length."""

    def __init__(self, signature_algorithm: SignatureMethod) -> None:
        super().__init__(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=signature_algorithm,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        self.namespaces = {"ds": DS_NS}

    @property
    def parser(self) -> etree.XMLParser[etree._Element]:
        """A parser without signxml's limit of ten megabytes a text."""
        return hard_parser()

    def _c14n(self, nodes: etree._Element, *_: Any, **_settings: Any) -> bytes:
        return canonical(nodes)


class _Sink:
    """Takes a canonical form piece by piece, sums it up, and stops it from growing too large."""

    def __init__(self, digest_name: str, limit: int) -> None:
        self.sum: Final = hashlib.new(digest_name)
        self.pieces: Final[list[bytes]] = []
        self._left = limit

    def write(self, piece: bytes) -> int:
        """Take the next piece; raises InvalidDigest when there were too many."""
        self._left -= len(piece)
        if self._left < 0:
            raise InvalidDigest("the canonical form is much larger than the packet")
        self.sum.update(piece)
        self.pieces.append(piece)  # a large one is not copied while the tree still stands
        return len(piece)


class PacketVerifier(XMLVerifier):
    """Verifies one packet of a pinned shape; `inherited` are the ``xml:`` attributes above.

    Texts are escaped in the canonical form, which may quadruple them: more than `limit` bytes
    are not made of a packet, whoever signed it.
    """

    def __init__(self, inherited: Mapping[str, str], limit: int) -> None:
        super().__init__()
        self._inherited = inherited
        self._limit = limit
        self.digest = b""

    def _check_key_value_matches_cert_public_key(
        self, key_value: Any, public_key: Any, _method: SignatureMethod
    ) -> Any:
        """Compare a KeyValue with the certificate's key; signxml knows no KeyValue for PSS."""
        of_rsa = isinstance(public_key, rsa.RSAPublicKey)
        plain = SignatureMethod.RSA_SHA256 if of_rsa else SignatureMethod.ECDSA_SHA256
        return super()._check_key_value_matches_cert_public_key(key_value, public_key, plain)

    def _verify_reference(
        self, reference: etree._Element, _index: int, root: etree._Element, *others: Any
    ) -> VerifyResult:
        """Verify the one Reference, which is over the whole packet without its Signature.

        signxml would copy the packet four times over and make ASCII of it on the way.
        """
        *_, signature, key = others
        _remove_last(root.findall(SIGNATURE_LOCATION.removesuffix("/"))[0])
        transforms, method, value = reference
        sink = _Sink(DigestAlgorithm(method.get("Algorithm")).name.lower(), self._limit)
        exclusive = transforms[-1].get("Algorithm") == _EXCLUSIVE
        etree.ElementTree(root).write_c14n(sink, exclusive=exclusive, with_comments=False)
        self.digest = sink.sum.digest()
        if base64.b64decode(value.text or "") != self.digest:
            raise InvalidDigest("the digest differs")
        root.clear()
        data = b"".join(sink.pieces)
        sink.pieces.clear()
        public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signed = etree.fromstring(data, hard_parser())
        return VerifyResult(data, signed, signature, signature_key=public)

    def _c14n(
        self, nodes: etree._Element, algorithm: CanonicalizationMethod, *_: Any, **_settings: Any
    ) -> bytes:
        """Return the canonical form of SignedInfo."""
        exclusive = algorithm.value == _EXCLUSIVE
        root = etree.fromstring(etree.tostring(nodes, with_tail=False), hard_parser())
        for name, value in self._inherited.items():
            if not exclusive and name not in root.attrib:
                root.set(name, value)
        return canonical(root, exclusive=exclusive)


def _remove_last(parent: etree._Element) -> None:
    """Take the last child out, its Signature, and leave the text behind it where it stands."""
    last = parent[-1]
    before, tail = last.getprevious(), last.tail or ""
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(last)
