"""Parses a skeleton: the hardened parser for what is small, with nothing that smallness implies.

A packet without its payloads is a few kilobytes. Whatever is that small stays below most of the
limits of `parser` by itself; the others are bounded from above, in one pass of C each. It is
parsed only if every check of `parser` would pass; what is large or doubtful is `parser`'s.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from connector.edxml.own_form import OwnForm, own_form
from connector.edxml.parser import Limits, check_bytes, parse, tree
from connector.errors import PermanentError

__all__ = ["names_are_short", "parse_beside", "parse_skeleton"]

_SMALL: Final = 65_536
_MARKUP: Final = re.compile(rb"<[!?]")
_LONG_TAG: Final = re.compile(rb"""<[^\s<>/="']{200}""")
_ENDS: Final = (b" ", b"\n", b"\t", b"\r")
_MOST_EQUALS: Final = 60
_SMALL_NAME: Final = 200
_DEPTH: Final = 32
_TOO_DEEP: Final = etree.XPath("/*" * (_DEPTH + 1))
"""What is nested deeper than every limit allows."""


def parse_skeleton(data: bytes, *, limits: Limits) -> etree._Element:
    """Return the root element of a packet without payloads; raises as `parser.parse` does."""
    small = _is_small(data, limits) and names_are_short(data)
    root = _quick(data, limits) if small else None
    return parse(data, limits=limits) if root is None else root


def parse_beside(rest: bytes, whole: bytes, *, limits: Limits) -> etree._Element | OwnForm | None:
    """Return the root element of what is left of a whole without an element known to be sound.

    None if the whole, not the rest, has to be parsed. The element is ASCII, its names are short,
    and nothing in it is nested deeper than `_DEPTH` levels, those around it included. The rest is
    only taken apart if it is of our own form: it is then sound whatever its values are.
    """
    if not _is_small(whole, limits):
        return None
    own = own_form(rest)
    if own is not None:
        return own
    if not names_are_short(rest):
        return None
    try:
        return _quick(rest, limits)
    except PermanentError:
        return None


def _is_small(data: bytes, limits: Limits) -> bool:
    """Tell whether all limits on bytes and counts are met, names aside, without looking closer."""
    least = min(
        limits.max_tag_bytes,
        limits.max_text_bytes,
        limits.max_bytes_beside_payloads,
        limits.max_escapes,
        _SMALL,
    )
    equals = data.count(b"=")  # each attribute has one, and each namespace is declared by one
    return (
        len(data) <= least
        and data.count(b"<") <= limits.max_elements
        and equals <= min(limits.max_attributes, limits.max_namespaces, _MOST_EQUALS)
        and limits.max_depth >= _DEPTH
        and limits.max_name_length >= _SMALL_NAME
    )


def names_are_short(data: bytes) -> bool:
    """Tell whether no name in tags can be longer than every limit allows."""
    return _LONG_TAG.search(data) is None and not _has_long_attribute(data)


def _has_long_attribute(data: bytes) -> bool:
    """Tell whether what stands before any sign of equality may be too long for a name."""
    at = data.find(b"=")
    while at >= 0:
        # In a tag a quote or white space follows; in base64 another such sign, or the end.
        if data[at + 1 : at + 2] not in {b"=", b"<"}:
            before = data[max(at - _SMALL_NAME, 0) : at].rstrip()
            if not any(end in before for end in _ENDS):
                return True
        at = data.find(b"=", at + 1)
    return False


def _quick(data: bytes, limits: Limits) -> etree._Element | None:
    """Return the root element; None if a check fails, so that `parser` says which and where."""
    start = check_bytes(data, limits)
    if _MARKUP.search(data, start) is not None:
        return None
    parser: Any = expat.ParserCreate("utf-8")
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return None
    root = tree(data)
    return None if _TOO_DEEP(root) else root
