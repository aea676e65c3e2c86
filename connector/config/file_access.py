"""Who may read a file, POSIX access lists included.

systemd gives a service its credentials (LoadCredential=) as files of mode 0440 owned by root with
an access list that names the service's user alone: their group bits are the list's mask, not a
permission of the group.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import Final

__all__ = ["open_to_others"]

_ATTRIBUTE: Final = "system.posix_acl_access"
_HEADER_BYTES: Final = 4
_ENTRY: Final = struct.Struct("<HHI")
_OWNER: Final = 0x01
_USER: Final = 0x02
_GROUPS: Final = frozenset({0x04, 0x08})
_MASK: Final = 0x10


def open_to_others(descriptor: int) -> bool:
    """Tell whether anybody but the file's owner, root and this process's user has access to it."""
    mode = os.fstat(descriptor).st_mode
    if mode & stat.S_IRWXO:
        return True
    if not mode & stat.S_IRWXG:
        return False
    try:
        entries = _entries(os.getxattr(descriptor, _ATTRIBUTE))
    except (OSError, struct.error):
        return True
    return any(_for_others(tag, who) for tag, who in entries)


def _for_others(tag: int, who: int) -> bool:
    return tag in _GROUPS or (tag == _USER and who != os.geteuid())


def _entries(data: bytes) -> list[tuple[int, int]]:
    """Return kind and id of the entries that grant something after the list's mask."""
    entries = list(_ENTRY.iter_unpack(data[_HEADER_BYTES:]))
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), stat.S_IRWXO)
    return [
        (tag, who) for tag, rights, who in entries if tag not in {_OWNER, _MASK} and rights & mask
    ]
