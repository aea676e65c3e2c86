"""YAML in which nothing is guessed: every scalar stays the text that was written, with its place.

YAML 1.1 would read ``no`` as False and ``0012`` as 10; agency codes would be corrupted. So only
structure is taken from YAML: scalars are strings, a plain empty value, ``~`` and ``null`` are
None, and the settings models convert. Anchors, tags, merge keys, duplicate keys and several
documents in a file are refused. ``${NAME}`` and ``${NAME:-default}`` in values are replaced from
the environment; ``$${`` stands for ``${``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from connector.config import codes
from connector.errors import ConfigError, Finding, NoInputError, Text

__all__ = ["Loc", "Node", "load_yaml", "parse_yaml"]

Loc = tuple[str | int, ...]
"""The way to a value: keys and list indexes from the top."""

_Position = tuple[int, int]
_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 32
_NULLS: Final = frozenset({"", "~", "null"})
_VARIABLE: Final = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff]")
_NO_CHARACTER: Final = "NUL, a lone surrogate or an escape that is no character"


@dataclass(frozen=True, slots=True)
class Node:
    """Plain values (dict, list, str, None) of a file or of a part of it, with their places."""

    path: Path
    value: Any
    _values: Mapping[Loc, _Position] = field(default_factory=dict, repr=False, compare=False)
    _keys: Mapping[Loc, _Position] = field(default_factory=dict, repr=False, compare=False)
    _top: Loc = ()

    def place(self, loc: Loc = ()) -> str:
        """Return ``path:line:col`` of the value at `loc`, or of its nearest existing ancestor."""
        return self._nearest(self._values, self._top + loc)

    def place_of_key(self, loc: Loc) -> str:
        """Return ``path:line:col`` of the key at `loc`, or of the nearest value above it."""
        full = self._top + loc
        position = self._keys.get(full)
        return self._written(position) if position else self._nearest(self._values, full)

    def get(self, loc: Loc, default: Any = None) -> Any:
        """Return the plain value at `loc`, or `default` if there is none."""
        value = self.value
        for step in loc:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return default
        return value

    def at(self, loc: Loc) -> Node:
        """Return the part of the file at `loc`; its places stay those of the whole file."""
        return Node(self.path, self.get(loc), self._values, self._keys, self._top + loc)

    def without(self, *keys: str) -> Node:
        """Return this mapping without some of its keys."""
        if not isinstance(self.value, dict):
            return self
        kept = {key: value for key, value in self.value.items() if key not in keys}
        return Node(self.path, kept, self._values, self._keys, self._top)

    def _nearest(self, positions: Mapping[Loc, _Position], loc: Loc) -> str:
        for length in range(len(loc), -1, -1):
            position = positions.get(loc[:length])
            if position is not None:
                return self._written(position)
        return self._written((1, 1))

    def _written(self, position: _Position) -> str:
        return f"{self.path}:{position[0]}:{position[1]}"


def load_yaml(path: Path, *, environ: Mapping[str, str] | None = None) -> Node:
    """Read a YAML file; `environ` stands for the process environment.

    Raises NoInputError if the file cannot be read, ConfigError with every finding if it is wrong.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.FILE_MISSING.at(str(path), reason=reason)) from error
    return parse_yaml(data, path, environ=environ)


def parse_yaml(data: bytes, path: Path, *, environ: Mapping[str, str] | None = None) -> Node:
    """Read YAML from bytes; `path` only names them in findings. Raises ConfigError."""
    if len(data) > _MAX_BYTES:
        raise ConfigError(codes.FILE_TOO_LARGE.at(str(path), limit=_MAX_BYTES))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise ConfigError(codes.NOT_UTF8.at(f"{path}:{line}:{column}")) from error
    reader = _Reader(path, os.environ if environ is None else environ)
    return reader.read(text)


class _Reader:
    """Builds one Node from the parser's events and gathers findings on the way."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ
        self.values: dict[Loc, _Position] = {}
        self.keys: dict[Loc, _Position] = {}
        self.findings: list[Finding] = []

    def read(self, text: str) -> Node:
        value: Any = {}
        try:
            events = yaml.parse(text, Loader=yaml.SafeLoader)
            documents = 0
            for event in events:
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self.refuse(codes.MULTIPLE_DOCUMENTS, event)
                        break
                    value = self.build(next(events), events, ())
        except yaml.MarkedYAMLError as error:
            self.findings.append(self._syntax(error))
        except yaml.reader.ReaderError as error:
            self.findings.append(self._unprintable(text, error.position))
        except (ValueError, OverflowError):  # an escape such as \UFFFFFFFF that is no character
            self.findings.append(codes.SYNTAX.at(str(self.path), problem=_NO_CHARACTER))
        if not self.findings and not isinstance(value, dict | list) and value is not None:
            self.findings.append(codes.WRONG_ROOT.at(f"{self.path}:1:1"))
        if self.findings:
            raise ConfigError(*self.findings)
        return Node(self.path, {} if value is None else value, self.values, self.keys)

    def build(self, event: Event, events: Iterator[Event], loc: Loc) -> Any:
        self.values[loc] = _position(event)
        if len(loc) > _MAX_DEPTH:
            raise ConfigError(
                *self.findings, codes.TOO_DEEP.at(self._place(event), limit=_MAX_DEPTH)
            )
        self.check(event)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, MappingStartEvent):
            return self.mapping(events, loc)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(events, loc)
        return None

    def mapping(self, events: Iterator[Event], loc: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self.key(event, events, loc)
            inner = (*loc, key)
            if key in result:
                line = self.keys[inner][0]
                self.refuse(codes.DUPLICATE_KEY, event, key=key, line=line)
            else:
                self.keys[inner] = _position(event)
            result[key] = self.build(next(events), events, inner)
        return result

    def key(self, event: Event, events: Iterator[Event], loc: Loc) -> str:
        self.check(event)
        if isinstance(event, ScalarEvent):
            if event.value == "<<" and event.style is None:
                self.refuse(codes.MERGE_KEY, event)
            if _FORBIDDEN.search(event.value):
                self.refuse(codes.SYNTAX, event, problem=_NO_CHARACTER)
            return event.value
        if not isinstance(event, AliasEvent):
            self.refuse(codes.BAD_KEY, event)
            self.build(event, events, (*loc, "?"))
        return "?"

    def sequence(self, events: Iterator[Event], loc: Loc) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            result.append(self.build(event, events, (*loc, len(result))))
        return result

    def scalar(self, event: ScalarEvent) -> str | None:
        if event.style is None and event.value in _NULLS:
            return None
        value = _VARIABLE.sub(lambda match: self.variable(match, event), event.value)
        if _FORBIDDEN.search(value):
            self.refuse(codes.SYNTAX, event, problem=_NO_CHARACTER)
        return value

    def variable(self, match: re.Match[str], event: ScalarEvent) -> str:
        name, default = match.group(1), match.group(2)
        if name is None:
            return "${"
        if name in self.environ:
            return self.environ[name]
        if default is None:
            self.refuse(codes.UNDEFINED_VARIABLE, event, name=name)
        return default or ""

    def check(self, event: Event) -> None:
        if not isinstance(event, NodeEvent):
            return
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self.refuse(codes.ALIAS, event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.refuse(codes.TAG, event, tag=tag)

    def refuse(self, text: Text, event: Event, **facts: Any) -> None:
        self.findings.append(text.at(self._place(event), **facts))

    def _place(self, event: Event) -> str:
        line, column = _position(event)
        return f"{self.path}:{line}:{column}"

    def _syntax(self, error: yaml.MarkedYAMLError) -> Finding:
        mark = error.problem_mark or error.context_mark
        place = f"{self.path}:{mark.line + 1}:{mark.column + 1}" if mark else str(self.path)
        return codes.SYNTAX.at(place, problem=error.problem or error.context or "?")

    def _unprintable(self, text: str, position: int) -> Finding:
        line = text.count("\n", 0, position) + 1
        column = position - (text.rfind("\n", 0, position) + 1) + 1
        problem = f"control character U+{ord(text[position]):04X}"
        return codes.SYNTAX.at(f"{self.path}:{line}:{column}", problem=problem)


def _position(event: Event) -> _Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
