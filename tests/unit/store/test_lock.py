from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.errors import StorageError, TransientError
from connector.store.lock import lock_holder, node_lock

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
        pytest.raises(TransientError) as caught,
        node_lock(tmp_path / "state"),
    ):
        pass
    assert caught.value.exit_status == 75
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
        with pytest.raises(TransientError) as caught, node_lock(tmp_path):
            pass
        assert str(holder.pid) in str(caught.value)
        assert lock_holder(tmp_path) == holder.pid
        holder.kill()
        holder.wait()
    assert lock_holder(tmp_path) is None
    with node_lock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_asking_who_holds_the_directory_leaves_nothing(tmp_path: Path) -> None:
    """Asking makes no file, keeps no lock, and takes nobody for a daemon that has ended."""
    assert lock_holder(tmp_path / "none") is None
    assert lock_holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with node_lock(tmp_path):
        assert lock_holder(tmp_path) == os.getpid()
        (tmp_path / "lock").write_text("")
        assert lock_holder(tmp_path) == 0
    assert lock_holder(tmp_path) is None
    with node_lock(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """A state directory that cannot be made is a storage error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), node_lock(tmp_path / "file"):
        pass
