"""Rows 1 to 3: signatures moved, doubled and wrapped, ambiguous ids, doubled parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from lxml import etree

from tests.corpus.signing import C14N, DS, ENVELOPED, sign
from tests.corpus.vector import Vector, document, edited, g22, packet, refused, signed
from tests.corpus.world import World

__all__ = ["wrapping"]

_NS: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_HEADER: Final = f"{{{_NS}}}edXMLEnvelope/{{{_NS}}}edXMLHeader"
_PLAIN: Final = packet(document())
_NUMBER: Final = (b"05</edXML:CodeNumber>", b"66</edXML:CodeNumber>")
_WITH_ATTRIBUTES: Final = frozenset(
    {
        *("Signature", "Reference", "DigestMethod", "Transform"),
        *("CanonicalizationMethod", "SignatureMethod"),
    }
)
Build = Callable[[etree._Element, etree._Element], None]
Making = Callable[[World], bytes]


def wrapping() -> Iterator[Vector]:
    """Yield the vectors of rows 1 to 3."""
    yield from _wrapped()
    yield from _misplaced()
    yield from _absent()
    yield from _identified()
    yield from _doubled()
    yield from _added()


def _signature(root: etree._Element) -> etree._Element:
    return root.findall(f"{_HEADER}/{{{DS}}}Signature")[0]


def _header(root: etree._Element) -> etree._Element:
    return root.findall(_HEADER)[0]


def _unsign(root: etree._Element) -> etree._Element:
    signature = _signature(root)
    _header(root).remove(signature)
    return signature


def _part(root: etree._Element, name: str) -> etree._Element:
    return root.findall(f".//{{{DS}}}{name}")[0]


def _in_object(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    etree.SubElement(_signature(forged), f"{{{DS}}}Object").append(genuine)


def _in_root(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(forged)
    forged.append(genuine)


def _in_root_unsigned(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    forged.append(genuine)


def _in_header(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(forged)
    _header(forged).append(genuine)


def _in_header_before(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    _header(forged).insert(0, genuine)


def _envelope_behind(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(forged)
    forged.append(genuine[0])


def _envelope_before(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(forged)
    forged.insert(0, genuine[0])


def _header_behind(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(forged)
    forged[0].append(_header(genuine))


def _message_header(forged: etree._Element, genuine: etree._Element) -> None:
    _header(forged).insert(1, _header(genuine)[0])


def _transplant(forged: etree._Element, genuine: etree._Element) -> None:
    _header(forged).replace(_signature(forged), _signature(genuine))


def _in_value(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    _part(forged, "SignatureValue").append(genuine)


def _in_x509_data(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    _part(forged, "X509Data").append(genuine)


def _in_transform(forged: etree._Element, genuine: etree._Element) -> None:
    _unsign(genuine)
    _part(forged, "Transform").append(genuine)


def _in_attachment(forged: etree._Element, genuine: etree._Element) -> None:
    forged[1].append(genuine)


def _signature_inside_signature(forged: etree._Element, genuine: etree._Element) -> None:
    _signature(forged).append(_signature(genuine))


def _wrapped() -> Iterator[Vector]:
    """Yield a genuine signed tree hidden at every place of a forged packet."""
    for number, (build, stage, code) in enumerate(
        (
            (_in_object, "structure", 3103),
            (_in_root, "structure", 3102),
            (_in_root_unsigned, "signature", 3108),
            (_in_header, "structure", 3102),
            (_in_header_before, "signature", 3108),
            (_envelope_behind, "structure", 3102),
            (_envelope_before, "structure", 3102),
            (_header_behind, "structure", 3102),
            (_message_header, "signature", 3108),
            (_transplant, "signature", 3108),
            (_in_value, "structure", 3106),
            (_in_x509_data, "structure", 3103),
            (_in_transform, "structure", 3103),
            (_in_attachment, "structure", 3102),
            (_signature_inside_signature, "structure", 3102),
        ),
        1,
    ):
        name = f"wrapping-{number:02d}{build.__name__.replace('_', '-')}"
        yield refused(name, 1, stage, code, _forgery(build))


def _forgery(build: Build) -> Making:
    return lambda w: _forge(w, build)


def _forge(world: World, build: Build) -> bytes:
    data = sign(_PLAIN, g22(world))
    genuine, forged = etree.fromstring(data), etree.fromstring(edited(data, _NUMBER))
    build(forged, genuine)
    return etree.tostring(forged)


def _misplaced() -> Iterator[Vector]:
    for name, at in (
        ("first-in-header", b"<edXML:MessageHeader>"),
        ("in-message-header", b"</edXML:MessageHeader>"),
        ("before-traces", b"<edXML:TraceHeaderList>"),
        ("in-envelope", b"</edXML:edXMLEnvelope>"),
        ("in-body", b"</edXML:edXMLBody>"),
        ("in-attachments", b"</AttachmentEncoded>"),
        ("in-root", b"</edXML>"),
    ):
        yield refused(f"misplaced-{name}", 1, "structure", 3102, signed(_PLAIN, at=at))
    yield refused(
        "foreign-root",
        1,
        "structure",
        3109,
        lambda w: b"<a>" + sign(_PLAIN, g22(w)) + b"</a>",
    )
    yield refused(
        "signature-as-root",
        1,
        "structure",
        3109,
        lambda w: _as_root(sign(_PLAIN, g22(w))),
    )


def _absent() -> Iterator[Vector]:
    """Yield packets whose header or Signature is not there, or is another one's."""
    yield refused(
        "signature-alone-in-header",
        1,
        "content",
        2012,
        lambda w: sign(_headless(), g22(w), space="\n"),
    )
    yield refused("unsigned", 1, "structure", 3101, lambda _: _PLAIN)
    yield refused(
        "signature-of-another-namespace",
        (1, 5),
        "structure",
        3101,
        lambda w: edited(sign(_PLAIN, g22(w)), (f'"{DS}"'.encode(), f'"{_NS}"'.encode())),
    )
    stray = f'<x:Object xmlns:x="{DS}"/></edXML:MessageHeader>'.encode()
    yield refused(
        "signed-stray-object",
        1,
        "structure",
        3102,
        lambda w: sign(edited(_PLAIN, (b"</edXML:MessageHeader>", stray)), g22(w)),
    )


def _headless() -> bytes:
    """Return a packet whose header is empty but for a line end."""
    start, end = b"<edXML:edXMLHeader>", b"</edXML:edXMLHeader>"
    before, _, rest = _PLAIN.partition(start)
    return before + start + end + b"\n" + rest.partition(end)[2]


def _as_root(data: bytes) -> bytes:
    root = etree.fromstring(data)
    signature = _unsign(root)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    return etree.tostring(signature)


def _identified() -> Iterator[Vector]:
    root = edited(_PLAIN, (b"<edXML ", b'<edXML Id="doc" '))
    for spelling in ("Id", "ID", "id", "iD", "edXML:Id"):
        twice = edited(root, (b"<edXML:Subject>", f'<edXML:Subject {spelling}="doc">'.encode()))
        name = f"id-twice-as-{spelling.replace(':', '-')}"
        yield refused(name, 2, "structure", 3105, signed(twice, uri="#doc"))
    foreign = (b"<edXML:Subject>", b'<edXML:Subject xml:id="doc">')
    yield refused(
        "id-twice-as-xml-id",
        2,
        "structure",
        3105,
        lambda w: sign(edited(root, foreign), g22(w), uri="#doc"),
    )
    for name, uri in (
        ("of-nothing", "#other"),
        ("quoted", "#doc' or '1'='1"),
        ("empty", "#"),
        ("double", "##doc"),
        ("pointer", "#xpointer(id('doc'))"),
        ("pointer-root", "#xpointer(/)"),
        ("with-space", "#doc "),
    ):
        yield refused(f"id-{name}", 2, "structure", 3105, signed(root, uri=uri))
    inner = edited(_PLAIN, (b"<edXML:edXMLEnvelope ", b'<edXML:edXMLEnvelope Id="doc" '))
    yield refused(
        "id-of-a-part", (1, 2), "structure", 3105, lambda w: sign(inner, g22(w), uri="#doc")
    )


def _doubled() -> Iterator[Vector]:
    for part, code in (
        ("SignedInfo", 3103),
        ("Reference", 3103),
        ("SignatureValue", 3103),
        ("KeyInfo", 3103),
        ("DigestValue", 3103),
        ("SignatureMethod", 3103),
        ("X509Data", 3107),
    ):
        yield refused(f"twice-{part}", 3, "structure", code, _changed(_twice, part))
    for part in ("SignedInfo", "SignatureValue", "Reference", "KeyInfo"):
        yield refused(f"without-{part}", 3, "structure", 3103, _changed(_without, part))
    for name, markup, stage, code in (
        ("comment", b"<!-- x -->", "form", 2006),
        ("instruction", b"<?x y?>", "form", 2006),
        ("cdata", b"<![CDATA[AAAA]]>", "form", 2006),
        ("element", b"<x/>", "structure", 3106),
        ("text", b"A", "structure", 3106),
    ):
        for tag in (b"DigestValue", b"SignatureValue"):
            yield refused(
                f"{name}-in-{tag.decode()}",
                (3, 4),
                stage,
                code,
                signed(_PLAIN, edits=[(b"<ds:%b>" % tag, b"<ds:%b>%b" % (tag, markup))]),
            )


def _added() -> Iterator[Vector]:
    """Yield what was added to a sound Signature."""
    yield refused(
        "second-signature",
        (1, 3),
        "structure",
        3102,
        lambda w: sign(sign(_PLAIN, g22(w)), w.identity("H41"), at=b"</edXML>"),
    )
    for part in (
        *("SignedInfo", "SignatureValue", "DigestValue", "Transforms", "KeyInfo", "X509Data"),
        *("X509Certificate", "Signature", "Reference", "DigestMethod", "Transform"),
        *("CanonicalizationMethod", "SignatureMethod"),
    ):
        tag = f"<ds:{part}".encode()
        end = b" " if part in _WITH_ATTRIBUTES else b">"
        yield refused(
            f"attribute-on-{part}",
            3,
            "structure",
            3103,
            signed(_PLAIN, edits=[(tag + end, tag + b' a=""' + end)]),
        )
    yield refused(
        "foreign-child-of-SignedInfo",
        3,
        "structure",
        3103,
        lambda w: edited(
            sign(_PLAIN, g22(w), c14n=C14N, transforms=(ENVELOPED,)),
            (b"<ds:Reference ", b'<x xmlns="urn:x"/><ds:Reference '),
        ),
    )


def _changed(change: Callable[[World, str], bytes], part: str) -> Making:
    return lambda w: change(w, part)


def _twice(world: World, part: str) -> bytes:
    root = etree.fromstring(sign(_PLAIN, g22(world)))
    found = _part(root, part)
    found.addnext(etree.fromstring(etree.tostring(found, with_tail=False)))
    return etree.tostring(root)


def _without(world: World, part: str) -> bytes:
    root = etree.fromstring(sign(_PLAIN, g22(world)))
    found = _part(root, part)
    parent = found.getparent()
    if parent is not None:
        parent.remove(found)
    return etree.tostring(root)
