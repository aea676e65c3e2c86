"""Memory that was freed stays ours for the next document.

glibc gives back at once what a message of some hundred kilobytes took, and asks the kernel for
zeroed pages again for the next one: half a millisecond a document, several times over. A few
megabytes are kept instead; larger pieces still go back.
"""

from __future__ import annotations

import ctypes
from typing import Final

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 8 << 20
_LARGE_BYTES: Final = 2 << 20


def keep_freed_memory() -> bool:
    """Tell the C library what to keep; False if it is not glibc and cannot be told."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    done = [
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES),
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES),
    ]
    return all(done)
