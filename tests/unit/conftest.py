"""What tests of several rooms need."""

from __future__ import annotations

import pytest

from connector import disk


@pytest.fixture
def threads_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each sync be a call of Python's own, which a test can watch."""
    monkeypatch.setattr(disk, "_queues", disk._Queues())
    disk.only_by_threads()
