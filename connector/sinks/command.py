"""Documents into a program of the legacy system, one run each, without a shell.

The program sees nothing of the node: a bare environment, a directory of its own that is removed
afterwards, and at its time limit the end of all that it started. That directory is locked while
node or program use it; those that a killed node left are removed before a later run.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from connector.errors import Finding, PermanentError, TransientError, UnavailableError
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes, durable, notices, system_codes
from connector.sinks.system_settings import CommandSettings
from connector.sinks.told import MOST_SAID, one_line, told_act, told_document

__all__ = ["CommandSink", "open_command"]

_LATER: Final = 75
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
_PIPE: Final = 1 << 16
_LEFT_BEHIND: Final = 1 << 20
_GLANCE_MS: Final = 100
_PREFIX: Final = "connector-command-"
_SCRATCH: Final = re.compile(rf"{_PREFIX}[0-9a-z_]{{8}}")
_SWEEP_SECONDS: Final = 600.0


def open_command(settings: CommandSettings, _base: Path) -> CommandSink:
    """Return the sink of some settings; the program is looked for at the first document."""
    return CommandSink(settings)


class CommandSink:
    """Runs the program for each document and each act; it must know a packet id again."""

    def __init__(self, settings: CommandSettings) -> None:
        self._settings: Final = settings
        self._sweep_at = 0.0

    def deliver(self, item: Inbound) -> bool:
        """Let the program take the document once for each packet id."""
        said = self._run("deliver", item, None)
        return self._settings.desk and said.get("desk") is not False

    def cancel(self, item: Inbound, target: InboundTarget) -> None:
        """Tell the program of a recall."""
        self._run("recall", item, target)

    def replace(self, item: Inbound, targets: Sequence[InboundTarget]) -> bool:
        """Let the program take the new document, then tell it which ones that replaces."""
        on_desk = self.deliver(item)
        for target in targets:
            self._run("replace", item, target)
        return on_desk

    def update(self, item: Inbound, target: InboundTarget) -> None:
        """Tell the program of changed receivers or transport data."""
        self._run("update", item, target)

    def check(self) -> tuple[Finding, ...]:
        """Return whether the program is there; it is not run."""
        program = self._settings.program
        if program.is_file() and os.access(program, os.X_OK):
            return ()
        return (system_codes.PROGRAM_ABSENT.at(str(program), program=program.name),)

    def _run(self, act: str, item: Inbound, target: InboundTarget | None) -> dict[str, Any]:
        """Run the program; what it says on standard output as JSON is returned."""
        if time.monotonic() >= self._sweep_at:
            _sweep()
            self._sweep_at = time.monotonic() + _SWEEP_SECONDS
        with _as_transient(), _scratch() as (lock, scratch):
            told = self._told(act, item, target, scratch)
            status, out, err = self._process(json.dumps(told).encode(), scratch, lock)
        program, place = self._settings.program.name, str(self._settings.program)
        reason = one_line(err.strip().rpartition(b"\n")[2])
        if status == 0:
            return _as_object(out)
        if status == _LATER or status < 0:
            reason = reason if status > 0 else f"ended by signal {-status}"
            later = system_codes.PROGRAM_LATER.at(place, program=program, reason=reason)
            raise TransientError(later)  # it was there, and may take another packet
        facts = {"program": program, "status": status, "reason": reason}
        raise PermanentError(system_codes.PROGRAM_REFUSED.at(place, **facts))

    def _told(
        self, act: str, item: Inbound, target: InboundTarget | None, scratch: Path
    ) -> dict[str, Any]:
        told: dict[str, Any] = {
            "act": act,
            "packet_id": item.packet_id,
            "document_id": item.document.document_id,
            "document": told_document(self._settings, item),
        }
        durable.copy(item.packet, scratch / "packet.edxml")
        told["packet_file"] = str(scratch / "packet.edxml")
        if target is not None:
            return told | {"about": told_act(item, target), "target": target.packet_id}
        (scratch / "files").mkdir()
        told["files"] = []
        names = notices.attachment_names(item)
        for name, attachment in zip(names, item.document.attachments, strict=True):
            durable.copy(attachment.content, scratch / "files" / name)
            kind = attachment.content_type
            path = str(scratch / "files" / name)
            told["files"].append({"name": name, "content_type": kind, "path": path})
        return told

    def _process(self, given: bytes, scratch: Path, lock: int) -> tuple[int, bytes, bytes]:
        settings = self._settings
        try:
            process = subprocess.Popen(
                [str(settings.program), *settings.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=scratch,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
                pass_fds=(lock,),  # if the node is killed, its files stay while it reads them
            )
        except OSError as error:
            facts = {"program": settings.program.name, "reason": error.strerror}
            place = str(settings.program)
            raise UnavailableError(system_codes.PROGRAM_LATER.at(place, **facts)) from error
        with process:
            return self._ended(process, given)

    def _ended(self, process: subprocess.Popen[bytes], given: bytes) -> tuple[int, bytes, bytes]:
        """Wait for the program, then end all that it has left behind."""
        out, err, over = bytearray(), bytearray(), threading.Event()
        helpers = [
            threading.Thread(target=_feed, args=(process.stdin, given, over), daemon=True),
            threading.Thread(target=_drain, args=(process.stdout, out, over), daemon=True),
            threading.Thread(target=_drain, args=(process.stderr, err, over), daemon=True),
        ]
        for helper in helpers:
            helper.start()
        seconds = self._settings.timeout_seconds
        try:
            ended = _ends_within(process, seconds)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its leader is not reaped yet: it is this group
            status = process.wait()
            over.set()  # whoever left the group may hold the pipes for ever
            for helper in helpers:
                helper.join()
        if not ended:
            facts = {"program": self._settings.program.name, "reason": f"more than {seconds:g} s"}
            place = str(self._settings.program)
            raise UnavailableError(system_codes.PROGRAM_LATER.at(place, **facts))
        return status, bytes(out), bytes(err)


@contextlib.contextmanager
def _as_transient() -> Iterator[None]:
    """Let no OSError out: it is no fault of the document, which is offered again."""
    try:
        yield
    except OSError as error:
        path = tempfile.tempdir or "$TMPDIR"
        reason = error.strerror or type(error).__name__
        finding = codes.SCRATCH_FAILED.at(str(path), path=path, reason=reason)
        raise TransientError(finding) from error


@contextlib.contextmanager
def _scratch() -> Iterator[tuple[int, Path]]:
    """Make a directory that nobody else may use; yield what holds its lock, and its path.

    What cannot be removed afterwards stays for a sweep: the program has the document by then.
    """
    path, lock = "", None
    try:
        while lock is None:  # another process was sweeping at the very moment
            path = tempfile.mkdtemp(prefix=_PREFIX)
            lock = _lock(path)
        yield lock, Path(path)
    finally:
        if path:
            _remove(path)
        if lock is not None:
            os.close(lock)


def _sweep() -> None:
    """Remove what killed nodes left of this user's; what is in use is left alone."""
    with contextlib.suppress(OSError):
        place = Path(tempfile.gettempdir())
        for path in [each for each in place.iterdir() if _SCRATCH.fullmatch(each.name)]:
            with contextlib.suppress(OSError):  # a link, a file, or gone by now
                lock = _lock(str(path))
                if lock is not None:
                    _remove(str(path))
                    os.close(lock)


def _remove(path: str) -> None:
    """Remove a directory as far as that can be, also what the program made unreadable in it."""
    for parent, names, _ in os.walk(path):
        for each in (Path(parent, name) for name in names):
            with contextlib.suppress(OSError):
                if not each.is_symlink():
                    each.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)


def _lock(path: str) -> int | None:
    """Return what holds the lock of a directory of this user.

    None if it is somebody else's, in use or gone; OSError if it is no directory, or a link to one.
    """
    with contextlib.suppress(FileNotFoundError, BlockingIOError), contextlib.ExitStack() as held:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        held.callback(os.close, descriptor)
        if os.fstat(descriptor).st_uid != os.geteuid():
            return None
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.lstat(path), os.fstat(descriptor)):
            held.pop_all()
            return descriptor
    return None


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for the end of a process without reaping it; False if it does not come."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _feed(stream: IO[bytes] | None, given: bytes, over: threading.Event) -> None:
    if stream is None:
        return
    with contextlib.suppress(OSError), stream:  # it may not want to know
        poll, rest = _poll(stream, select.POLLOUT), memoryview(given)
        while rest and not over.is_set():
            if poll.poll(_GLANCE_MS):
                rest = rest[os.write(stream.fileno(), rest) :]


def _drain(stream: IO[bytes] | None, kept: bytearray, over: threading.Event) -> None:
    """Read to the end, or what is there once the program is over; keep the last bytes."""
    if stream is None:
        return
    poll, spare = _poll(stream, select.POLLIN), _LEFT_BEHIND
    while spare > 0:
        was_over = over.is_set()
        if poll.poll(0 if was_over else _GLANCE_MS):
            block = os.read(stream.fileno(), _PIPE)
            if not block:
                return
            kept += block
            del kept[:-MOST_SAID]
            spare -= len(block) if was_over else 0
        elif was_over:
            return


def _poll(stream: IO[bytes], event: int) -> select.poll:
    """Return what waits for a stream, which does not wait itself from now on."""
    os.set_blocking(stream.fileno(), False)
    poll = select.poll()
    poll.register(stream.fileno(), event)
    return poll


def _as_object(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
