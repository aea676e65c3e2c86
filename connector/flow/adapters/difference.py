"""How two packets differ, said as people say it: element by element, attachments by digest."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from connector.edxml.parser import parse
from connector.errors import ConnectorError

__all__ = ["difference"]

_LONG: Final = 160
_DIGEST: Final = 12


def difference(expected: bytes, found: bytes) -> str:
    """Return the elements that are added (+), gone (-) and changed (~), each with its path.

    What is no XML, or differs in nothing but its spelling, is compared line by line.
    """
    try:
        before, after = dict(_values(expected)), dict(_values(found))
    except ConnectorError:
        return _by_lines(expected, found)
    lines: list[str] = []
    for path in dict.fromkeys((*before, *after)):
        if path not in after:
            lines.append(f"- {path}: {before[path]}")
        elif path not in before:
            lines.append(f"+ {path}: {after[path]}")
        elif before[path] != after[path]:
            lines += [f"~ {path}:", f"    - {before[path]}", f"    + {after[path]}"]
    return "\n".join(lines) if lines else _by_lines(expected, found)


def _values(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and text of every element without children; equal names are numbered."""
    yield from _below(parse(data), "")


def _below(element: Any, path: str) -> Iterator[tuple[str, str]]:
    children = [child for child in element if isinstance(child.tag, str)]
    total = Counter(_name(child) for child in children)
    seen: Counter[str] = Counter()
    for child in children:
        name = _name(child)
        seen[name] += 1
        step = f"{name}[{seen[name]}]" if total[name] > 1 else name
        inner = f"{path}/{step}" if path else step
        if len(child):
            yield from _below(child, inner)
        else:
            yield inner, _shown(child.text or "")


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _shown(text: str) -> str:
    if len(text) <= _LONG:
        return repr(text)
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{text[:40]!r}… ({len(text)} characters, SHA-256 {digest}…)"


def _by_lines(expected: bytes, found: bytes) -> str:
    lines = difflib.unified_diff(
        _lines(expected), _lines(found), "expected", "found", lineterm="", n=1
    )
    return "\n".join(lines)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", errors="replace").replace("><", ">\n<")
    return [
        line if len(line) <= _LONG else f"{line[:_LONG]}… ({len(line)} characters)"
        for line in text.split("\n")
    ]
