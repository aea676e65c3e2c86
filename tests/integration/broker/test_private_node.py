"""Private nodes: side by side, cleaned up, and honest about failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector.broker.private import PrivateNode
from connector.errors import UnavailableError

pytestmark = [pytest.mark.broker, pytest.mark.slow]

_CHILD = """
import json, pathlib, sys, time
from connector.broker.private import PrivateNode
node = PrivateNode(pathlib.Path(sys.argv[1]), disposable=True)
node.start()
print(json.dumps([node.pid, node._epmd.pid]), flush=True)
time.sleep(600)
"""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_two_nodes_run_side_by_side(fragile_node: PrivateNode, tmp_path: Path) -> None:
    """A second node has ports, users and queues of its own, and stops without the first."""
    node = PrivateNode(tmp_path / "second node")
    with node:
        assert node.management_url != fragile_node.management_url
        node.management().put_queue("kept", {"durable": True, "arguments": {}})
        assert fragile_node.management().queue("kept") is None
        pids = [node.pid, node._epmd.pid if node._epmd else 0]
        assert [user["name"] for user in node.management().users()] == ["connector-admin"]
        assert (node.directory / "home/.erlang.cookie").stat().st_mode & 0o077 == 0
    assert not any(map(_runs, pids))
    assert fragile_node.management().overview()
    with pytest.raises(UnavailableError):
        _ = node.pid


def test_the_node_ends_with_a_killed_parent(tmp_path: Path) -> None:
    """Even if our process is killed, neither node nor port mapper is left behind."""
    command = [sys.executable, "-c", _CHILD, str(tmp_path / "orphan")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        node_pid, epmd_pid = json.loads(child.stdout.readline())
        assert _runs(node_pid)
        fd = os.pidfd_open(epmd_pid)
        child.send_signal(signal.SIGKILL)
        child.wait()
        _wait_for_end(fd)
    assert not _runs(node_pid)


def _wait_for_end(pidfd: int) -> None:
    import select

    ended, _, _ = select.select([pidfd], [], [], 60)
    os.close(pidfd)
    assert ended


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error carries the end of the log, and nothing is left running."""
    node = PrivateNode(tmp_path / "broken", extra={"no_such_setting": "1"})
    with pytest.raises(UnavailableError) as caught:
        node.start()
    assert caught.value.code == "EDX-6071"
    assert "no_such_setting" in str(caught.value)
    node.stop()
