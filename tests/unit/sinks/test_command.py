"""The directory of a program: no room for it is no end, and nothing of it outlives a kill."""

from __future__ import annotations

import errno
import fcntl
import io
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.errors import StorageError, TransientError
from connector.model.inbound import Inbound
from connector.sinks import codes, command, durable
from connector.sinks.command import CommandSink
from connector.sinks.system_settings import CommandSettings
from connector.store import codes as store_codes

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EIO)
Make = Callable[[str], CommandSink]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the temporary directory of the system, which is the test's own."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def sink(tmp_path: Path) -> Make:
    """Make sinks of programs in Python."""

    def make(text: str = "") -> CommandSink:
        path = tmp_path / "chương trình.py"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return CommandSink(
            CommandSettings(type="command", program=path, desk=True, timeout_seconds=20)
        )

    return make


def scratches(temporary: Path) -> list[Path]:
    """Return the directories of programs that are there."""
    return list(temporary.glob("connector-command-*"))


def killed_by(sink: CommandSink, item: Inbound) -> None:
    """Hand a document over in a process that its program kills, as with kill -9."""
    child = multiprocessing.get_context("fork").Process(target=sink.deliver, args=(item,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("number", FULL)
@pytest.mark.parametrize("place", ["mkdtemp", "lock", "copy", "mkdir", "wait"])
def test_a_directory_that_cannot_be_written_is_tried_again(
    sink: Make,
    item: Inbound,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    place: str,
) -> None:
    """Neither the document nor the program is at fault; the reason and the place are told."""

    def failing(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    where: dict[str, tuple[Any, str]] = {
        "mkdtemp": (tempfile, "mkdtemp"),
        "lock": (fcntl, "flock"),
        "copy": (durable, "write_all"),
        "mkdir": (Path, "mkdir"),
        "wait": (command, "_ends_within"),
    }
    hanging = sink("time.sleep(30)")
    with monkeypatch.context() as patch:
        patch.setattr(*where[place], failing)
        with pytest.raises(TransientError) as caught:
            hanging.deliver(item)
    assert type(caught.value) is TransientError
    (finding,) = caught.value.findings
    assert finding.code == codes.SCRATCH_FAILED.code
    assert os.strerror(number) in finding.en
    assert str(temporary) in finding.vi
    assert finding.hint_en
    assert finding.hint_vi
    assert scratches(temporary) == []
    assert sink("").deliver(item)


def test_no_temporary_directory_at_all(
    sink: Make, item: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system names none where all of them are full."""

    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", nowhere)
    with pytest.raises(TransientError, match="No usable temporary directory"):
        sink("").deliver(item)


def test_a_content_that_is_gone_is_still_told_as_such(sink: Make, item: Inbound) -> None:
    """It is no matter of the temporary directory."""

    class Missing:
        """A content whose file is not there."""

        sha256, size = "0" * 64, 4

        def open(self) -> io.BytesIO:
            """Fail as the spool does."""
            raise StorageError(store_codes.BODY_MISSING.at("x", sha256=self.sha256))

    with pytest.raises(StorageError) as caught:
        sink("").deliver(replace(item, packet=Missing()))
    assert caught.value.code == store_codes.BODY_MISSING.code


def test_what_a_program_locks_away_is_no_failure(
    sink: Make, item: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program has the document; it is not given it again because of what it left behind."""

    def refusing(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "not yours")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", refusing)
        assert sink("").deliver(item)


def test_what_a_kill_left_behind_is_removed(sink: Make, item: Inbound, temporary: Path) -> None:
    """Copies of documents do not stay for ever; the next run removes them."""
    killed_by(sink("os.kill(os.getppid(), 9)"), item)
    (left,) = scratches(temporary)
    assert (left / "packet.edxml").is_file()
    until_free(left)
    assert sink("").deliver(item)
    assert scratches(temporary) == []


def test_a_program_that_outlives_the_daemon_keeps_its_files(
    sink: Make, item: Inbound, temporary: Path, tmp_path: Path
) -> None:
    """It may still be reading them; they go once it has ended."""
    pid = tmp_path / "pid"
    text = f"open({str(pid)!r}, 'w').write(str(os.getpid()))\nos.kill(os.getppid(), 9)\n"
    killed_by(sink(text + "time.sleep(30)"), item)
    (left,) = scratches(temporary)
    assert sink("").deliver(item)
    assert scratches(temporary) == [left]
    os.kill(int(pid.read_text()), signal.SIGKILL)
    until_free(left)
    assert sink("").deliver(item)
    assert scratches(temporary) == []


def until_free(path: Path) -> None:
    """Wait until nobody holds the lock of a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for _ in range(600):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(path)
    finally:
        os.close(descriptor)


def test_what_is_in_use_or_not_ours_is_not_touched(
    sink: Make, item: Inbound, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only directories of that name count: no links, no files, none that is held, no others'."""
    precious = tmp_path / "precious"
    held, link = temporary / "connector-command-aaaaaaaa", temporary / "connector-command-bbbbbbbb"
    file, named = temporary / "connector-command-cccccccc", temporary / "connector-command-backup-1"
    inner = temporary / "connector-command-dddddddd"
    for directory in (precious, held, named, inner):
        directory.mkdir()
        (directory / "a").write_text("x")
    link.symlink_to(precious)
    (inner / "out").symlink_to(precious)
    file.write_text("x")
    descriptor = os.open(held, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        command._sweep()
    assert inner.is_dir()
    assert sink("").deliver(item)
    os.close(descriptor)
    assert sorted(temporary.iterdir()) == sorted([held, link, file, named])
    assert (held / "a").is_file()
    assert (named / "a").is_file()
    assert (precious / "a").is_file()


def test_it_is_looked_for_now_and_then_only(
    sink: Make, item: Inbound, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink with many documents does not read the whole directory for each."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    one, left = sink(""), temporary / "connector-command-aaaaaaaa"
    assert one.deliver(item)
    left.mkdir()
    assert one.deliver(item)
    assert left.is_dir()
    now[0] += 3600
    assert one.deliver(item)
    assert not left.exists()


def test_a_sweep_at_the_very_moment_takes_nothing_away(
    sink: Make, item: Inbound, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds the new directory gone, or held by a sweeping process, takes another one."""
    real = tempfile.mkdtemp
    made: list[str] = []
    held: list[int] = []

    def swept(*given: Any, **named: Any) -> str:
        made.append(real(*given, **named))
        if len(made) == 1:
            shutil.rmtree(made[0])
        elif len(made) == 2:
            held.append(os.open(made[1], os.O_RDONLY))
            fcntl.flock(held[0], fcntl.LOCK_EX)
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept)
    assert sink("").deliver(item)
    os.close(held[0])
    assert len(made) == 3
    assert scratches(temporary) == [Path(made[1])]  # whoever holds it removes it
