from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.errors import StorageError, UnavailableError
from connector.store.lock import node_lock

HOLD = """
import sys, time
from pathlib import Path
from connector.store.lock import node_lock
with node_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_daemon_hears_who_holds_the_directory(tmp_path: Path) -> None:
    """The second daemon is refused with the first one's process id."""
    with (
        node_lock(tmp_path / "state"),
        pytest.raises(UnavailableError) as caught,
        node_lock(tmp_path / "state"),
    ):
        pass
    assert str(os.getpid()) in caught.value.findings[0].en
    assert str(os.getpid()) in caught.value.findings[0].vi


def test_the_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    """A daemon that has ended does not keep the next one out, however it ended."""
    for _ in range(2):
        with pytest.raises(KeyError), node_lock(tmp_path):
            raise KeyError


def test_a_killed_daemon_leaves_no_lock(tmp_path: Path) -> None:
    """The kernel releases the lock of a process that was killed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UnavailableError) as caught, node_lock(tmp_path):
            pass
        assert str(holder.pid) in str(caught.value)
        holder.kill()
        holder.wait()
    with node_lock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """A state directory that cannot be made is a storage error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), node_lock(tmp_path / "file"):
        pass
