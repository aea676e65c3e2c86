"""Signing without a tree of the payload: base64 is its own canonical form.

Only the skeleton of a packet, with a few letters in the place of each payload, goes through
libxml2: if that is its own canonical form, then so is the packet, for no letter of base64 is
written otherwise by C14N. SHA-256 runs over the parts as they will be sent. SignedInfo and
Signature are written out as signxml would have them; tests compare both.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from connector.edxml import rule_codes
from connector.edxml.names import DS_NS, NS, SIGNATURE, SIGNATURE_LOCATION, attachment_path
from connector.errors import Bug, PermanentError
from connector.model.content import BytesContent
from connector.model.packet import Part, Payload, Woven
from connector.trust import codes
from connector.trust.keys import PrivateKey, SigningKey
from connector.trust.xmldsig import canonical, hard_parser

__all__ = ["digest_of", "is_proved", "prove_canonical", "signature_over", "signed_info"]

_STAND_IN: Final = b"AA=="
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_SIGNED_INFO: Final = (
    '<ds:SignedInfo%s><ds:CanonicalizationMethod Algorithm="'
    + _EXCLUSIVE
    + '"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>'
    '<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="'
    + DS_NS
    + 'enveloped-signature"></ds:Transform><ds:Transform Algorithm="'
    + _EXCLUSIVE
    + '"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="'
    + _SHA256
    + '"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>'
)
_DECLARED: Final = f' xmlns:ds="{DS_NS}"'
_HEADER: Final = SIGNATURE_LOCATION.removesuffix("/")
_AMPERSAND: Final = re.compile("&(?!(amp|lt|gt);)")
_PAYLOAD: Final = f"{{{NS}}}ContentTransferEncoded"


def prove_canonical(parts: tuple[Part, ...]) -> None:
    """Make sure that what will be signed is its own canonical form; anything else is a Bug."""
    skeleton = b"".join(part if isinstance(part, bytes) else _STAND_IN for part in parts)
    try:
        root = etree.fromstring(skeleton, hard_parser())
    except etree.XMLSyntaxError as error:
        raise Bug(codes.NOT_CANONICAL.at(reason="it is not XML")) from error
    if root.get("Id") is not None or root.get("ID") is not None:
        raise Bug(codes.NOT_CANONICAL.at(reason="its root carries an Id"))
    if root.find(_HEADER) is None or root.find(f".//{SIGNATURE}") is not None:
        raise Bug(codes.NOT_CANONICAL.at(reason="no edXMLHeader, or it is signed already"))
    if canonical(root) != skeleton:
        raise Bug(codes.NOT_CANONICAL.at(reason="its digest differs from that of its C14N"))
    payloads = sum(isinstance(part, Payload) for part in parts)
    if payloads > sum(1 for each in root.iter(_PAYLOAD) if each.text == _STAND_IN.decode()):
        raise Bug(codes.NOT_CANONICAL.at(reason="a payload is not the text of its element"))


def is_proved(parts: tuple[Part, ...], woven: Woven | None) -> bool:
    """Tell whether `prove_canonical` would pass, from what it said of others of the same form.

    C14N writes printable characters as they are, but for those that are escaped here: so with
    one such text in each place a form is canonical with all. The same holds for the base64 of
    payloads. False says nothing.
    """
    if woven is None:
        return False
    texts = [each for each in woven.texts if isinstance(each, str)]
    return (
        _is_character_data(" ".join(texts))  # the space keeps what is escaped from being joined
        and parts == woven.parts()
        and _is_form(woven.literals, tuple([isinstance(each, str) for each in woven.texts]))
    )


def _is_character_data(text: str) -> bool:
    """Tell whether words of a text are canonical as contents of elements, whatever is around."""
    if not text.isprintable() or "<" in text or ">" in text:
        return False
    return "&" not in text or _AMPERSAND.search(text) is None


@functools.lru_cache(maxsize=64)
def _is_form(literals: tuple[str, ...], texts: tuple[bool, ...]) -> bool:
    """Tell whether canonical packets come of literals with an element's content in each gap.

    `texts` has False for the gaps in which payloads stand.
    """
    if not all(
        before.endswith(">") and behind.startswith("</") for before, behind in pairwise(literals)
    ):
        return False
    gaps = ("x" if is_text else Payload(BytesContent(b"")) for is_text in texts)
    prove_canonical(Woven(literals, tuple(gaps)).parts())
    return True


def digest_of(parts: tuple[Part, ...], keep: list[bytes] | None = None) -> bytes:
    """Return the SHA-256 over the bytes of parts, which are added to `keep` if it is given.

    Raises:
        PermanentError: an attachment has another size than when it was first read.
    """
    digest, number = hashlib.sha256(), 0
    count = sum(isinstance(part, Payload) for part in parts)
    for part in parts:
        if isinstance(part, bytes):
            chunks: Iterable[bytes] = (part,)
            left = len(part)
        else:
            number, left, chunks = number + 1, part.size, part.chunks()
        for chunk in chunks:
            digest.update(chunk)
            left -= len(chunk)
            if keep is not None:
                keep.append(chunk)
        if left:
            raise PermanentError(rule_codes.ATTACHMENT_CHANGED.at(attachment_path(number, count)))
    return digest.digest()


def signature_over(digest: bytes, key: SigningKey) -> bytes:
    """Return the canonical Signature element over a packet's digest; the key object signs."""
    of_rsa = isinstance(key.private, rsa.RSAPrivateKey)
    algorithm = _RSA_SHA256 if of_rsa else _ECDSA_SHA256
    value = base64.b64encode(_sign(key.private, signed_info(digest, algorithm))).decode()
    written = _SIGNED_INFO % ("", algorithm, base64.b64encode(digest).decode())
    return (
        f"<ds:Signature{_DECLARED}>{written}<ds:SignatureValue>{value}</ds:SignatureValue>"
        f"{_key_info(key.certificate, key.intermediates)}</ds:Signature>"
    ).encode()


def signed_info(digest: bytes, algorithm: str) -> bytes:
    """Return the canonical form of SignedInfo, as it is signed."""
    return (_SIGNED_INFO % (_DECLARED, algorithm, base64.b64encode(digest).decode())).encode()


def _sign(private: PrivateKey, data: bytes) -> bytes:
    """Sign as XMLDSig wants it: PKCS#1 v1.5, or r and s in the length of the curve."""
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
    length = (private.key_size + 7) // 8
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


@functools.lru_cache(maxsize=64)
def _key_info(own: x509.Certificate, others: tuple[x509.Certificate, ...]) -> str:
    """Return KeyInfo; a node has few keys, and makes this once for each."""
    certificates = "".join(
        f"<ds:X509Certificate>{_bare(each)}</ds:X509Certificate>" for each in (own, *others)
    )
    return f"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"


def _bare(certificate: x509.Certificate) -> str:
    """Return a certificate's PEM text without its first and last line."""
    return "\n".join(certificate.public_bytes(Encoding.PEM).decode().split("\n")[1:-2]) + "\n"
