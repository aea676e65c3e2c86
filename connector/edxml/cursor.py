"""One element of a packet while it is read: typed access by name, in any order.

What is wrong goes into the report, and reading goes on, so that one look shows everything. A
required value that is missing is answered with a stand-in; the reader never lets an envelope
out when the report holds an error.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, TypeVar

from lxml import etree

from connector.edxml import codes
from connector.edxml.names import NS, readable
from connector.edxml.values import (
    PLACEHOLDERS,
    SPACE,
    is_placeholder,
    read_choice,
    read_date,
    read_flag,
    read_integer,
    read_moment,
)
from connector.errors import Finding, Text

__all__ = ["Cursor"]

_E = TypeVar("_E", bound=IntEnum)
_PREFIX: Final = f"{{{NS}}}"
_SHOWN: Final = 60
_LONGEST_PLACEHOLDER: Final = max(map(len, PLACEHOLDERS))
_NONE: Final[list[etree._Element]] = []


@functools.cache
def _own(local: str) -> str:
    """Return the tag of an element of the packet's namespace."""
    return _PREFIX + local


@functools.cache
def _tag(namespace: str, local: str) -> str:
    return f"{{{namespace}}}{local}"


def _is_text(text: str | None) -> bool:
    return bool(text and text.strip(SPACE))


class Cursor:
    """Reads one element; `finish` reports what nobody asked for."""

    __slots__ = ("_asked", "_children", "_stray", "element", "path", "report")

    def __init__(self, element: etree._Element, path: str, report: list[Finding]) -> None:
        self.element: Final = element
        self.path: Final = path
        self.report: Final = report
        self._children: Final[dict[str, list[etree._Element]]] = {}
        self._asked: Final[set[str]] = set()
        self._stray = bool(text := element.text) and _is_text(text)
        children = self._children
        for child in element:
            tag = child.tag
            if type(tag) is not str:  # a comment's, say
                tag = str(tag)
            if tag in children:
                children[tag].append(child)
            else:
                children[tag] = [child]
            if (tail := child.tail) and _is_text(tail):
                self._stray = True

    def place(self, local: str = "") -> str:
        """Return the readable path of a child, or of this element."""
        return readable(self.path, local) if local else self.path

    def note(self, text: Text, local: str = "", **facts: object) -> None:
        """Add a finding about a child, or about this element."""
        self.report.append(text.at(self.place(local), **facts))

    def places(self, known: Mapping[str, int]) -> list[int]:
        """Return what is known of the children by their tags, in their order."""
        return [known[tag] for child in self.element if (tag := str(child.tag)) in known]

    def elements(self, local: str, namespace: str = NS) -> list[etree._Element]:
        """Return the children of one name."""
        tag = _own(local) if namespace is NS else _tag(namespace, local)
        found = self._children.get(tag)
        if found is None:
            return _NONE
        self._asked.add(tag)
        return found

    def element_of(self, local: str, namespace: str = NS) -> etree._Element | None:
        """Return the only child of one name; several are an error."""
        found = self.elements(local, namespace)
        if len(found) > 1:
            self.note(codes.REPEATED, local, count=len(found))
        return found[0] if found else None

    def one(self, local: str, namespace: str = NS) -> Cursor | None:
        """Return a cursor on the only child of one name, None if it is absent."""
        tag = _own(local) if namespace is NS else _tag(namespace, local)
        found = self._children.get(tag)
        if found is None:
            return None
        self._asked.add(tag)
        if len(found) > 1:
            self.note(codes.REPEATED, local, count=len(found))
        return Cursor(found[0], readable(self.path, local), self.report)

    def required(self, local: str) -> Cursor:
        """Return a cursor on a child that must be there; a stand-in after reporting it."""
        found = self.one(local)
        if found is None:
            self.note(codes.MISSING, local)
            return Cursor(etree.Element(local), self.place(local), [])
        return found

    def many(self, local: str) -> list[Cursor]:
        """Return cursors on all children of one name, numbered if there are several."""
        found, path, report = self.elements(local), self.path, self.report
        if len(found) > 1:
            numbered = enumerate(found, 1)
            return [Cursor(each, readable(path, local, at), report) for at, each in numbered]
        return [Cursor(each, readable(path, local), report) for each in found]

    def text(self, local: str, namespace: str = NS) -> str | None:
        """Return free text as it stands; None for absent, blank or placeholder."""
        tag = _own(local) if namespace is NS else _tag(namespace, local)
        found = self._children.get(tag)
        if found is None:
            return None
        self._asked.add(tag)
        if len(found) > 1:
            self.note(codes.REPEATED, local, count=len(found))
        value = found[0].text
        if value and not len(found[0]) and len(value.strip(SPACE)) > _LONGEST_PLACEHOLDER:
            return value  # as nearly all are
        return self._text_of(found[0], local)

    def own_text(self) -> str | None:
        """Return this element's text as it stands; None for blank or placeholder."""
        return self._text_of(self.element, "")

    def _text_of(self, element: etree._Element, local: str) -> str | None:
        if len(element):
            self.note(codes.NOT_TEXT, local)
        value = element.text or ""
        bare = value.strip(SPACE)
        if len(bare) > _LONGEST_PLACEHOLDER:
            return value
        if bare and is_placeholder(bare):
            self.note(codes.PLACEHOLDER_DROPPED, local, value=bare)
            return None
        return value if bare else None

    def token(self, local: str, namespace: str = NS) -> str | None:
        """Return an identifier or code without surrounding white space."""
        value = self.text(local, namespace)
        return None if value is None else value.strip(SPACE)

    def texts(self, local: str) -> tuple[str, ...]:
        """Return the texts of all children of one name, without blank ones."""
        values = (cursor.own_text() for cursor in self.many(local))
        return tuple(value for value in values if value is not None)

    def tokens(self, local: str) -> tuple[str, ...]:
        """Return the identifiers of all children of one name, without blank ones."""
        return tuple(value.strip(SPACE) for value in self.texts(local))

    def required_text(self, local: str) -> str:
        """Return free text that must be there."""
        return self._required(local, self.text(local))

    def required_token(self, local: str) -> str:
        """Return an identifier or code that must be there."""
        return self._required(local, self.token(local))

    def date(self, local: str) -> dt.date | None:
        """Return a day; None if absent or reported."""
        value = self.token(local)
        return None if value is None else read_date(value, self.place(local), self.report)

    def required_date(self, local: str) -> dt.date:
        """Return a day that must be there."""
        value = self.required_token(local)
        found = read_date(value, self.place(local), self.report) if value else None
        return found or dt.date.min

    def required_moment(self, local: str) -> dt.datetime:
        """Return a moment that must be there."""
        value = self.required_token(local)
        found = read_moment(value, self.place(local), self.report) if value else None
        return found or dt.datetime.min.replace(tzinfo=dt.UTC)

    def integer(self, local: str) -> int | None:
        """Return a whole number; None if absent or reported."""
        value = self.token(local)
        return None if value is None else read_integer(value, self.place(local), self.report)

    def required_integer(self, local: str) -> int:
        """Return a whole number that must be there."""
        value = self.required_token(local)
        found = read_integer(value, self.place(local), self.report) if value else None
        return found or 0

    def choice(self, local: str, kind: type[_E]) -> _E | None:
        """Return a member of a numeric code list; None if absent or reported."""
        value = self.token(local)
        return None if value is None else read_choice(value, kind, self.place(local), self.report)

    def required_choice(self, local: str, kind: type[_E]) -> _E:
        """Return a member of a numeric code list that must be there."""
        value = self.required_token(local)
        found = read_choice(value, kind, self.place(local), self.report) if value else None
        return next(iter(kind)) if found is None else found

    def flag(self, local: str) -> bool | None:
        """Return 0/1 or false/true as a bool; None if absent or reported."""
        value = self.token(local)
        return None if value is None else read_flag(value, self.place(local), self.report)

    def required_flag(self, local: str) -> bool:
        """Return 0/1 or false/true that must be there."""
        value = self.required_token(local)
        return bool(value and read_flag(value, self.place(local), self.report))

    def finish(self) -> None:
        """Report children that nobody asked for, and text between the elements."""
        if len(self._asked) != len(self._children):
            for tag in sorted(self._children.keys() - self._asked):
                name = tag.removeprefix(_PREFIX)
                self.note(codes.UNKNOWN_ELEMENT, "", name=name[:_SHOWN])
        if self._stray:
            self.note(codes.STRAY_TEXT)

    def _required(self, local: str, value: str | None) -> str:
        if value is not None:
            return value
        place = self.place(local)
        last = self.report[-1] if self.report else None
        if last is not None and last.code == codes.PLACEHOLDER_DROPPED.code and last.place == place:
            raw = (self._children[f"{_PREFIX}{local}"][0].text or "").strip(SPACE)
            self.report[-1] = codes.PLACEHOLDER.at(place, value=raw)
        else:
            self.note(codes.MISSING, local)
        return ""
