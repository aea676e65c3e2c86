"""A Signature whose form is known is judged as one that is seen for the first time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.edxml.cut import Skeleton, cut
from connector.edxml.own_form import OwnForm
from connector.edxml.parser import DEFAULT_LIMITS, parse
from connector.edxml.writer import write_skeleton
from connector.errors import ConnectorError
from connector.trust.forms import Form, Recognised, recognise
from connector.trust.keys import SigningKey
from connector.trust.memo import Memo
from connector.trust.registry import Trust
from connector.trust.sign import seal
from connector.trust.verify import explain, verify
from connector.trust.xmldsig import canonical
from tests.corpus.signing import sign
from tests.corpus.vector import Vector, g22
from tests.corpus.ways import (
    changed_byte,
    large_packet,
    over_skeleton,
    same,
    small_vectors,
    tight_limits,
    value_of,
)
from tests.corpus.world import NOW, World

VECTORS: Final = small_vectors()
HEADER_END: Final = b"</edXML:edXMLHeader>"
DS: Final = b"http://www.w3.org/2000/09/xmldsig#"
QCVN: Final = b"http://www.mic.gov.vn/TBT/QCVN_102_2016"


@functools.cache
def _world() -> World:
    return World()


def _rewritten(data: bytes) -> bytes:
    """Return the exclusive canonical form of a packet, which is as valid; what is no XML as it is.

    Only a Signature that is its own canonical form becomes known.
    """
    try:
        return canonical(parse(data))
    except (ConnectorError, etree.LxmlError):
        return data


@functools.cache
def _all_forms() -> Memo[tuple[bytes, bytes, bytes], Form]:
    """Return the forms of all genuine packets of the corpus."""
    forms: Memo[tuple[bytes, bytes, bytes], Form] = Memo(limit=10_000)
    for vector in VECTORS:
        trust = dataclasses.replace(vector.trust(_world()), forms=forms)
        data = _rewritten(vector.build(_world()))
        over_skeleton(data, trust, NOW + dt.timedelta(days=vector.days))
    return forms


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in VECTORS])
def test_the_corpus(vector: Vector) -> None:
    """Where all forms of the corpus are known, both ways still say the same of each packet."""
    trust = dataclasses.replace(vector.trust(_world()), forms=_all_forms())
    at = NOW + dt.timedelta(days=vector.days)
    for data in (vector.build(_world()), _rewritten(vector.build(_world()))):
        assert same(data, trust, at) == same(data, vector.trust(_world()), at)


def test_the_corpus_has_known_forms() -> None:
    """Many packets of the corpus are of known form: the comparison is not of a way with itself."""
    packets = [_rewritten(vector.build(_world())) for vector in VECTORS]
    found = [
        skeleton is not None
        and recognise(skeleton.data, _all_forms(), limits=DEFAULT_LIMITS) is not None
        for skeleton in map(_skeleton, packets)
    ]
    assert len(_all_forms()) > 10
    assert sum(found) > 50


def _skeleton(data: bytes) -> Skeleton | None:
    try:
        return cut(data)
    except ConnectorError:
        return None


@pytest.fixture
def fresh(trust: Trust) -> Trust:
    """A trust that knows no form."""
    return dataclasses.replace(trust, forms=Memo())


def known(data: bytes, trust: Trust) -> Recognised | None:
    """Return a packet's recognised form, if it is known."""
    skeleton = cut(data)
    assert skeleton is not None
    return recognise(skeleton.data, trust.forms, limits=DEFAULT_LIMITS)


def test_the_second_packet_is_recognised(
    fresh: Trust, sealed_data: bytes, now: dt.datetime
) -> None:
    """A valid packet teaches its form; what is recognised is the packet without Signature."""
    assert known(sealed_data, fresh) is None
    first = verify(sealed_data, fresh, at=now)
    found = known(sealed_data, fresh)
    assert found is not None
    second = verify(sealed_data, fresh, at=now)
    assert first.verdict() == second.verdict()
    assert (first.data, first.reading) == (second.data, second.reading)
    assert len(fresh.forms) == 1


@pytest.fixture
def sealed_data(keys: dict[str, SigningKey], packet_from: object) -> bytes:
    """A packet of G22, sealed by it."""
    assert callable(packet_from)
    return seal(packet_from("G22"), keys["G22"]).data


def test_a_refused_packet_teaches_nothing(
    fresh: Trust, sealed_data: bytes, now: dt.datetime
) -> None:
    """Whoever may not sign, or did not, cannot fill the memory."""
    for old, new in ((b"<edXML:Type>2<", b"<edXML:Type>3<"), (b"V\xc4\x83n A<", b"B<")):
        changed = sealed_data.replace(old, new, 1)
        if changed != sealed_data:
            assert not explain(changed, fresh, at=now).valid
    nobody = dataclasses.replace(fresh, registry=type(fresh.registry)())
    assert not explain(sealed_data, nobody, at=now).valid
    assert len(fresh.forms) == 0


@pytest.mark.parametrize(("longer", "kept"), [(5_000, 1), (20_000, 0)])
def test_a_long_signature_is_not_kept(
    fresh: Trust, sealed_data: bytes, now: dt.datetime, longer: int, kept: int
) -> None:
    """What no signature covers may say anything: it is valid, but takes no memory."""
    named = b'<ds:KeyInfo Id="' + b"a" * longer + b'">'
    changed = sealed_data.replace(b"<ds:KeyInfo>", named)
    assert explain(changed, fresh, at=now).valid
    assert len(fresh.forms) == kept


def test_of_too_many_answers_the_newer_half_is_kept() -> None:
    """Whoever makes others forget has to go on doing so."""
    memo: Memo[int, str] = Memo(limit=10)
    for number in range(11):
        memo.put(number, str(number))
    assert [number for number in range(11) if memo.peek(number)] == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("name", [b"DigestValue", b"SignatureValue"])
@pytest.mark.parametrize("way", ["space", "break", "empty", "short", "loose", "other", "reference"])
def test_values_are_canonical(
    fresh: Trust, sealed_data: bytes, now: dt.datetime, name: bytes, way: str
) -> None:
    """Values in any other spelling are looked at in full; other values are refused."""
    verify(sealed_data, fresh, at=now)
    start, end = value_of(sealed_data, name)
    text = sealed_data[start:end]
    spelt = {
        "space": text + b" ",
        "break": text[:8] + b"\n" + text[8:],
        "empty": b"",
        "short": text[4:],
        "loose": text.rstrip(b"=")[:-1] + b"_" + b"=" * text.count(b"="),
        "other": (b"B" if text[:1] == b"A" else b"A") + text[1:],
        "reference": b"&#%d;" % text[0] + text[1:],
    }[way]
    changed = sealed_data[:start] + spelt + sealed_data[end:]
    assert (known(changed, fresh) is not None) == (way == "other")
    verdict = same(changed, fresh, now)
    assert verdict == same(changed, dataclasses.replace(fresh, forms=Memo()), now)
    assert way in {"space", "break", "reference"} or verdict != "valid"


def _around(data: bytes) -> tuple[bytes, bytes, bytes]:
    start, end = data.index(b"<ds:Signature "), data.index(HEADER_END)
    return data[:start], data[start:end], data[end:]


ODD: Final = {
    "space-before": lambda a, s, b: a + b" " + s + b,
    "space-behind": lambda a, s, b: a + s + b" " + b,
    "text-behind": lambda a, s, b: a + s + b"x" + b,
    "element-behind": lambda a, s, b: a + s + b"<edXML:x></edXML:x>" + b,
    "twice": lambda a, s, b: a + s + s + b,
    "comment": lambda a, s, b: a + b"<!--x-->" + s + b,
    "instruction": lambda a, s, b: b"<?x y?>" + a + s + b,
    "declaration": lambda a, s, b: b'<?xml version="1.0"?>' + a + s + b,
    "doctype": lambda a, s, b: b"<!DOCTYPE edXML>" + a + s + b,
    "end": lambda a, s, b: a + s + b + b"\n",
    "language": lambda a, s, b: a.replace(b"<edXML ", b'<edXML xml:lang="vi" ', 1) + s + b,
    "base": lambda a, s, b: (
        a.replace(b"<edXML:edXMLHeader>", b'<edXML:edXMLHeader xml:base="http://x/">', 1) + s + b
    ),
    "id": lambda a, s, b: a.replace(b"<edXML ", b'<edXML Id="x" ', 1) + s + b,
    "second-header": lambda a, s, b: (
        a.replace(b"<edXML:edXMLHeader>", b"<edXML:edXMLHeader></edXML:edXMLHeader>", 0)
        + s
        + b.replace(HEADER_END, HEADER_END + b"<edXML:edXMLHeader></edXML:edXMLHeader>", 1)
    ),
    "header-of-other-prefix": lambda a, s, b: (
        a.replace(b"<edXML:edXMLHeader>", b'<e:edXMLHeader xmlns:e="%s">' % QCVN, 1)
        + s
        + b.replace(HEADER_END, b"</e:edXMLHeader>", 1)
    ),
    "header-of-other-namespace": lambda a, s, b: (
        a.replace(b"<edXML:edXMLHeader>", b'<edXML:edXMLHeader xmlns:edXML="urn:x">', 1) + s + b
    ),
    "wrapped": lambda a, s, b: a + b"<edXML:x>" + s + b"</edXML:x>" + b,
    "outside": lambda a, s, b: a + b.replace(b"</edXML>", s + b"</edXML>"),
    "in-attribute": lambda a, s, b: a + s + b.replace(b'"1.0"', b'"</edXML:edXMLHeader>"', 1),
    "dsig-elsewhere": lambda a, s, b: (
        a + s + b.replace(b"</edXML>", b'<d:X xmlns:d="%s"></d:X></edXML>' % DS)
    ),
    "prefix-rebound": lambda a, s, b: (
        a.replace(b"<edXML:edXMLHeader>", b'<edXML:edXMLHeader xmlns:ds="urn:x">', 1) + s + b
    ),
    "empty-tag": lambda a, s, b: a + s + b.replace(b"</edXML>", b"<x/></edXML>"),
    "not-utf8": lambda a, s, b: a.replace(b"<edXML:Subject>", b"<edXML:Subject>\xff", 1) + s + b,
    "deep": lambda a, s, b: (
        a + s + b.replace(b"</edXML>", b"<x>" * 40 + b"</x>" * 40 + b"</edXML>")
    ),
    "bad-namespace": lambda a, s, b: (
        a + s + b.replace(b"</edXML>", b'<r:x xmlns:r="relative"></r:x></edXML>')
    ),
    "long-name": lambda a, s, b: a + s + b.replace(b"</edXML>", b"<%s></edXML>" % (b"x" * 300)),
}
"""What may be done around a Signature of known form."""


@pytest.mark.parametrize("name", ODD)
def test_surroundings(fresh: Trust, sealed_data: bytes, now: dt.datetime, name: str) -> None:
    """Whatever stands around a Signature of known form is judged as if it were not known."""
    verify(sealed_data, fresh, at=now)
    changed = ODD[name](*_around(sealed_data))
    assert changed != sealed_data or name == "second-header"
    unknown = dataclasses.replace(fresh, forms=Memo())
    assert same(changed, fresh, now) == same(changed, unknown, now)
    assert explain(changed, fresh, at=now) == explain(changed, unknown, at=now)


def test_limits(fresh: Trust, sealed_data: bytes, now: dt.datetime) -> None:
    """Limits hold for packets of known form, too."""
    verify(sealed_data, fresh, at=now)
    for limits in tight_limits(sealed_data):
        assert same(sealed_data, fresh, now, limits) in {"left", "refused"}
        assert not explain(sealed_data, fresh, at=now, limits=limits).valid


@functools.cache
def _fixed() -> tuple[Trust, bytes]:
    trust = _world().trust()
    data = _rewritten(sign(large_packet(), g22(_world())))
    verify(data, trust, at=NOW)
    assert known(data, trust) is not None
    return trust, data


def test_our_own_packets_need_no_tree() -> None:
    """A known packet as we write it is taken apart, and read as its tree would be."""
    trust, data = _fixed()
    found = known(data, trust)
    assert found is not None
    assert isinstance(found.root, OwnForm)
    apart = verify(data, trust, at=NOW)
    by_tree = verify(data, dataclasses.replace(trust, forms=Memo()), at=NOW)
    assert apart.verdict() == by_tree.verdict()
    assert (apart.data, apart.reading) == (by_tree.data, by_tree.reading)
    assert apart.reading.written == write_skeleton(apart.reading.envelope)
    assert by_tree.reading.written is None


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10**9), byte=st.integers(0, 255), how=st.integers(0, 2))
def test_any_changed_byte(place: int, byte: int, how: int) -> None:
    """One byte changed, added or taken away beside the payload: as if the form were not known."""
    trust, data = _fixed()
    start, end = value_of(data, b"ContentTransferEncoded")
    at = place % (len(data) - (end - start))
    at = at if at < start else at + end - start
    changed = changed_byte(data, at, byte, how)
    try:
        after = verify(changed, trust, at=NOW).data
    except ConnectorError:
        after = None
    assert same(changed, trust) == same(changed, _world().trust())
    assert after is None or after == verify(data, trust, at=NOW).data
