"""The interpreter's habits while the daemon runs."""

from __future__ import annotations

import gc
import sys

import pytest

from connector.service.pace import steady


def test_the_habits_are_put_back() -> None:
    """Whoever runs a daemon inside another program finds the interpreter as it was."""
    before = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()
    with steady():
        assert gc.get_threshold()[0] > before[0][0]
        assert sys.getswitchinterval() > before[1]
        assert gc.get_freeze_count() > before[2]
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before


def test_they_are_put_back_after_a_failure() -> None:
    """A daemon that ends with an error leaves nothing behind either."""
    before = gc.get_threshold(), sys.getswitchinterval()
    with pytest.raises(RuntimeError), steady():
        raise RuntimeError
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
