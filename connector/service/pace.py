"""The interpreter's own habits, set for a process that moves documents all day."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["steady"]

_THRESHOLDS: Final = (20_000, 20, 50)
_SWITCH_SECONDS: Final = 0.02


@contextmanager
def steady() -> Iterator[None]:
    """Search for garbage seldom, and not among what was there from the start; turn threads slower.

    A document leaves no cycles behind, but each makes hundreds of objects: at the usual threshold
    the collector would go through all libraries again and again and find nothing. A thread that
    waits for the interpreter gets it when another waits for disk or broker, which is soon; to
    take it away every 5 ms only costs.
    """
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*before)
        gc.unfreeze()
