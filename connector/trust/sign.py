"""From a valid packet to a signed one."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import SignatureMethod

from connector.edxml.names import DS_NS, SIGNATURE, SIGNATURE_LOCATION
from connector.edxml.parser import Limits, parse
from connector.errors import Bug
from connector.model.identity import content_digest, packet_id
from connector.model.packet import Packet, Part, Sealed
from connector.trust import codes
from connector.trust.keys import SigningKey
from connector.trust.splice import digest_of, is_proved, prove_canonical, signature_over
from connector.trust.xmldsig import PLACEHOLDER, PacketSigner, canonical

__all__ = ["Digested", "digested", "seal", "signature_by_library"]

_Any = TypeVar("_Any")

_HEADER_END: Final = b"</edXML:edXMLHeader>"
_KEPT: Final = 1 << 19
"""Packets up to this size are kept as they were signed, so that nobody has to make them again."""
_DIGEST: Final = f"{{{DS_NS}}}SignedInfo/{{{DS_NS}}}Reference/{{{DS_NS}}}DigestValue"


@dataclass(frozen=True, slots=True)
class Digested:
    """A packet that is proved to be canonical, with the digest over which it is to be signed."""

    packet: Packet
    digest: bytes
    header: bytes
    chunks: tuple[bytes, ...] | None

    def sealed(self, signature: bytes) -> Sealed:
        """Return the packet with its Signature as last child of edXMLHeader, all else untouched.

        Taking the Signature, which is a part of its own, out of the sealed parts gives the
        packet's bytes again.
        """
        packet, header, chunks = self.packet, self.header, self.chunks
        content = content_digest(packet.envelope)
        return Sealed(
            parts=_placed(packet.parts, header, signature),
            signed=None if chunks is None else _placed(chunks, header, signature),
            envelope=packet.envelope,
            packet_id=packet_id(packet.envelope, content),
            content_digest=content,
            digest=self.digest.hex(),
        )


def digested(packet: Packet) -> Digested:
    """Read a packet once for its digest; small ones are kept as they were read.

    Raises:
        PermanentError: an attachment has another size than when it was first read.
    """
    if not is_proved(packet.parts, packet.woven):
        prove_canonical(packet.parts)
    header = _with_header(packet.parts)
    chunks: list[bytes] | None = [] if packet.size <= _KEPT else None
    digest = digest_of(packet.parts, chunks)
    return Digested(packet, digest, header, None if chunks is None else tuple(chunks))


def seal(packet: Packet, key: SigningKey) -> Sealed:
    """Return the signed packet.

    RSA or ECDSA with SHA-256, exclusive C14N, one Reference over the whole packet.
    """
    found = digested(packet)
    return found.sealed(signature_over(found.digest, key))


def signature_by_library(data: bytes, key: SigningKey) -> tuple[bytes, bytes]:
    """Return signxml's canonical Signature over a packet's bytes, and the digest in it.

    The general way, through a tree of the whole packet: what `seal` makes is compared with it.
    """
    root = parse(data, limits=Limits(max_bytes=len(data)))
    header = root.find(SIGNATURE_LOCATION.removesuffix("/"))
    if header is None or root.find(f".//{SIGNATURE}") is not None:
        raise Bug(codes.NOT_CANONICAL.at(reason="no edXMLHeader, or it is signed already"))
    etree.SubElement(header, SIGNATURE, {"Id": PLACEHOLDER}, {"ds": DS_NS})
    rsa_key = isinstance(key.private, rsa.RSAPrivateKey)
    signer = PacketSigner(SignatureMethod.RSA_SHA256 if rsa_key else SignatureMethod.ECDSA_SHA256)
    signed = signer.sign(root, key=key.private, cert=list(key.chain))
    signature = signed.findall(SIGNATURE_LOCATION + SIGNATURE)[0]
    return canonical(signature), base64.b64decode(signature.findtext(_DIGEST) or "")


def _with_header(parts: tuple[Part, ...]) -> bytes:
    """Return the literal in which edXMLHeader ends, exactly once."""
    found = [part for part in parts if isinstance(part, bytes) and _HEADER_END in part]
    if sum(part.count(_HEADER_END) for part in found) != 1:
        raise Bug(codes.NOT_CANONICAL.at(reason="edXMLHeader does not end exactly once"))
    return found[0]


def _placed(parts: Iterable[_Any], header: bytes, signature: bytes) -> tuple[_Any | bytes, ...]:
    """Put the Signature behind the header's children.

    The literal is known by its identity: to look for the header's end in all of a packet's bytes
    takes longer than to hash them.
    """
    placed: list[_Any | bytes] = []
    for part in parts:
        if part is header:
            before, end, after = header.partition(_HEADER_END)
            placed += [before, signature, end + after]
        else:
            placed.append(part)
    return tuple(placed)
