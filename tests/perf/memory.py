"""Memory that a virtual machine has, kept ready for the rounds.

A host may take back what its guest has free, and then gives it anew page by page, at several times
the price. Who writes files would pay that in his round, who uses the same memory again would not.
So the bench keeps some memory between the rounds and lets go of it before each.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

__all__ = ["Spare", "affordable_bytes"]

_BYTES: Final = 2 << 30
_SHARE: Final = 8
_FLAGS: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE


def affordable_bytes() -> int:
    """Return 2 GiB, or an eighth of what the machine has."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(_BYTES, physical // _SHARE)


class Spare:
    """Holds so many bytes of memory until it is closed; none holds nothing."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._held: mmap.mmap | None = None
        self._take()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Leave the memory to others within the block."""
        self.close()
        try:
            yield
        finally:
            self._take()

    def close(self) -> None:
        """Let go of it."""
        if self._held is not None:
            self._held.close()
        self._held = None

    def _take(self) -> None:
        if not self._size:
            return
        with suppress(OSError):  # who has none to spare measures without
            self._held = mmap.mmap(-1, self._size, flags=_FLAGS)
