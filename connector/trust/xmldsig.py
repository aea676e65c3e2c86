"""signxml with what it lacks: a parser for large texts, right canonical forms, no document in logs.

lxml's inclusive C14N writes spurious ``xmlns=""`` below a sub-element whose default namespace was
declared further up, so every signature with ``<Signature xmlns=…>`` and inclusive C14N would
fail; and a detached SignedInfo no longer sees the ``xml:lang`` of its ancestors. Both are
repaired here. (signxml's own escape, deleting ``xmlns=""`` from the bytes, accepts forgeries.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner
from signxml.verifier import XMLVerifier

from connector.edxml.names import DS_NS

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


def hard_parser() -> etree.XMLParser[etree._Element]:
    """Return a parser for bytes that `connector.edxml.parser.parse` has accepted."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=True,
        recover=False,
        remove_comments=False,
        remove_pis=False,
        collect_ids=False,
    )


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


class PacketVerifier(XMLVerifier):
    """Verifies one packet; `inherited` are the ``xml:`` attributes above its Signature."""

    def __init__(self, inherited: Mapping[str, str]) -> None:
        super().__init__()
        self._inherited = inherited

    def _c14n(
        self, nodes: etree._Element, algorithm: CanonicalizationMethod, *_: Any, **_settings: Any
    ) -> bytes:
        exclusive = algorithm.value == _EXCLUSIVE
        if nodes.getparent() is None:
            return canonical(nodes, exclusive=exclusive)
        root = etree.fromstring(etree.tostring(nodes, with_tail=False), hard_parser())
        for name, value in self._inherited.items():
            if not exclusive and name not in root.attrib:
                root.set(name, value)
        return canonical(root, exclusive=exclusive)
