"""Files brought through to the disk together, and written in pieces that the kernel likes.

A file system joins what is asked for at once into few commits of its journal. Linux takes any
number of such requests from one thread (io_submit(2) with IOCB_CMD_FSYNC, since 4.18): each is an
fsync or fdatasync of its file, done by the kernel's own threads. Ours would cost the hot path a
switch between threads for every file, and a wait for the interpreter's lock. Where the kernel does
not take them, or a sandbox or a used-up limit (fs.aio-max-nr) forbids it, threads do the same.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import BinaryIO, Final, Self

__all__ = ["WRITTEN_AT_ONCE", "Syncing", "only_by_threads", "pour", "write_all"]

WRITTEN_AT_ONCE: Final = 1 << 18
"""Bytes of one write to a large file.

The page cache takes memory in pieces as large as a write. Pieces of megabytes have to be looked
for, and a virtual machine may have to get them from its host: ten times as dear as these.
"""

_POURED_AT_ONCE: Final = 1 << 20
_PAST_CACHE: Final = getattr(os, "O_DIRECT", 0)
_AT_ONCE: Final = 8
_ROOM: Final = 256
_NUMBERS: Final = {"x86_64": (206, 208, 209), "aarch64": (0, 4, 2)}
"""System calls of an architecture: io_setup, io_getevents, io_submit."""
_FSYNC, _FDATASYNC = 2, 3


def write_all(descriptor: int, data: bytes | memoryview, at: int | None = None) -> None:
    """Write all bytes: from a place in the file, or where the last write ended; OSError if not."""
    rest = memoryview(data)
    while rest:
        piece = rest if len(rest) <= 2 * WRITTEN_AT_ONCE else rest[:WRITTEN_AT_ONCE]
        if at is None:
            done = os.write(descriptor, piece)
        else:
            done = os.pwrite(descriptor, piece, at)
            at += done
        rest = rest[done:]


def pour(source: BinaryIO, descriptor: int, see: Callable[[memoryview], object]) -> None:
    """Write a long stream to a new file, past the page cache where the file system can do that.

    For what is synced at once and read by others, later: through the cache it would drive out what
    is in use there. `see` is shown each piece before it is written; OSError if not all is written.
    """
    with mmap.mmap(-1, _POURED_AT_ONCE) as block, memoryview(block) as view:
        direct = _direct(descriptor, yes=True)
        while got := _filled(source, view):
            with view[:got] as piece:
                see(piece)
                done = _past_cache(descriptor, piece) if direct and got == len(view) else 0
                if done < got:  # the end, a disk that is nearly full, or it cannot be done
                    direct = direct and not _direct(descriptor, yes=False)
                    write_all(descriptor, piece[done:])


def _filled(source: BinaryIO, view: memoryview) -> int:
    """Read until a buffer is full or the stream ends."""
    got = 0
    while got < len(view) and (data := source.read(len(view) - got)):
        view[got : got + len(data)] = data
        got += len(data)
    return got


def _past_cache(descriptor: int, piece: memoryview) -> int:
    """Write what is aligned as such writes have to be; 0 if this file system has other wishes."""
    try:
        return os.write(descriptor, piece)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return 0


def _direct(descriptor: int, *, yes: bool) -> bool:
    """Let a file be written past the cache or through it; False if that cannot be."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    wanted = flags | _PAST_CACHE if yes else flags & ~_PAST_CACHE
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, wanted)
    except OSError:
        return False
    return bool(_PAST_CACHE)


class Syncing:
    """What is begun in this block is on the disk when it ends.

    Raises OSError at the end of the block if one of the files is not, unless the block raised.
    Directories stand for their names. The descriptors have to stay open until the end.
    """

    def __init__(self) -> None:
        self._queue: _Queue | None = None
        self._threads: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        failures = self._ended()
        if failures and kind is None:
            raise failures[0]

    def begin(self, descriptors: Sequence[int], *, data_only: bool = False) -> None:
        """Ask for what was written to files, `data_only` without their times; does not wait."""
        if self._queue is None:
            self._queue = _queues.borrow()
        taken = 0 if self._queue is None else self._queue.submit(descriptors, data_only=data_only)
        rest = descriptors[taken:]
        sync = os.fdatasync if data_only else os.fsync
        for start in range(min(_AT_ONCE, len(rest))):
            self._threads.append(_threads().submit(_each, sync, rest[start::_AT_ONCE]))

    @property
    def by_threads(self) -> bool:
        """Whether some of what was begun is done by threads."""
        return bool(self._threads)

    def wait(self) -> None:
        """Wait for what was begun; OSError if one of the files is not on the disk."""
        for failure in self._ended():
            raise failure

    def _ended(self) -> list[BaseException]:
        ended = [each.exception() for each in self._threads]
        failures = [failure for failure in ended if failure is not None]
        self._threads.clear()
        if self._queue is not None:
            failures += self._queue.drain()
            _queues.give_back(self._queue)
            self._queue = None
        return failures


def only_by_threads() -> None:
    """Let this process ask for every sync by a call of its own, for who watches these calls."""
    _queues.close()


class _Request(ctypes.Structure):
    """`struct iocb` of linux/aio_abi.h; what is not named here is zero."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("key", ctypes.c_uint32),
        ("rw_flags", ctypes.c_uint32),
        ("opcode", ctypes.c_uint16),
        ("priority", ctypes.c_int16),
        ("descriptor", ctypes.c_uint32),
        ("rest", ctypes.c_uint64 * 5),
    )


class _Event(ctypes.Structure):
    """`struct io_event` of linux/aio_abi.h."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("request", ctypes.c_uint64),
        ("result", ctypes.c_int64),
        ("result2", ctypes.c_int64),
    )


class _Queue:
    """A queue of the kernel's for requests of one thread at a time."""

    def __init__(self) -> None:
        """Raises OSError if the kernel gives none."""
        _, self._get, self._submit = _numbers()
        self._context: Final = ctypes.c_ulong(0)
        self._open = 0
        self._failures: list[OSError] = []
        if _call(_numbers()[0], _ROOM, ctypes.byref(self._context)) < 0:
            raise _error()

    def submit(self, descriptors: Sequence[int], *, data_only: bool) -> int:
        """Ask for syncs; return how many of the first were taken."""
        taken, opcode = 0, _FDATASYNC if data_only else _FSYNC
        while taken < len(descriptors):
            if self._open == _ROOM:
                self._collect()
            some = descriptors[taken : taken + _ROOM - self._open]
            requests = (_Request * len(some))()
            for request, descriptor in zip(requests, some, strict=True):
                request.opcode, request.descriptor = opcode, descriptor
            places = (ctypes.c_void_p * len(some))(*map(ctypes.addressof, requests))
            done = _call(self._submit, self._context, len(some), places)
            if done <= 0:  # threads take the rest, and tell what is wrong
                break
            self._open += done
            taken += done
        return taken

    def drain(self) -> list[OSError]:
        """Wait for all that was asked for; return what failed."""
        while self._open:
            self._collect()
        failures, self._failures = self._failures, []
        return failures

    def _collect(self) -> None:
        events = (_Event * self._open)()
        done = _call(self._get, self._context, self._open, self._open, events, None)
        if done < 0:
            if ctypes.get_errno() == errno.EINTR:
                return
            raise _error()
        self._open -= done
        for event in events[:done]:
            if event.result < 0:
                self._failures.append(OSError(-event.result, os.strerror(-event.result)))


class _Queues:
    """The queues of this process; each is lent to one caller at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Queue] = []
        self._owner = os.getpid()
        self._usable = platform.system() == "Linux" and platform.machine() in _NUMBERS

    def borrow(self) -> _Queue | None:
        """Return a queue that nobody uses, None where the kernel gives none."""
        with self._lock:
            if self._owner != os.getpid():  # a queue belongs to who made it, not to a fork
                self._owner, self._idle = os.getpid(), []
            if not self._usable:
                return None
            if self._idle:
                return self._idle.pop()
            try:
                return _Queue()
            except OSError:
                self._usable = False
                return None

    def give_back(self, queue: _Queue) -> None:
        """Take a queue back in which nothing is under way."""
        with self._lock:
            self._idle.append(queue)

    def close(self) -> None:
        """Lend no queue any more."""
        with self._lock:
            self._usable, self._idle = False, []


def _numbers() -> tuple[int, int, int]:
    return _NUMBERS[platform.machine()]


def _call(number: int, *arguments: object) -> int:
    given = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    return int(_syscall(ctypes.c_long(number), *given))


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _each(sync: Callable[[int], None], descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        sync(descriptor)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "disk")


_syscall: Final = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_queues: Final = _Queues()
