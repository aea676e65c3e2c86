from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import resources
from connector.clock import SystemClock


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let children hear SIGINT, though a shell may have started the tests without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_preview_that_is_ended_leaves_nothing(tmp_path: Path, ended_by: signal.Signals) -> None:
    """Half a preview is of no use to anybody: its directory goes, and its key with it.

    Nobody reads what it tells, so that it is in the midst of it when it is ended.
    """
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "connector", "preview", "--explain"),
            str(resources.examples_dir() / "g22-csv-tcvn3"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        while not list(tmp_path.glob("connector-preview-*/*.edxml")):
            assert process.poll() is None
            SystemClock().sleep(0.02)
        process.send_signal(ended_by)
        process.communicate()
    assert process.returncode == 130
    assert list(tmp_path.glob("connector-preview-*")) == []
