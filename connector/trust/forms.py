"""Signatures of a known form: what one packet of a sender has shown is not looked at again.

The Signatures of a sender differ in two texts only, DigestValue and SignatureValue. After a packet
was found valid, all else of its Signature is kept, byte for byte, together with what was found out
about it: structure, schema, algorithms, certificates, the canonical form of SignedInfo. Where the
same bytes come again, that still holds, and the packet is parsed once, without its Signature:

- The Signature stands by itself: it is ASCII and its own canonical form, all of its names are of
  the namespace of signatures and declared inside. What surrounds it changes nothing in it, nor
  in the exclusive canonical form of SignedInfo.
- Its two texts are canonical base64 of the same length: nothing more is asked of them.
- The rest is parsed under the same checks and is its own canonical form, so that it holds neither
  comment nor reference nor empty tag. ``</edXML:edXMLHeader>`` occurs in it once and so is the
  end of its only header: Signature is the last child there, with nothing behind it.
- Taking the Signature out of the tree of the whole, and of that the canonical form, would give
  exactly the rest. It is what was signed, if signature and digest say so.

A rest that is of this project's own form (`own_form`) shows all of this by that: it holds neither
a comment nor a reference, has one header, no attribute and no Signature, and is canonical.

All other packets are looked at from the beginning. That a form is known says nothing of a packet:
period, chain, revocation, signature, digest and registry are asked every time.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from connector.edxml.names import DS_NS, ROOT, qcvn
from connector.edxml.own_form import OwnForm
from connector.edxml.parser import Limits
from connector.edxml.quick import names_are_short, parse_beside
from connector.trust.memo import Memo
from connector.trust.structure import SignatureParts
from connector.trust.xmldsig import canonical, hard_parser

__all__ = ["Form", "Forms", "Recognised", "learn", "recognise"]

_HEADER_END: Final = b"</edXML:edXMLHeader>"
_HEADER: Final = "edXMLHeader"
_PREFIX: Final = "edXML"
_STARTS: Final = (b"<ds:Signature ", b"<Signature ")
_DIGEST: Final = b"DigestValue>"
_VALUE: Final = b"SignatureValue>"
_MOST_VALUE: Final = 1024
_MOST_FORM: Final = 16_384
"""Some certificates; a signature does not say how long the Signature around it may be."""
_DEPTH: Final = 16
_DS: Final = f"{{{DS_NS}}}"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_AROUND: Final = (ROOT, qcvn("edXMLEnvelope"), qcvn(_HEADER))


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of a Signature but for its two values.

    `info` is the canonical SignedInfo before and behind the text of DigestValue; the digest in
    `parts` is that of the packet from which the form was learnt.
    """

    parts: SignatureParts
    info: tuple[bytes, bytes]
    value_bytes: int


Forms = Memo[tuple[bytes, bytes, bytes], Form]
"""Forms by the bytes of the Signature around its two values."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A skeleton with a Signature of known form.

    `rest` is the skeleton without it, which is its own canonical form, and `root` its tree, or
    the rest taken apart; `info` is the canonical SignedInfo and `value` what is said to be its
    signature.
    """

    rest: bytes
    root: etree._Element | OwnForm
    parts: SignatureParts
    info: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class _Apart:
    """A skeleton, taken apart; the Signature around its two values, and these values."""

    rest: bytes
    around: tuple[bytes, bytes, bytes]
    digest: bytes
    value: bytes

    @property
    def signature(self) -> bytes:
        """The whole Signature."""
        first, second, third = self.around
        return b"".join((first, self.digest, second, self.value, third))


def recognise(skeleton: bytes, forms: Forms, *, limits: Limits) -> Recognised | None:
    """Return the packet if its Signature is of a known form; None if all has to be looked at."""
    apart = _apart(skeleton)
    form = None if apart is None else forms.peek(apart.around)
    if apart is None or form is None:
        return None
    digest, value = _decoded(apart.digest), _decoded(apart.value)
    if len(digest) != len(form.parts.digest) or len(value) != form.value_bytes:
        return None
    root = parse_beside(apart.rest, skeleton, limits=limits)
    if root is None or not (isinstance(root, OwnForm) or _fits(root, apart.rest)):
        return None
    before, behind = form.info
    return Recognised(
        rest=apart.rest,
        root=root,
        parts=replace(form.parts, digest=digest),
        info=before + apart.digest + behind,
        value=value,
    )


def learn(skeleton: bytes, parts: SignatureParts, forms: Forms) -> None:
    """Keep the form of a Signature that was found valid, if it stands by itself."""
    apart = _apart(skeleton)
    if apart is None or parts.legacy or parts.inherited or forms.peek(apart.around) is not None:
        return
    if sum(map(len, apart.around)) > _MOST_FORM:
        return
    form = _form(apart, parts)
    if form is not None:
        forms.put(apart.around, form)


def _apart(data: bytes) -> _Apart | None:
    """Take a skeleton apart at its header's end; what comes out is only text, not yet proved."""
    end = data.find(_HEADER_END)
    starts = (data.rfind(each, 0, max(end, 0)) for each in _STARTS)
    start = next((each for each in starts if each >= 0), -1)
    if start < 0 or data.find(_HEADER_END, end + 1) >= 0:
        return None
    digest_at = data.find(_DIGEST, start, end) + len(_DIGEST)
    digest_end = data.find(b"<", digest_at, end)
    value_at = data.find(_VALUE, max(digest_end, start), end) + len(_VALUE)
    value_end = data.find(b"<", value_at, end)
    if not start + len(_DIGEST) < digest_at < digest_end < value_at < value_end:
        return None
    return _Apart(
        data[:start] + data[end:],
        (data[start:digest_at], data[digest_end:value_at], data[value_end:end]),
        data[digest_at:digest_end],
        data[value_at:value_end],
    )


def _decoded(text: bytes) -> bytes:
    """Return the bytes of canonical base64 without white space; nothing for all else."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return b""
    return data if base64.b64encode(data) == text else b""


def _fits(root: etree._Element, rest: bytes) -> bool:
    """Tell whether a tree has the place for a Signature, and is written in its canonical form."""
    return _has_place(root) and _is_canonical(root, rest)


def _is_canonical(root: etree._Element, data: bytes) -> bool:
    try:
        return canonical(root) == data
    except etree.LxmlError:
        return False  # such as for a relative name of a namespace


def _has_place(root: etree._Element) -> bool:
    """Tell whether a tree without Signature has the one place for it, and nothing signs in it."""
    if root.tag != _AROUND[0] or root.attrib:
        return False
    element = root
    for tag in _AROUND[1:]:
        found = [child for child in element if child.tag == tag]
        if len(found) != 1 or found[0].attrib:
            return False
        element = found[0]
    return element.prefix == _PREFIX and next(root.iter(_DS + "*"), None) is None


def _form(apart: _Apart, parts: SignatureParts) -> Form | None:
    """Return what can be known of a Signature; None if it does not stand by itself."""
    written = apart.signature
    if not written.isascii() or not names_are_short(written):
        return None
    try:
        signature = etree.fromstring(written, hard_parser())
    except etree.XMLSyntaxError:
        return None
    value = _decoded(apart.value)
    alone = (
        canonical(signature) == written
        and all(_is_plain(each) for each in signature.iter())
        and _decoded(apart.digest) == parts.digest
        and 0 < len(value) <= _MOST_VALUE
        and _texts(signature) == (apart.digest, apart.value)
    )
    info = _signed_info(signature, apart.digest) if alone else None
    return None if info is None else Form(parts, info, len(value))


def _is_plain(element: etree._Element) -> bool:
    """Tell whether a node is an element of Signature, not too deep, and not of a seldom kind."""
    tag = element.tag
    return (
        isinstance(tag, str)
        and tag.startswith(_DS)
        and tag != f"{_DS}KeyValue"
        and sum(1 for _ in element.iterancestors()) < _DEPTH
    )


def _texts(signature: etree._Element) -> tuple[bytes, ...]:
    """Return the texts of DigestValue and SignatureValue, where each stands once."""
    values = signature.iter(f"{_DS}DigestValue", f"{_DS}SignatureValue")
    return tuple((each.text or "").encode() for each in values)


def _signed_info(signature: etree._Element, digest: bytes) -> tuple[bytes, bytes] | None:
    """Return the canonical SignedInfo around its digest; None unless all forms are exclusive."""
    info = signature[0]
    methods = info.iter(f"{_DS}CanonicalizationMethod", f"{_DS}Transform")
    algorithms = [str(each.get("Algorithm")) for each in methods]
    (reference,) = info.iter(f"{_DS}Reference")
    if algorithms[0] != _EXCLUSIVE or algorithms[-1] != _EXCLUSIVE or reference.get("URI") != "":
        return None
    alone = etree.fromstring(etree.tostring(info, with_tail=False), hard_parser())
    before, text, behind = canonical(alone).partition(digest)
    return (before, behind) if text and digest not in behind else None
