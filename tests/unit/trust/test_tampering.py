from __future__ import annotations

import base64
import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.edxml.names import DS_NS
from connector.errors import PermanentError, TrustError
from connector.model.packet import Packet, Sealed
from connector.trust.registry import Trust
from connector.trust.verify import explain, signed_digest, verify

PLACES = st.integers(0, 10**9)
HARMLESS = {"refused", "unchanged"}
FIXTURES = [HealthCheck.function_scoped_fixture]


def outcome(data: bytes, packet: Packet, trust: Trust, now: dt.datetime) -> str:
    """Return what becomes of changed bytes, by both ways of asking."""
    verdict = explain(data, trust, at=now)
    try:
        verified = verify(data, trust, at=now)
    except (TrustError, PermanentError):
        return "accepted by one" if verdict.valid else "refused"
    if not verdict.valid:
        return "accepted by one"
    same = verified.data == packet.data and verified.reading.envelope == packet.envelope
    return "unchanged" if same else "something else accepted"


@settings(max_examples=400, deadline=None, suppress_health_check=FIXTURES)
@given(place=PLACES, byte=st.integers(0, 255))
def test_any_changed_byte(
    *, place: int, byte: int, packet: Packet, sealed: Sealed, trust: Trust, now: dt.datetime
) -> None:
    """A packet with a byte changed is refused, or says still what was signed."""
    data = bytearray(sealed.data)
    data[place % len(data)] = byte
    assert outcome(bytes(data), packet, trust, now) in HARMLESS


@settings(max_examples=200, deadline=None, suppress_health_check=FIXTURES)
@given(place=PLACES, shift=st.integers(1, 25))
def test_any_changed_letter_of_a_text(
    *, place: int, shift: int, packet: Packet, sealed: Sealed, trust: Trust, now: dt.datetime
) -> None:
    """Not one letter of content can be replaced by another."""
    places = _letters_of_texts(sealed.data)
    at = places[place % len(places)]
    data = bytearray(sealed.data)
    data[at] = (data[at] - ord("a") + shift) % 26 + ord("a")
    assert outcome(bytes(data), packet, trust, now) == "refused"


def _letters_of_texts(data: bytes) -> list[int]:
    """Return the places of lower-case letters between tags, outside of the Signature."""
    inside, places = False, []
    start, end = data.index(b"<ds:Signature "), data.index(b"</ds:Signature>")
    for at, byte in enumerate(data):
        if byte in b"<>":
            inside = byte == ord("<")
        elif not inside and ord("a") <= byte <= ord("z") and not start < at < end:
            places.append(at)
    return places


@settings(max_examples=200, deadline=None, suppress_health_check=FIXTURES)
@given(
    cuts=st.tuples(PLACES, PLACES, PLACES),
    text=st.sampled_from(
        [b"", b" ", b"\n", b"<x/>", b"&amp;", b"&#0;", b"<!---->", f'<a xmlns="{DS_NS}"/>'.encode()]
    ),
)
def test_any_cut_moved_or_inserted_piece(
    *,
    cuts: tuple[int, int, int],
    text: bytes,
    packet: Packet,
    sealed: Sealed,
    trust: Trust,
    now: dt.datetime,
) -> None:
    """Cutting, moving and inserting pieces never gives a packet that says something else."""
    size = len(sealed.data)
    first, second, target = (cut % size for cut in cuts)
    first, second = sorted((first, second))
    piece, rest = sealed.data[first:second], sealed.data[:first] + sealed.data[second:]
    target = min(target, len(rest))
    for data in (rest, rest[:target] + piece + rest[target:], rest[:target] + text + rest[target:]):
        if data != sealed.data:
            assert outcome(data, packet, trust, now) in HARMLESS


@settings(max_examples=200, deadline=None, suppress_health_check=FIXTURES)
@given(data=st.binary(max_size=400))
def test_any_bytes(data: bytes, packet: Packet, trust: Trust, now: dt.datetime) -> None:
    """Whatever comes in, only the project's own errors come out."""
    assert outcome(data, packet, trust, now) == "refused"
    assert signed_digest(data) is None


@settings(max_examples=150, deadline=None, suppress_health_check=FIXTURES)
@given(place=PLACES, byte=st.integers(0, 255), run=st.integers(1, 40))
def test_any_damaged_certificate(
    *,
    place: int,
    byte: int,
    run: int,
    packet: Packet,
    sealed: Sealed,
    trust: Trust,
    now: dt.datetime,
) -> None:
    """Damaged certificates, of whatever inner form, are refused and never end the program."""
    start = sealed.data.index(b"<ds:X509Certificate>") + len(b"<ds:X509Certificate>")
    end = sealed.data.index(b"</ds:X509Certificate>")
    der = bytearray(base64.b64decode(sealed.data[start:end]))
    original = bytes(der)
    at = place % len(der)
    der[at : at + run] = bytes([byte]) * len(der[at : at + run])
    data = sealed.data[:start] + base64.b64encode(bytes(der)) + sealed.data[end:]
    expected = "unchanged" if bytes(der) == original else "refused"
    assert outcome(data, packet, trust, now) == expected
