"""Every accepted shape, both ways, with two other implementations of XML signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from connector.model.packet import Packet
from connector.trust.certificates import fingerprint
from connector.trust.keys import SigningKey
from connector.trust.sign import seal
from connector.trust.verify import explain, verify
from tests.corpus.signing import C14N, C14N_11, DIGESTS, ENVELOPED, EXCLUSIVE, MORE, PSS_METHOD
from tests.corpus.vector import document, edited, g22, packet, status
from tests.corpus.vectors import all_vectors
from tests.corpus.world import NOW, World
from tests.interop.parties import JavaParty, XmlsecParty

DOCUMENT: Final = document()
CHANGE: Final = (b"05</edXML:CodeNumber>", b"06</edXML:CodeNumber>")
C14NS: Final = {"exclusive": EXCLUSIVE, "c14n10": C14N, "c14n11": C14N_11}
KINDS: Final = ("p256", "p384", "p521", "rsa2048")
PSS: Final = "-rsa-MGF1"


@dataclass(frozen=True)
class Shape:
    """One way to sign a packet."""

    kind: str
    prefix: str
    c14n: str
    transform: str
    size: str
    pss: bool = False
    language: bool = False
    key_value: bool = False

    @property
    def name(self) -> str:
        """A name that is fit for a file."""
        flags = [flag for flag in ("pss", "language", "key_value") if getattr(self, flag)]
        parts = (self.kind, self.prefix or "default", self.c14n, self.transform, self.size, *flags)
        return "-".join(parts)

    @property
    def method(self) -> str:
        """The URI of the signature's algorithm."""
        if self.pss:
            return f"{PSS_METHOD}{self.size}{PSS}"
        return f"{MORE}{'rsa' if self.kind.startswith('rsa') else 'ecdsa'}-{self.size}"

    @property
    def transforms(self) -> tuple[str, ...]:
        """The URIs of the transforms."""
        step = C14NS.get(self.transform)
        return (ENVELOPED,) if step is None else (ENVELOPED, step)

    @property
    def data(self) -> bytes:
        """The packet to sign."""
        plain = packet(DOCUMENT)
        return edited(plain, (b"<edXML ", b'<edXML xml:lang="vi" ')) if self.language else plain


def shapes() -> list[Shape]:
    """Return all forms of one algorithm, and all algorithms in two forms."""
    forms = [
        Shape("p256", prefix, c14n, transform, "sha256", language=language)
        for prefix in ("ds", "")
        for c14n in C14NS
        for transform in ("none", *C14NS)
        for language in (False, True)
    ]
    algorithms = [
        Shape(kind, prefix, c14n, c14n, size)
        for kind in KINDS
        for prefix, c14n in (("ds", "exclusive"), ("", "c14n10"))
        for size in ("sha256", "sha384", "sha512")
    ]
    return list(dict.fromkeys((*forms, *algorithms)))


def java_shapes() -> list[Shape]:
    """Return what the JDK can do beyond: PSS, and the key beside its certificate."""
    pss = [
        Shape("rsa2048", prefix, "exclusive", "none", size, pss=True)
        for prefix in ("ds", "")
        for size in ("sha256", "sha384", "sha512")
    ]
    valued = [Shape(kind, "", "c14n10", "none", "sha256", key_value=True) for kind in KINDS]
    valued.append(Shape("rsa2048", "", "c14n10", "none", "sha256", pss=True, key_value=True))
    return [*shapes(), *pss, *valued]


@pytest.fixture(scope="module")
def world() -> World:
    """The authorities and agencies of the corpus."""
    return World()


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> JavaParty:
    """The JDK."""
    return JavaParty(tmp_path_factory.mktemp("java"))


@pytest.fixture(scope="module")
def signed_by_java(java: JavaParty, world: World) -> dict[str, bytes]:
    """What the JDK signed, by the names of the shapes."""
    for shape in java_shapes():
        java.order_signature(
            shape.name,
            shape.data,
            g22(world, shape.kind),
            prefix=shape.prefix,
            c14n=C14NS[shape.c14n],
            transforms=shape.transforms,
            digest=DIGESTS[shape.size],
            method=shape.method,
            key_value=shape.key_value,
        )
    names = [shape.name for shape in java_shapes()]
    assert dict(zip(names, java.answers(), strict=True)) == dict.fromkeys(names, "OK")
    return {name: java.path(name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def xmlsec(tmp_path_factory: pytest.TempPathFactory, world: World) -> XmlsecParty:
    """The command xmlsec1."""
    return XmlsecParty(tmp_path_factory.mktemp("xmlsec"), world)


def check(data: bytes, shape: Shape, world: World) -> None:
    """Insist that we accept a foreign signature, and notice a change under it."""
    verified = verify(data, world.trust(), at=NOW)
    assert verified.reading.envelope == DOCUMENT
    assert len(verified.digest) * 4 == int(shape.size[3:])
    verdict = explain(edited(data, CHANGE), world.trust(), at=NOW)
    assert [each.code for each in verdict.findings] == ["EDX-3108"]


@pytest.mark.parametrize("shape", [pytest.param(each, id=each.name) for each in java_shapes()])
def test_we_accept_what_the_jdk_signs(
    shape: Shape, signed_by_java: dict[str, bytes], world: World
) -> None:
    """Whatever shape the JDK writes, its signatures are real to us."""
    check(signed_by_java[shape.name], shape, world)


@pytest.mark.parametrize("shape", [pytest.param(each, id=each.name) for each in shapes()])
def test_we_accept_what_xmlsec1_signs(shape: Shape, xmlsec: XmlsecParty, world: World) -> None:
    """Whatever shape xmlsec1 writes, its signatures are real to us."""
    data = xmlsec.signs(
        shape.data,
        g22(world, shape.kind),
        prefix=shape.prefix,
        c14n=C14NS[shape.c14n],
        transforms=shape.transforms,
        digest=DIGESTS[shape.size],
        method=shape.method,
    )
    check(data, shape, world)


def sealed(world: World) -> dict[str, bytes]:
    """Return a document and a status, sealed by this program with keys of every kind."""
    made = {}
    for kind in KINDS:
        identity = g22(world, kind)
        key = SigningKey(identity.private, identity.certificate, identity.issuers)
        for label, envelope in (("document", DOCUMENT), ("status", status("G22"))):
            made[f"{label}-{kind}"] = seal(Packet((packet(envelope),), envelope), key).data
    return made


def test_the_jdk_accepts_what_we_sign(java: JavaParty, world: World) -> None:
    """Sealed packets verify in the JDK, changed ones do not."""
    due: dict[str, str] = {}
    for name, data in sealed(world).items():
        signer = g22(world, name.partition("-")[2])
        java.order_verdict(name, data, signer)
        java.order_verdict(f"{name}-changed", data.replace(b"2026/01/05", b"2026/01/06"), signer)
        due |= {name: "OK", f"{name}-changed": "INVALID"}
    assert dict(zip(due, java.answers(), strict=True)) == due


@pytest.mark.parametrize(
    "name", [f"{each}-{kind}" for each in ("document", "status") for kind in KINDS]
)
def test_xmlsec1_accepts_what_we_sign(name: str, xmlsec: XmlsecParty, world: World) -> None:
    """Sealed packets verify in xmlsec1, changed ones do not."""
    data = sealed(world)[name]
    assert xmlsec.accepts(data)
    assert not xmlsec.accepts(data.replace(b"2026/01/05", b"2026/01/06"))


def test_xmlsec1_agrees_about_inherited_languages(xmlsec: XmlsecParty, world: World) -> None:
    """Where the JDK takes the wrong one of two languages, xmlsec1 and the standard are with us."""
    found = [each for each in all_vectors() if "-redeclared-" in each.name]
    assert len(found) == 6
    assert all(xmlsec.accepts(each.build(world)) for each in found)


def test_the_jdk_agrees_with_the_corpus(java: JavaParty, world: World) -> None:
    """Shapes that the corpus calls genuine verify in the JDK; changed content does not."""
    due: dict[str, str] = {}
    signers = (*(g22(world, kind) for kind in KINDS), world.identity("H41"))
    known = {fingerprint(each.certificate): each for each in signers}
    for vector in all_vectors():
        genuine = vector.envelope is not None and vector.rows == ()
        if vector.large or not (genuine or vector.name.startswith("replay-")):
            continue
        if vector.stage == "identity":
            continue  # a genuine signature by the wrong agency
        if "-redeclared-" in vector.name and "exclusive" not in vector.name:
            continue  # the JDK lets SignedInfo inherit the outermost xml:lang, not the nearest
        data = vector.build(world)
        verdict = explain(data, vector.trust(world), at=NOW)
        assert verdict.signer is not None
        java.order_verdict(vector.name, data, known[verdict.signer.certificate.sha256])
        due[vector.name] = "OK" if vector.envelope is not None else "INVALID"
    assert len(due) > 60
    assert dict(zip(due, java.answers(), strict=True)) == due
