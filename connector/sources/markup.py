"""Records of large XML files, one at a time: nothing is fetched, defined or expanded.

The bytes are decoded here, with any of Python's charsets and ours, and reach libxml2 as UTF-8
without their declaration. A document type that has definitions of its own is refused; one that
only names an external file, as Notes writes it, can be passed over. What is read is thrown away
after each record, and a record is limited in bytes, elements and depth.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from lxml import etree

from connector.errors import ConfigError, Finding
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.decoding import Decoding
from connector.sources.files import Where
from connector.sources.table import refused, refused_file

__all__ = ["MAX_RECORD_BYTES", "Element", "Markup", "local"]

Element = etree._Element  # noqa: SLF001 - lxml has no public name for the type of elements

MAX_RECORD_BYTES: Final = 160 << 20
"""Bytes of one record with its embedded files, and of anything between two records."""

_MAX_DEPTH: Final = 64
_MAX_ELEMENTS: Final = 100_000
_CHUNK: Final = 32 << 10
_PROLOG: Final = 64 << 10
_DECLARED: Final = re.compile(
    r"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["'][^>]*\?>"""
)
_MISC: Final = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_DOCTYPE: Final = re.compile(
    r"""<!DOCTYPE\s+[^\s\[>"']+\s*(?:(?:SYSTEM|PUBLIC\s*(?:"[^"]*"|'[^']*'))"""
    r"""\s*(?:"[^"]*"|'[^']*'))?\s*>"""
)
_WIDE: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class _RefusedMarkupError(Exception):
    """The file cannot be read on; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Markup:
    """How the records of a file are found; `steps` are local names, the last one the record's."""

    steps: tuple[str, ...]
    from_root: bool
    charset: str | None
    where: Where
    external_doctype: bool = False

    def records(self, stream: BinaryIO, name: str) -> Generator[Element | Refused, None, None]:
        """Yield each record's element, valid until the next one is asked for.

        A refusal is the last item; it is a `RefusedFile` if there was no record before it.
        """
        found = 0
        try:
            for record in self._elements(stream, name):
                found += 1
                yield record
        except (_RefusedMarkupError, ConfigError) as error:
            finding = error.findings[0] if isinstance(error, ConfigError) else error.finding
            raw = f"{name}\n{found}\n{finding.en}".encode()
            refuse = refused if found else refused_file
            yield refuse(finding.place or name, raw, finding)

    def _elements(self, stream: BinaryIO, name: str) -> Iterator[Element]:
        source = _Utf8(stream, name, self)
        # A parser that follows nothing, keeps no definitions and stops at the first error.
        events = etree.iterparse(
            source,
            events=("start", "end"),
            attribute_defaults=False,
            dtd_validation=False,
            load_dtd=False,
            no_network=True,
            collect_ids=False,
            resolve_entities=False,
            remove_comments=True,
            remove_pis=True,
            recover=False,
            huge_tree=True,
        )
        try:
            yield from self._walk(events, source)
        except etree.XMLSyntaxError as error:
            line, column = error.position
            place = f"{name}:{line}:{column}"
            reason = (error.msg or "syntax error")[:200]
            raise _RefusedMarkupError(file_codes.BAD_XML.at(place, reason=reason)) from error

    def _walk(
        self, events: etree.iterparse[tuple[str, Element]], source: _Utf8
    ) -> Iterator[Element]:
        path: list[str] = []
        inside = elements = 0
        for event, element in events:
            if event == "start":
                path.append(local(element.tag))
                inside = inside or (len(path) if self._is_record(path) else 0)
                elements += 1
                if len(path) > _MAX_DEPTH or elements > _MAX_ELEMENTS:
                    raise source.too_large(f"{_MAX_ELEMENTS} elements / {_MAX_DEPTH} levels")
                continue
            depth = len(path)
            path.pop()
            if inside and depth > inside:
                continue
            if inside:
                yield element
            inside = elements = 0
            source.forget()
            _drop(element)

    def _is_record(self, path: list[str]) -> bool:
        wanted = list(self.steps)
        return path == wanted if self.from_root else path[-len(wanted) :] == wanted


def local(tag: object) -> str:
    """Return the name of an element or attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def _drop(element: Element) -> None:
    """Free an element and what stands before it; its parents are still being read."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _Utf8:
    """A readable file of UTF-8 for libxml2, made of a stream in another charset."""

    def __init__(self, stream: BinaryIO, name: str, markup: Markup) -> None:
        self._stream = stream
        self._name = name
        self._since_record = 0
        beginning = stream.read(_PROLOG)
        charset = _charset(beginning, markup.charset)
        decoding = Decoding(charset, markup.where)
        codec = decoding.codec()
        if markup.charset is not None:
            decoding.check_mark(beginning)
        self._charset = charset
        self._decoder = codecs.getincrementaldecoder(codec.name)()
        text = self._decoded(beginning, final=len(beginning) < _PROLOG).removeprefix("\ufeff")
        self._ready = self._without_prolog(text, allowed=markup.external_doctype).encode()
        self._ended = len(beginning) < _PROLOG

    def read(self, size: int = _CHUNK) -> bytes:
        """Return the next bytes, none at the end."""
        while not self._ready and not self._ended:
            chunk = self._stream.read(_CHUNK)
            self._ended = not chunk
            self._ready = self._decoded(chunk, final=self._ended).encode()
        given, self._ready = self._ready[:size], self._ready[size:]
        self._since_record += len(given)
        if self._since_record > MAX_RECORD_BYTES:
            raise self.too_large(f"{MAX_RECORD_BYTES} B")
        return given

    def forget(self) -> None:
        """Begin to count the next record."""
        self._since_record = 0

    def too_large(self, limit: str) -> _RefusedMarkupError:
        """Return what to raise for a record without an end."""
        return _RefusedMarkupError(file_codes.RECORD_TOO_LARGE.at(self._name, limit=limit))

    def _decoded(self, data: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeError as error:
            reason = f"{self._charset}: {getattr(error, 'reason', error)}"
            finding = file_codes.BAD_XML.at(self._name, reason=reason)
            raise _RefusedMarkupError(finding) from error

    def _without_prolog(self, text: str, *, allowed: bool) -> str:
        """Return the text from its root on, with line breaks in place of what stood before it."""
        misc = _MISC.match(text)
        at = misc.end() if misc else 0
        if text.startswith("<!", at):
            doctype = _DOCTYPE.match(text, at) if allowed else None
            if doctype is None:
                raise _RefusedMarkupError(file_codes.XML_FORBIDDEN.at(self._name))
            after = _MISC.match(text, doctype.end())
            at = after.end() if after else doctype.end()
        if not re.match(r"<[^!?\s]", text[at : at + 2]):
            finding = file_codes.BAD_XML.at(self._name, reason="no element at its beginning")
            raise _RefusedMarkupError(finding)
        return "\n" * text.count("\n", 0, at) + text[at:]


def _charset(beginning: bytes, configured: str | None) -> str:
    """Return the configured charset, else that of the byte order mark or the declaration."""
    if configured is not None:
        return "utf-8-sig" if configured.lower() == "utf-8" else configured
    for mark, charset in _WIDE:
        if beginning.startswith(mark):
            return charset
    declared = _DECLARED.match(beginning[:1024].decode("latin-1"))
    return declared[1] if declared else "utf-8"
