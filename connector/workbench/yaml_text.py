"""YAML as people write it: short flow style, quotes only where they are needed."""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["comment", "flow", "scalar"]

_PLAIN: Final = re.compile(r"[^\W_](?:[\w ./()+*@%=àảãáạ-]*[\w)./*])?")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~"})
_WIDTH: Final = 96


def scalar(value: Any) -> str:
    """Return one value so that YAML reads it back as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and text.isprintable()
    if plain and not text[0].isdigit() and " #" not in text and ": " not in text:
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f").replace("${", "$${")


def flow(value: Any) -> str:
    """Return a value in flow style: ``{column: A, transforms: [trim]}``."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def comment(text: str, indent: int) -> list[str]:
    """Return a text as comment lines of a readable width."""
    lines: list[str] = []
    line = ""
    for word in " ".join(text.split()).split(" "):
        if line and len(line) + 1 + len(word) > _WIDTH - indent:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [f"{' ' * indent}# {line}" for line in (*lines, line)]
