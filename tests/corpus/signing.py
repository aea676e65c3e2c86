"""A signer that obeys: any algorithm, any shape, any place, sensible or not.

It is written against the standard and not against the verifier: templates of text, canonical
forms of freshly parsed roots, and primitives of cryptography.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from tests.corpus.world import Identity, PrivateKey

__all__ = ["C14N", "C14N_11", "DIGESTS", "DS", "ENVELOPED", "EXCLUSIVE", "MORE", "sign"]

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
PSS_METHOD: Final = "http://www.w3.org/2007/05/xmldsig-more#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
ENVELOPED: Final = DS + "enveloped-signature"
HEADER_END: Final = b"</edXML:edXMLHeader>"
DIGESTS: Final = {
    "sha1": DS + "sha1",
    "sha224": MORE + "sha224",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": MORE + "sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "md5": MORE + "md5",
}
_NAMES: Final = {uri: name for name, uri in DIGESTS.items()}
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - it has to be refused, or told
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_HASH_NAME: Final = re.compile("sha(1|224|256|384|512)")


def sign(
    data: bytes,
    signer: Identity,
    *,
    prefix: str = "ds",
    c14n: str = EXCLUSIVE,
    transforms: Sequence[str] = (ENVELOPED, EXCLUSIVE),
    steps: str | None = None,
    digest: str = DIGESTS["sha256"],
    method: str | None = None,
    uri: str = "",
    certificates: Sequence[x509.Certificate] | None = None,
    data_info: str = "",
    key_info: str = "",
    behind: str = "",
    in_info: str = "",
    in_method: str = "",
    in_c14n: str = "",
    wrap: str = "",
    space: str = "",
    at: bytes = HEADER_END,
    value: bytes | None = None,
) -> bytes:
    """Return the bytes with a Signature before `at`; `wrap` breaks base64, `space` the tags."""
    method = method or default_method(signer.private)
    shown = _shown(signer.chain if certificates is None else certificates, wrap)
    summed = _summed(data, transforms, digest)
    if steps is None:
        steps = "".join(f'<Transform Algorithm="{step}"/>{space}' for step in transforms)
    text = (
        f"<Signature>{space}<SignedInfo{in_info}>{space}"
        f'<CanonicalizationMethod Algorithm="{c14n}">{in_c14n}</CanonicalizationMethod>{space}'
        f'<SignatureMethod Algorithm="{method}">{in_method}</SignatureMethod>{space}'
        f'<Reference URI="{uri}">{space}<Transforms>{space}{steps}</Transforms>{space}'
        f'<DigestMethod Algorithm="{digest}"/>{space}'
        f"<DigestValue>{encoded(summed, wrap)}</DigestValue>{space}</Reference>{space}"
        f"</SignedInfo>{space}<SignatureValue>@</SignatureValue>{space}"
        f"<KeyInfo>{space}<X509Data>{space}{data_info}{shown}{space}</X509Data>{key_info}{space}"
        f"</KeyInfo>{behind}{space}</Signature>"
    )
    unsigned = data.replace(at, prefixed(text, prefix).encode() + at, 1)
    if value is None:
        value = raw_signature(signer.private, _signed_info(unsigned, c14n), method)
    return unsigned.replace(b">@<", f">{encoded(value, wrap)}<".encode())


def _shown(chain: Sequence[x509.Certificate], wrap: str) -> str:
    return "".join(
        f"<X509Certificate>{encoded(each.public_bytes(Encoding.DER), wrap)}</X509Certificate>"
        for each in chain
    )


def _summed(data: bytes, transforms: Sequence[str], digest: str) -> bytes:
    signed = canonical(_parsed(data), transforms[-1] if len(transforms) > 1 else "")
    return hashlib.new(_NAMES.get(digest, "sha256"), signed).digest()


def _signed_info(unsigned: bytes, c14n: str) -> bytes:
    """Return the canonical form of the last SignedInfo."""
    info = _parsed(unsigned).findall(f".//{{{DS}}}SignedInfo")[-1]
    alone = etree.fromstring(etree.tostring(info, with_tail=False))
    for name, inherited in () if c14n.startswith(EXCLUSIVE) else _inherited(info):
        alone.set(name, inherited)
    return canonical(alone, c14n)


def _inherited(info: etree._Element) -> list[tuple[str, str]]:
    """Return the xml: attributes above SignedInfo, from the root down."""
    above = reversed(list(info.iterancestors()))
    return [
        (str(name), str(value))
        for element in above
        for name, value in element.attrib.items()
        if str(name).startswith("{http://www.w3.org/XML/1998/namespace}")
    ]


def _parsed(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))


def encoded(value: bytes, wrap: str = "") -> str:
    """Return base64 in lines of 64 characters that end in `wrap`."""
    text = base64.b64encode(value).decode()
    return wrap.join(text[n : n + 64] for n in range(0, len(text), 64)) if wrap else text


def default_method(private: PrivateKey) -> str:
    """Return the plain signature method for a key."""
    return f"{MORE}{'rsa' if isinstance(private, rsa.RSAPrivateKey) else 'ecdsa'}-sha256"


def prefixed(text: str, prefix: str) -> str:
    """Return XML whose unprefixed elements get a prefix, or a default namespace without one."""
    if not prefix:
        return text.replace("<Signature>", f'<Signature xmlns="{DS}">')
    opened = re.sub(r"<(/?)(\w+)(?=[ />])", rf"<\1{prefix}:\2", text)
    return opened.replace(f"<{prefix}:Signature>", f'<{prefix}:Signature xmlns:{prefix}="{DS}">')


def canonical(root: etree._Element, algorithm: str) -> bytes:
    """Return a root's canonical form, inclusive unless the algorithm is the exclusive one."""
    exclusive = algorithm.startswith(EXCLUSIVE)
    return etree.tostring(root, method="c14n", exclusive=exclusive, with_comments=False)


def raw_signature(private: PrivateKey, data: bytes, method: str) -> bytes:
    """Return a SignatureValue as XMLDSig writes it; unknown methods sign with SHA-256."""
    found = _HASH_NAME.search(method.rpartition("#")[2])
    algorithm = _HASHES[found[0]] if found else _HASHES["sha256"]
    if isinstance(private, rsa.RSAPrivateKey):
        pss = PSS(mgf=MGF1(algorithm), salt_length=algorithm.digest_size)
        return private.sign(data, pss if "MGF1" in method else PKCS1v15(), algorithm)
    signed = private.sign(data, ec.ECDSA(algorithm, deterministic_signing=True))
    size = (private.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signed))
