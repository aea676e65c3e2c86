"""Four ways of signing and verifying with what one finds for Python; each loads only its own.

naive: xmlschema, signxml, the key as PEM text each time. tuned: libxml2's schema, signxml, a key
object; durable, too. xmlsec: libxml2's schema, python-xmlsec. command: libxml2's schema, and the
program ``xmlsec1`` once for each packet.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol

from lxml import etree

from tests.perf.peers.documents import DS, header_of
from tests.perf.peers.wire import Task

__all__ = ["Tool", "open_tool", "validator"]

_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_END: Final = "-----END CERTIFICATE-----"
_TEMPLATE: Final = f"""<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="{_EXCLUSIVE}"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<ds:Reference URI=""><ds:Transforms>
<ds:Transform Algorithm="{DS}enveloped-signature"/><ds:Transform Algorithm="{_EXCLUSIVE}"/>
</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"""


class Tool(Protocol):
    """One way of making and checking XML signatures."""

    def sign(self, root: etree._Element) -> bytes:
        """Return the packet with its signature last in edXMLHeader."""
        ...

    def verify(self, body: bytes) -> etree._Element:
        """Return the root of a packet whose signature is the peer's; raise if it is not."""
        ...


def open_tool(task: Task) -> Tool:
    """Return the tool that a task names."""
    made: dict[str, Callable[[Task], Tool]] = {
        "naive": lambda task: _SignXml(task, key=task.key.read_bytes()),
        "tuned": _tuned,
        "durable": _tuned,
        "xmlsec": _XmlSec,
        "command": _Command,
    }
    return made[task.tool](task)


def validator(task: Task, kind: str) -> Callable[[etree._Element], Any]:
    """Return the schema check for `document` or `status`; it raises."""
    path = task.schemas / f"edxml-{kind}.xsd"
    if task.tool == "naive":
        import xmlschema

        check: Callable[[Any], Any] = xmlschema.XMLSchema(path).validate
        return check
    return etree.XMLSchema(etree.parse(path)).assertValid


def _tuned(task: Task) -> Tool:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _SignXml(task, key=load_pem_private_key(task.key.read_bytes(), None))


class _SignXml:
    """signxml; given a parser that reads long texts, it cannot take over 7.5 MB without."""

    def __init__(self, task: Task, *, key: Any) -> None:
        from signxml.algorithms import CanonicalizationMethod, SignatureMethod
        from signxml.signer import XMLSigner
        from signxml.verifier import SignatureConfiguration, XMLVerifier

        self._key = key
        self._certificate = task.certificate.read_text(encoding="ascii")
        self._peer = task.peer_certificate.read_text(encoding="ascii").partition(_END)[0] + _END
        elliptic = "BEGIN EC" in task.key.read_text(encoding="ascii") or _is_elliptic(key)
        method = SignatureMethod.ECDSA_SHA256 if elliptic else SignatureMethod.RSA_SHA256
        c14n = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        self._parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
        self._new_signer: Callable[[], Any] = lambda: XMLSigner(
            signature_algorithm=method, c14n_algorithm=c14n
        )
        self._new_verifier: Callable[[], Any] = XMLVerifier
        self._expect = SignatureConfiguration(expect_references=1)

    def sign(self, root: etree._Element) -> bytes:
        """Sign in the place that a placeholder holds."""
        place = {"Id": "placeholder"}
        etree.SubElement(header_of(root), f"{{{DS}}}Signature", place, {"ds": DS})
        signer = self._new_signer()
        signer._parser = self._parser
        return etree.tostring(signer.sign(root, key=self._key, cert=self._certificate))

    def verify(self, body: bytes) -> etree._Element:
        """Verify with the peer's certificate; return the signed tree."""
        verifier = self._new_verifier()
        result = verifier.verify(
            body, x509_cert=self._peer, parser=self._parser, expect_config=self._expect
        )
        root: Any = result[0].signed_xml if isinstance(result, list) else result.signed_xml
        if not isinstance(root, etree._Element):
            raise TypeError(root)
        return root


def _is_elliptic(key: object) -> bool:
    return hasattr(key, "curve")


class _XmlSec:
    """python-xmlsec on lxml trees."""

    def __init__(self, task: Task) -> None:
        self._xmlsec: Any = import_module("xmlsec")
        xmlsec = self._xmlsec
        self._key = xmlsec.Key.from_file(str(task.key), xmlsec.constants.KeyDataFormatPem)
        self._key.load_cert_from_file(str(task.certificate), xmlsec.constants.KeyDataFormatPem)
        self._peer = xmlsec.Key.from_file(
            str(task.peer_certificate), xmlsec.constants.KeyDataFormatCertPem
        )
        self._parser = etree.XMLParser(resolve_entities=False, huge_tree=True)

    def sign(self, root: etree._Element) -> bytes:
        """Fill a template in the tree."""
        xmlsec, constants = self._xmlsec, self._xmlsec.constants
        template = xmlsec.template
        node = template.create(
            root, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds"
        )
        header_of(root).append(node)
        reference = template.add_reference(node, constants.TransformSha256, uri="")
        template.add_transform(reference, constants.TransformEnveloped)
        template.add_transform(reference, constants.TransformExclC14N)
        template.add_x509_data(template.ensure_key_info(node))
        context = xmlsec.SignatureContext()
        context.key = self._key
        context.sign(node)
        return etree.tostring(root)

    def verify(self, body: bytes) -> etree._Element:
        """Parse and verify with the peer's key."""
        root = etree.fromstring(body, self._parser)
        context = self._xmlsec.SignatureContext()
        context.key = self._peer
        context.verify(root.find(f".//{{{DS}}}Signature"))
        return root


class _Command:
    """One run of ``xmlsec1`` for each packet."""

    def __init__(self, task: Task) -> None:
        self._keys = f"{task.key},{task.certificate}"
        self._peer = str(task.peer_certificate)
        self._file = task.directory / "command.xml"
        self._out = task.directory / "command-signed.xml"
        self._template = etree.fromstring(_TEMPLATE.replace("\n", ""))
        self._parser = etree.XMLParser(resolve_entities=False, huge_tree=True)

    def sign(self, root: etree._Element) -> bytes:
        """Write a template, let the command fill it, read the result."""
        header_of(root).append(etree.fromstring(etree.tostring(self._template)))
        self._file.write_bytes(etree.tostring(root))
        self._run("--sign", "--privkey-pem", self._keys, "--output", str(self._out))
        return self._out.read_bytes()

    def verify(self, body: bytes) -> etree._Element:
        """Write the packet, let the command verify it, parse it."""
        self._file.write_bytes(body)
        self._run("--verify", "--pubkey-cert-pem", self._peer)
        return etree.fromstring(body, self._parser)

    def _run(self, *arguments: str) -> None:
        command = ["xmlsec1", *arguments, str(self._file)]
        subprocess.run(command, check=True, capture_output=True)
