"""What a message says about itself when it is one part of a packet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.errors import Finding
from connector.flow import codes
from connector.store.inbox import InboxMessage, NewMessage

__all__ = ["PartHeaders", "is_part", "is_part_alone", "read_part", "without_part"]

_NUMBER: Final = "edoc-part"
_COUNT: Final = "edoc-parts"
_SIZE: Final = "edoc-size"
_DIGEST: Final = "edoc-sha256"
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MOST_PARTS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHeaders:
    """Part `number` of `count` (from 1) of a packet of `size` bytes with a signed digest."""

    number: int
    count: int
    size: int
    digest: str

    def assembly(self, message: NewMessage) -> str:
        """Return the key under which the parts of one packet for one receiver come together."""
        names = (message.user_id or "", message.message_id or "", message.receiver or "")
        text = "\0".join((*names, self.digest, str(self.count), str(self.size)))
        return hashlib.sha256(text.encode()).hexdigest()


def is_part(headers: Mapping[str, Any]) -> bool:
    """Tell whether a message calls itself a part."""
    return _COUNT in headers or _NUMBER in headers


def read_part(message: NewMessage, limit: int) -> PartHeaders | Finding:
    """Return what a part says of itself, or why it cannot be used; `limit` is that of a packet."""
    if message.user_id is None:
        return codes.MESSAGE_WITHOUT_USER.at()
    found = [message.headers.get(name) for name in (_NUMBER, _COUNT, _SIZE)]
    numbers = [value for value in found if type(value) is int]
    digest = str(message.headers.get(_DIGEST))
    if len(numbers) < len(found) or _HEX.fullmatch(digest) is None or not message.message_id:
        return codes.PART_UNUSABLE.at(reason="number, count, size or digest is missing")
    number, count, size = numbers
    if not 1 <= number <= count <= min(_MOST_PARTS, max(size, 1)):
        return codes.PART_UNUSABLE.at(reason=f"part {number} of {count} of {size} bytes")
    if size > limit:
        return codes.PART_UNUSABLE.at(reason=f"{size} bytes are announced, the limit is {limit}")
    if message.body_size > size:
        return codes.PART_UNUSABLE.at(reason=f"it has more than the {size} bytes announced")
    return PartHeaders(number=number, count=count, size=size, digest=digest)


def is_part_alone(row: InboxMessage) -> bool:
    """Tell whether a message is a part that was set aside; a joined packet bears no number."""
    unusable = any(each.get("code") == codes.PART_UNUSABLE.code for each in row.findings)
    return unusable or without_part(row.headers) != row.headers


def without_part(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers that all parts of a packet share."""
    return {name: value for name, value in headers.items() if name != _NUMBER}
