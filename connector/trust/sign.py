"""From a valid packet to a signed one."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import SignatureMethod

from connector.edxml.names import DS_NS, SIGNATURE, SIGNATURE_LOCATION
from connector.edxml.parser import Limits, parse
from connector.errors import Bug
from connector.model.identity import content_digest, packet_id
from connector.model.packet import Packet, Sealed
from connector.trust import codes
from connector.trust.keys import SigningKey
from connector.trust.xmldsig import PLACEHOLDER, PacketSigner, canonical

__all__ = ["seal"]

_HEADER_END: Final = b"</edXML:edXMLHeader>"
_DIGEST: Final = f"{{{DS_NS}}}SignedInfo/{{{DS_NS}}}Reference/{{{DS_NS}}}DigestValue"


def seal(packet: Packet, key: SigningKey) -> Sealed:
    """Return the packet with its Signature as last child of edXMLHeader, all else untouched.

    RSA or ECDSA with SHA-256, exclusive C14N, one Reference over the whole packet. Taking the
    Signature out of the sealed bytes gives `packet.data` again, byte for byte.
    """
    signature = _signature(packet.data, key)
    digest = base64.b64decode(signature.findtext(_DIGEST) or "").hex()
    if digest != hashlib.sha256(packet.data).hexdigest():
        raise Bug(codes.NOT_CANONICAL.at(reason="its digest differs from that of its C14N"))
    if packet.data.count(_HEADER_END) != 1:
        raise Bug(codes.NOT_CANONICAL.at(reason="edXMLHeader does not end exactly once"))
    before, end, after = packet.data.partition(_HEADER_END)
    return Sealed(
        data=b"".join((before, canonical(signature), end, after)),
        envelope=packet.envelope,
        packet_id=packet_id(packet.envelope),
        content_digest=content_digest(packet.envelope),
        digest=digest,
    )


def _signature(data: bytes, key: SigningKey) -> etree._Element:
    root = parse(data, limits=Limits(max_bytes=len(data)))
    if root.get("Id") is not None or root.get("ID") is not None:
        raise Bug(codes.NOT_CANONICAL.at(reason="its root carries an Id"))
    header = root.find(SIGNATURE_LOCATION.removesuffix("/"))
    if header is None or root.find(f".//{SIGNATURE}") is not None:
        raise Bug(codes.NOT_CANONICAL.at(reason="no edXMLHeader, or it is signed already"))
    etree.SubElement(header, SIGNATURE, {"Id": PLACEHOLDER}, {"ds": DS_NS})
    rsa_key = isinstance(key.private, rsa.RSAPrivateKey)
    signer = PacketSigner(SignatureMethod.RSA_SHA256 if rsa_key else SignatureMethod.ECDSA_SHA256)
    signed = signer.sign(root, key=key.private, cert=list(key.chain))
    return signed.findall(SIGNATURE_LOCATION + SIGNATURE)[0]
