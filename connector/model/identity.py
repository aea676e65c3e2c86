"""One id for one content, over all retries (guarantee G3).

The content digest covers what was mapped and the attachments' digests: no timestamps, no
signature, no journal head. The packet id is a uuid5 of sender, document id, kind and digest.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import uuid
from enum import Enum
from typing import Any, Final

from connector.model.envelope import Attachment, Document, Envelope

__all__ = ["content_digest", "name_based", "packet_id"]

_NAMESPACE: Final = uuid.UUID("6f1d3f0c-58f4-5c0e-9d0e-6b1f5d0b8a11")
_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_AS_IT_IS: Final = frozenset({str, int, bool})
_UNCOVERED: Final = frozenset({"traces", "timestamp", "journal_head", "content_id"})


def content_digest(envelope: Envelope) -> str:
    """Return the hex SHA-256 over what an envelope says, independent of time and spelling."""
    return hashlib.sha256(_JSON.encode(_plain(envelope)).encode()).hexdigest()


def packet_id(envelope: Envelope, digest: str | None = None) -> str:
    """Return the id under which this content is sent, however often (architecture section 4).

    `digest` is its content digest, if that is known already.
    """
    if isinstance(envelope, Document):
        kind, document = str(int(envelope.business_type)), envelope.document_id
    else:
        kind = f"status{envelope.status_code.value}"
        document = envelope.response_for.document_id
    digest = digest or content_digest(envelope)
    name = f"{envelope.sender.organ_id}\n{document}\n{kind}\n{digest}"
    return name_based(_NAMESPACE, name)


def name_based(namespace: uuid.UUID, name: str) -> str:
    """Return ``str(uuid.uuid5(namespace, name))`` without the objects that it makes on the way."""
    digest = hashlib.sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


@functools.cache
def _covered(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a dataclass that the digest covers; nothing else has any."""
    if not dataclasses.is_dataclass(kind):
        return ()
    names = (field.name for field in dataclasses.fields(kind))
    return tuple(name for name in names if name not in _UNCOVERED)


def _plain(value: object) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Attachment):
        return [value.content.sha256, value.name, value.content_type, value.description]
    kind: Any = type(value)  # mypy takes a class for unhashable
    if names := _covered(kind):
        plain: dict[str, Any] = {}
        for name in names:
            item = getattr(value, name)
            if type(item) in _AS_IT_IS:
                plain[name] = item
            elif item is not None and item != ():
                plain[name] = _plain(item)
        return plain
    if isinstance(value, Enum | dt.date):
        return value.value if isinstance(value, Enum) else value.isoformat()
    return value
