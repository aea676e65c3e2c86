"""The shape of a signed packet, checked before any cryptography (security: stage 2).

signxml skips unknown transforms, accepts any C14N and finds a Signature wherever it is told to
look; so what it will be given is pinned here: one Signature, at one place, of one shape, over
the whole packet.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureMethod,
)

from connector.edxml.names import DS_NS, ROOT, SIGNATURE, qcvn
from connector.errors import TrustError
from connector.trust import codes
from connector.trust.shown import shown
from connector.trust.xmldsig import ENVELOPED

__all__ = ["SignatureParts", "check_structure"]

_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS: Final = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
)
_LEGACY_METHODS: Final = frozenset({SignatureMethod.RSA_SHA1})
_LEGACY_DIGESTS: Final = frozenset({DigestAlgorithm.SHA1})

_C14N_METHODS: Final = frozenset(
    {
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0.value,
        CanonicalizationMethod.CANONICAL_XML_1_0.value,
        CanonicalizationMethod.CANONICAL_XML_1_1.value,
    }
)
_DIGEST_BYTES: Final = {"SHA1": 20, "SHA256": 32, "SHA384": 48, "SHA512": 64}
_XML_NS: Final = "{http://www.w3.org/XML/1998/namespace}"
_INHERITED: Final = frozenset({_XML_NS + "lang", _XML_NS + "space"})
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_SPACE: Final = str.maketrans("", "", " \t\r\n")
_MAX_SIGNATURE_CHARACTERS: Final = 160_000
_MAX_SIGNATURE_BYTES: Final = 1024
_MAX_CERTIFICATE_BYTES: Final = 16_384
_MAX_CERTIFICATES: Final = 5
_MAX_HINT_CHARACTERS: Final = 4096
_MAX_LISTED: Final = 16
_HINTS: Final = frozenset({"X509SubjectName", "X509IssuerSerial", "X509SKI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureParts:
    """What the Signature says, not yet believed."""

    method: SignatureMethod
    digest_method: DigestAlgorithm
    digest: bytes
    certificates: tuple[bytes, ...]
    inherited: Mapping[str, str]

    @property
    def legacy(self) -> bool:
        """Whether the signature rests on SHA-1."""
        return self.method in _LEGACY_METHODS or self.digest_method in _LEGACY_DIGESTS

    @property
    def digest_name(self) -> str:
        """The digest's name in hashlib."""
        return self.digest_method.name.lower()


def check_structure(root: etree._Element, *, legacy: bool = False) -> SignatureParts:
    """Return the parts of the one well-placed Signature; raises TrustError for all else.

    `legacy` lets SHA-1 pass; whoever allows it must then check for which sender.
    """
    signature = _only_signature(root)
    ancestors = (root, *reversed(list(signature.iterancestors())[:-1]))
    inherited = _inherited(ancestors)
    texts = (text or "" for each in signature.iter() for text in (each.text, each.tail))
    if sum(map(len, texts)) > _MAX_SIGNATURE_CHARACTERS:
        raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason="it is too long"))
    _attributes(signature, optional=("Id",))
    info, value, key_info = _children(signature, ("SignedInfo", "SignatureValue", "KeyInfo"))
    _attributes(value, optional=("Id",))
    _decoded(value, _MAX_SIGNATURE_BYTES)
    method, digest_method, digest = _signed_info(root, info, legacy=legacy)
    return SignatureParts(
        method=method,
        digest_method=digest_method,
        digest=digest,
        certificates=_certificates(key_info),
        inherited=inherited,
    )


def _only_signature(root: etree._Element) -> etree._Element:
    if root.tag != ROOT:
        raise TrustError(codes.CONTENT_CHANGED.at(reason=f"its root is {etree.QName(root).text}"))
    found = list(root.iter(SIGNATURE))
    if not found:
        raise TrustError(codes.NOT_SIGNED.at("edXMLHeader"))
    if len(found) > 1:
        raise _misplaced(f"there are {len(found)} Signature elements")
    signature = found[0]
    path = [str(element.tag) for element in signature.iterancestors()]
    if path != [qcvn("edXMLHeader"), qcvn("edXMLEnvelope"), ROOT]:
        raise _misplaced("Signature is not a child of edXML/edXMLEnvelope/edXMLHeader")
    if len(root.findall(path[1])) != 1 or len(root.findall(f"{path[1]}/{path[0]}")) != 1:
        raise _misplaced("there is more than one edXMLEnvelope or edXMLHeader")
    if signature.getnext() is not None:
        raise _misplaced("Signature is not the last child of edXMLHeader")
    anywhere = sum(1 for _ in root.iter(f"{{{DS_NS}}}*"))
    if anywhere != sum(1 for _ in signature.iter(f"{{{DS_NS}}}*")):
        raise _misplaced("elements of the signature namespace stand outside of Signature")
    return signature


def _misplaced(reason: str) -> TrustError:
    return TrustError(codes.SIGNATURE_PLACE.at(reason=reason))


def _inherited(ancestors: Sequence[etree._Element]) -> dict[str, str]:
    """Return the ``xml:`` attributes that inclusive C14N lets SignedInfo inherit."""
    inherited: dict[str, str] = {}
    for element in ancestors:
        for name, value in element.attrib.items():
            if not str(name).startswith(_XML_NS):
                continue
            if name not in _INHERITED:
                reason = f"{_local(element)} carries xml:{str(name)[len(_XML_NS) :]}"
                raise TrustError(codes.SIGNATURE_SHAPE.at(reason=reason))
            inherited[str(name)] = str(value)
    return inherited


def _signed_info(
    root: etree._Element, info: etree._Element, *, legacy: bool
) -> tuple[SignatureMethod, DigestAlgorithm, bytes]:
    methods = {each.value for each in (_METHODS | _LEGACY_METHODS if legacy else _METHODS)}
    digests = {each.value for each in (_DIGESTS | _LEGACY_DIGESTS if legacy else _DIGESTS)}
    _attributes(info, optional=("Id",))
    c14n, method, reference = _children(
        info, ("CanonicalizationMethod", "SignatureMethod", "Reference")
    )
    _algorithm(c14n, _C14N_METHODS)
    found = SignatureMethod(_algorithm(method, methods))
    _attributes(reference, required=("URI",), optional=("Id",))
    _check_target(root, str(reference.get("URI")))
    transforms, digest_method, value = _children(
        reference, ("Transforms", "DigestMethod", "DigestValue")
    )
    _check_transforms(transforms)
    kind = DigestAlgorithm(_algorithm(digest_method, digests))
    _attributes(value)
    digest = _decoded(value, _DIGEST_BYTES[kind.name])
    if len(digest) != _DIGEST_BYTES[kind.name]:
        raise TrustError(codes.ENCODING.at("Signature", element="DigestValue"))
    return found, kind, digest


def _check_target(root: etree._Element, uri: str) -> None:
    if uri == "":
        return
    name = uri[1:]
    if not uri.startswith("#") or not _ID.fullmatch(name) or root.get("Id") != name:
        raise TrustError(codes.REFERENCE.at("Reference", reason=f"URI is '{shown(uri, 80)}'"))
    bearers = sum(
        1
        for element in root.iter("*")
        for key, value in element.attrib.items()
        if value == name and etree.QName(str(key)).localname.lower() == "id"
    )
    if bearers != 1:
        raise TrustError(codes.REFERENCE.at("Reference", reason=f"the id {name} is not unique"))


def _check_transforms(transforms: etree._Element) -> None:
    _attributes(transforms)
    steps = list(transforms)
    for step in steps:
        if step.tag != f"{{{DS_NS}}}Transform":
            raise TrustError(codes.REFERENCE.at("Transforms", reason=f"it holds {_local(step)}"))
        _algorithm(step, _C14N_METHODS | {ENVELOPED})
    found = [str(step.get("Algorithm")) for step in steps]
    if found[:1] != [ENVELOPED] or len(found) > 2 or ENVELOPED in found[1:]:
        reason = "its transforms are not enveloped-signature and one C14N"
        raise TrustError(codes.REFERENCE.at("Transforms", reason=reason))


def _certificates(key_info: etree._Element) -> tuple[bytes, ...]:
    _attributes(key_info, optional=("Id",))
    names = [_local(child) for child in _dsig_children(key_info)]
    if sorted(names) not in (["X509Data"], ["KeyValue", "X509Data"]):
        raise TrustError(codes.KEY_INFO.at("KeyInfo", reason=f"it holds {_listed(names)}"))
    for child in key_info:
        if _local(child) == "KeyValue":
            _check_length(child)
    data = key_info[names.index("X509Data")]
    _attributes(data)
    certificates = []
    for child in _dsig_children(data):
        if _local(child) == "X509Certificate":
            _attributes(child)
            certificates.append(_decoded(child, _MAX_CERTIFICATE_BYTES))
        elif _local(child) in _HINTS:
            _check_length(child)
        else:
            raise TrustError(codes.KEY_INFO.at("X509Data", reason=f"it holds {_local(child)}"))
    if not 1 <= len(certificates) <= _MAX_CERTIFICATES:
        reason = f"it holds {len(certificates)} certificates"
        raise TrustError(codes.KEY_INFO.at("X509Data", reason=reason))
    return tuple(certificates)


def _check_length(element: etree._Element) -> None:
    if sum(len(each.text or "") for each in element.iter()) > _MAX_HINT_CHARACTERS:
        raise TrustError(codes.KEY_INFO.at("KeyInfo", reason=f"{_local(element)} is too long"))


def _dsig_children(parent: etree._Element) -> list[etree._Element]:
    children = list(parent)
    for child in children:
        if etree.QName(child).namespace != DS_NS:
            reason = f"{_local(parent)} holds {_local(child)} of another namespace"
            raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason=reason))
    return children


def _children(parent: etree._Element, names: tuple[str, ...]) -> list[etree._Element]:
    children = _dsig_children(parent)
    found = tuple(_local(child) for child in children)
    if found != names:
        reason = f"{_local(parent)} holds {_listed(found)}"
        raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason=reason))
    return children


def _attributes(
    element: etree._Element, required: Collection[str] = (), optional: Collection[str] = ()
) -> None:
    names = {str(name) for name in element.attrib}
    if not set(required) <= names <= {*required, *optional}:
        reason = f"{_local(element)} has the attributes {_listed(sorted(names))}"
        raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason=reason))


def _algorithm(element: etree._Element, accepted: Collection[str]) -> str:
    _attributes(element, required=("Algorithm",))
    algorithm = str(element.get("Algorithm"))
    if algorithm not in accepted:
        facts = {"algorithm": shown(algorithm, 200), "purpose": _local(element)}
        raise TrustError(codes.ALGORITHM.at("Signature", accepted=_listed(accepted), **facts))
    if len(element) or (element.text or "").strip():
        reason = f"{_local(element)} has parameters"
        raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason=reason))
    return algorithm


def _decoded(element: etree._Element, limit: int) -> bytes:
    text = (element.text or "").translate(_SPACE)
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        value = b""
    if len(element) or not 0 < len(value) <= limit or base64.b64encode(value).decode() != text:
        raise TrustError(codes.ENCODING.at("Signature", element=_local(element)))
    return value


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _listed(names: Collection[str]) -> str:
    ordered = sorted(names) if isinstance(names, set | frozenset) else list(names)
    return ", ".join(ordered[:_MAX_LISTED]) or "nothing"
