"""The values of Notes items as DXL writes them."""

from __future__ import annotations

import binascii
import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

import pybase64

from connector.clock import VIETNAM
from connector.errors import Text
from connector.model.content import BytesContent
from connector.model.record import Cell
from connector.sources import file_codes
from connector.sources.markup import Element, local
from connector.text.normalise import nfc

__all__ = ["ItemError", "embedded_file", "values_of"]

_LISTS: Final = frozenset({"textlist", "numberlist", "datetimelist"})
_SILENT: Final = frozenset(
    {
        *("pardef", "picture", "attachmentref", "objectref", "code", "compositedata"),
        *("notesbitmap", "gif", "jpeg", "png", "cgm", "filedata", "tablecolumn"),
    }
)
"""Elements of rich text whose text nobody reads: styles, pictures, programs."""
_DATETIME: Final = re.compile(
    r"(?P<day>\d{8})?(?:T(?P<time>\d{6})(?:,(?P<part>\d{1,2}))?(?P<zone>Z|[+-]\d{2}(?:\d{2})?)?)?"
)
_SHOWN: Final = 40


class ItemError(Exception):
    """An item has no value that can be read: a text of the catalogue with its facts."""

    def __init__(self, text: Text, **facts: object) -> None:
        super().__init__(text.code)
        self.text = text
        self.facts = facts


def values_of(item: Element) -> list[Cell]:
    """Return what an item says, several values in order; nothing if it is empty or a program.

    Raises ItemError if the value is not of its type, or of one that only Notes can read.
    """
    column = item.get("name", "")
    return [value for content in item for value in _values(content, column)]


def embedded_file(item: Element) -> tuple[str, BytesContent | None]:
    """Return name and bytes of a ``$FILE`` item; None for bytes that were not exported.

    Raises ItemError if the item has no file, or not the bytes that it tells of.
    """
    file = next((part for part in item.iter() if local(part.tag) == "file"), None)
    name = nfc((file.get("name") or "").strip()) if file is not None else ""
    if file is None or not name:
        raise ItemError(file_codes.ITEM_UNREADABLE, column="$FILE", reason="no file with a name")
    data = next((part for part in file if local(part.tag) == "filedata"), None)
    if data is None:
        return name, None
    content = _from_base64(name, "".join(map(str, data.itertext())))
    told = file.get("size", "")
    if told.isdecimal() and int(told) != len(content):
        reason = f"{len(content)} B, not {told} B"
        raise ItemError(file_codes.FILE_DAMAGED, reference=name, reason=reason)
    return name, BytesContent(content)


def _from_base64(name: str, text: str) -> bytes:
    """Decode base64 with or without its padding, in lines or in one."""
    packed = "".join(text.split()).rstrip("=")
    try:
        data: bytes = pybase64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ItemError(file_codes.FILE_DAMAGED, reference=name, reason="not base64") from error
    return data


def _values(content: Element, column: str) -> Iterator[Cell]:
    kind = local(content.tag)
    if kind in _LISTS:
        for part in content:
            yield from _values(part, column)
    elif kind == "text":
        yield _lines(content)
    elif kind == "number":
        yield _number(_lines(content), column)
    elif kind == "datetime":
        yield _moment(_lines(content), column)
    elif kind == "richtext":
        yield _rich(content)
    elif kind not in {"formula", "object"}:
        raise ItemError(file_codes.ITEM_UNREADABLE, column=column, reason=f"<{kind}>")


def _lines(element: Element) -> str:
    """Return the text of an element with line breaks where it has ``<break/>``."""
    parts = [element.text or ""]
    for child in element:
        parts += ["\n" if local(child.tag) == "break" else _lines(child), child.tail or ""]
    return "".join(map(str, parts)).strip()


def _rich(element: Element) -> str:
    lines = "".join(_pieces(element)).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def _pieces(element: Element) -> Iterator[str]:
    """Yield text and line breaks; only paragraphs and what is in them have text."""
    kind = local(element.tag)
    if kind in _SILENT:
        return
    if kind in {"break", "par", "sectiontitle"}:
        yield "\n"
    spoken = kind not in {"richtext", "table", "tablerow", "tablecell", "section"}
    if spoken:
        yield str(element.text or "").replace("\n", " ")
    for child in element:
        yield from _pieces(child)
        if spoken:
            yield str(child.tail or "").replace("\n", " ")


def _number(text: str, column: str) -> int | Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ItemError(file_codes.ITEM_UNREADABLE, column=column, reason=text[:_SHOWN])
    return int(text) if text.lstrip("+-").isdecimal() else value


def _moment(text: str, column: str) -> Cell:
    """Return a day, a time of day, or a moment in Vietnam time.

    A moment without a zone stays without one.
    """
    found = _DATETIME.fullmatch(text) if text else None
    try:
        day = dt.datetime.strptime(found["day"] or "19000101", "%Y%m%d") if found else None  # noqa: DTZ007 - see zone
        clock = found["time"] if found else None
        time = dt.datetime.strptime(clock, "%H%M%S").time() if clock else None  # noqa: DTZ007 - see zone
    except ValueError:
        day = None
    if found is None or day is None:
        reason = text[:_SHOWN] or "empty"
        raise ItemError(file_codes.ITEM_UNREADABLE, column=column, reason=reason)
    if time is None:
        return day.date()
    if found["day"] is None:
        return time
    moment = dt.datetime.combine(day.date(), time)
    zone = _zone(found["zone"])
    return moment if zone is None else moment.replace(tzinfo=zone).astimezone(VIETNAM)


def _zone(text: str | None) -> dt.tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return dt.UTC
    offset = dt.timedelta(hours=int(text[1:3]), minutes=int(text[3:5] or 0))
    return dt.timezone(-offset if text[0] == "-" else offset)
