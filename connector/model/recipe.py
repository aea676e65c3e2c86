"""What the outbox keeps of a sealed packet: its literal parts, and which files stand between them.

The recipe is canonical JSON: a list of texts, ``{"base64": {"sha256", "size", "head", "tail"}}``
for a file whose base64 stands there, and ``{"bytes": {"sha256", "size"}}`` for a file as it is.
With the files, found by digest, it makes the same bytes whenever a packet is sent again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from connector.model.content import Content
from connector.model.packet import Part, Payload, Whole

__all__ = ["SIGNATURE", "Checked", "decode", "encode", "files"]

_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_CONTROLS: Final = bytes(set(range(ord(" "))) - set(b"\n"))
"""What JSON escapes beside quotes, backslashes and line ends, which alone are common."""

SIGNATURE = b"<ds:Signature "
"""How the one literal begins that the packet's digest does not cover."""


def encode(parts: Iterable[Part]) -> bytes:
    """Return the recipe of a packet; its literals are UTF-8, as all of a packet is."""
    return b"[%b]" % b",".join([_json(part) for part in parts])


def decode(recipe: bytes, find: Callable[[str], Content]) -> tuple[Part, ...]:
    """Return the parts of a packet; `find` returns a file by its digest.

    Raises `ValueError` for what is no recipe; what `find` raises goes through.
    """
    try:
        return tuple(_part(each, find) for each in json.loads(recipe))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no recipe: {error!r}") from error


def files(recipe: bytes) -> tuple[str, ...]:
    """Return the digests of the files that a packet is made of; `ValueError` for no recipe."""
    found: list[str] = []
    decode(recipe, lambda sha256: _noted(sha256, found))
    return tuple(found)


class Checked:
    """The bytes of a packet piece by piece, with the digest that they have had so far.

    The digest is that of the signed Reference: of all bytes but the Signature's. A packet that
    is one file as it is has the digest of that file.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._sum = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Lower-case hex of what was read until now."""
        return self._sum.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes once, in pieces of some hundred kilobytes at most but for literals."""
        for part in self._parts:
            if isinstance(part, bytes):
                if not part.startswith(SIGNATURE):
                    self._sum.update(part)
                yield part
                continue
            for chunk in part.chunks():
                self._sum.update(chunk)
                yield chunk


@dataclass(frozen=True, slots=True)
class _Absent:
    sha256: str
    size: int = 0

    def open(self) -> BinaryIO:
        raise FileNotFoundError(self.sha256)


def _noted(sha256: str, found: list[str]) -> Content:
    found.append(sha256)
    return _Absent(sha256)


def _json(part: Part) -> bytes:
    """Return a part as JSON; what is done to a plain literal is what JSON does to it, but quick."""
    if not isinstance(part, bytes):
        return _JSON.encode(_plain(part)).encode()
    if len(part.translate(None, _CONTROLS)) < len(part):
        return _JSON.encode(part.decode()).encode()
    quoted = part.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%b"' % quoted


def _plain(part: Payload | Whole) -> Any:
    file = {"sha256": part.content.sha256, "size": part.content.size}
    if isinstance(part, Whole):
        return {"bytes": file}
    frame = {"head": _text(part.head), "tail": _text(part.tail)}
    return {"base64": {**file, **frame}}


def _part(plain: Any, find: Callable[[str], Content]) -> Part:
    if isinstance(plain, str):
        return plain.encode()
    ((kind, file),) = plain.items()
    content = find(file["sha256"])
    if kind == "bytes":
        return Whole(content)
    if kind != "base64":
        raise ValueError(f"no recipe: {kind!r}")
    return Payload(content, _bytes(file["head"]), _bytes(file["tail"]))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
