"""Both ways of verification, each by itself, so that they can be compared on any bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final
from unittest import mock

from connector.edxml.cut import cut
from connector.edxml.parser import DEFAULT_LIMITS, Limits
from connector.errors import ConnectorError, Finding
from connector.model.content import BytesContent
from connector.trust import verify as verifying
from connector.trust.registry import Trust
from connector.trust.skeleton import NotPlain
from connector.trust.verdict import Stage, Verified
from tests.corpus.vector import Vector, document, packet
from tests.corpus.vectors import all_vectors
from tests.corpus.world import NOW

__all__ = [
    "Outcome",
    "changed_byte",
    "large_packet",
    "over_skeleton",
    "over_tree",
    "same",
    "small_vectors",
    "tight_limits",
    "value_of",
]

Outcome = tuple[Verified | None, tuple[Stage, ...], tuple[Finding, ...]]
"""What was verified, if it was; the stages; the findings."""

_SHORTEST: Final = 4


def over_skeleton(
    data: bytes, trust: Trust, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Outcome | None:
    """Return the outcome with every payload cut out; None if the other way has to decide."""
    examination: Any = verifying._Examination(data, trust, at, limits, None)
    with mock.patch.object(verifying, "cut", partial(cut, shortest=_SHORTEST)):
        try:
            return _outcome(examination, examination.run_cut)
        except NotPlain:
            return None


def over_tree(
    data: bytes, trust: Trust, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Outcome:
    """Return the outcome with the packet as one tree."""
    examination: Any = verifying._Examination(data, trust, at, limits, None)
    return _outcome(examination, examination.run_whole)


def _outcome(examination: Any, run: Callable[[], Verified]) -> Outcome:
    try:
        verified = run()
    except ConnectorError as error:
        return None, examination.all_stages(), error.findings
    return verified, verified.stages, verified.findings


def same(data: bytes, trust: Trust, at: dt.datetime = NOW, limits: Limits = DEFAULT_LIMITS) -> str:
    """Compare both ways; return the verdict, or that the quick way left it to the other."""
    quick = over_skeleton(data, trust, at, limits)
    if quick is None:
        return "left"
    whole = over_tree(data, trust, at, limits)
    assert quick[1:] == whole[1:]
    if quick[0] is None or whole[0] is None:
        assert quick[0] is whole[0] is None
        return "refused"
    assert quick[0].verdict() == whole[0].verdict()
    assert (quick[0].data, quick[0].reading) == (whole[0].data, whole[0].reading)
    return "valid"


def small_vectors() -> list[Vector]:
    """Return the vectors of the corpus that cost little."""
    return [vector for vector in all_vectors() if not vector.large]


def large_packet() -> bytes:
    """Return an unsigned packet with an attachment that is cut out."""
    (attachment,) = document().attachments
    content = BytesContent(b"%PDF-1.7\n" + bytes(range(256)) * 40)
    return packet(document(attachments=(replace(attachment, content=content),)))


def value_of(data: bytes, name: bytes) -> tuple[int, int]:
    """Return where the text of the first element of a name begins and ends."""
    start = data.index(name + b">") + len(name) + 1
    return start, data.index(b"<", start)


def changed_byte(data: bytes, at: int, byte: int, how: int) -> bytes:
    """Return bytes with one of them replaced (0), added (1) or taken away (2)."""
    piece = (bytes([byte]), bytes([byte]) + data[at : at + 1], b"")[how]
    return data[:at] + piece + data[at + 1 :]


def tight_limits(data: bytes) -> tuple[Limits, ...]:
    """Return limits of which each is too tight for an ordinary packet."""
    return (
        Limits(max_bytes=len(data) - 1),
        Limits(max_elements=20),
        Limits(max_depth=3),
        Limits(max_namespaces=1),
        Limits(max_attributes=0),
        Limits(max_name_length=5),
        Limits(max_bytes_beside_payloads=1000),
        Limits(max_text_bytes=30),
        Limits(max_escapes=1),
    )
