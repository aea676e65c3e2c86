"""Bodies of requests in pieces: a file of any size stays on the disk until it is its turn."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connector.errors import StorageError
from connector.model.content import Content
from connector.model.inbound import Inbound
from connector.sinks import codes, notices

__all__ = ["Body", "json_body", "multipart_body"]

_BLOCK: Final = 3 << 18  # whole groups of base64


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: Content
    as_base64: bool

    @property
    def size(self) -> int:
        return (self.content.size + 2) // 3 * 4 if self.as_base64 else self.content.size

    def chunks(self) -> Iterator[bytes]:
        """Yield the file; the last piece only once it is known that all of them are right."""
        digest, held = hashlib.sha256(), b""
        with self.content.open() as stream:
            while block := stream.read(_BLOCK):
                yield held
                digest.update(block)
                held = base64.b64encode(block) if self.as_base64 else block
        if digest.hexdigest() != self.content.sha256:
            raise StorageError(codes.CONTENT_DAMAGED.at(self.name, name=self.name))
        yield held


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request; it can be sent again."""

    content_type: str
    parts: tuple[bytes | _File, ...]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return sum(len(part) if isinstance(part, bytes) else part.size for part in self.parts)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; raises StorageError if a file is not what it was."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part.chunks()


def json_body(told: dict[str, Any], item: Inbound | None, files_field: str) -> Body:
    """Return JSON with a document's files as base64; without `item` there are none."""
    attachments = item.document.attachments if item else ()
    names = notices.attachment_names(item) if item else []
    tokens = [secrets.token_hex(16) for _ in attachments]
    listed = [
        {"name": name, "content_type": attachment.content_type, "data": token}
        for name, attachment, token in zip(names, attachments, tokens, strict=True)
    ]
    text = _json(told | ({files_field: listed} if item else {}))
    parts: list[bytes | _File] = []
    for name, attachment, token in zip(names, attachments, tokens, strict=True):
        before, _, text = text.partition(token.encode())
        parts += [before, _File(name, attachment.content, as_base64=True)]
    return Body("application/json; charset=utf-8", (*parts, text))


def multipart_body(told: dict[str, Any], item: Inbound) -> Body:
    """Return the parts ``document`` and ``file`` (RFC 7578)."""
    boundary = secrets.token_hex(16)
    head = 'name="document"\r\nContent-Type: application/json; charset=utf-8'
    parts: list[bytes | _File] = [_begin(boundary, head), _json(told)]
    names = notices.attachment_names(item)
    for name, attachment in zip(names, item.document.attachments, strict=True):
        kind = _quoted(attachment.content_type or "application/octet-stream")
        head = f'name="file"; filename="{_quoted(name)}"\r\nContent-Type: {kind}'
        parts += [b"\r\n", _begin(boundary, head), _File(name, attachment.content, False)]
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return Body(f"multipart/form-data; boundary={boundary}", tuple(parts))


def _begin(boundary: str, head: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()


def _quoted(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else "_" for sign in text)
    return printable.replace('"', "%22")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")
