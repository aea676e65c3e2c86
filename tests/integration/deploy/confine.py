"""Run a program under the system-call rules of a systemd unit, without systemd.

    python confine.py SYSCALL[,SYSCALL…] PROGRAM [ARGUMENT…]

As systemd does it: a seccomp filter that knows only the named calls and answers EPERM to all
others, sockets of AF_UNIX, AF_INET and AF_INET6 only, no memory that is writable and executable
(MemoryDenyWriteExecute), no capabilities, no new privileges. All of it is inherited by PROGRAM.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import sys

EPERM = 0x00050001
ALLOW = 0x7FFF0000
EQUAL = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_MDWE = 65
LAST_CAPABILITY = 63


class Comparison(ctypes.Structure):
    """libseccomp's `struct scmp_arg_cmp`."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def main(syscalls: list[str], command: list[str]) -> None:
    """Confine this process, then become the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if libc.prctl(PR_SET_MDWE, 1, 0, 0, 0):
        sys.stderr.write("no PR_SET_MDWE: the kernel is older than 6.3\n")
    install(syscalls)
    os.execv(command[0], command)  # noqa: S606 - this process becomes the program


def install(syscalls: list[str]) -> None:
    """Let the kernel refuse every call that is not named."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(EPERM))
    for name in syscalls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # a call of another architecture
        for comparison in comparisons(name):
            count = 0 if comparison is None else 1
            library.seccomp_rule_add_array(
                rules, ctypes.c_uint(ALLOW), number, count, comparison and ctypes.byref(comparison)
            )
    if library.seccomp_load(rules):
        sys.exit("the kernel takes no filter")


def comparisons(name: str) -> list[Comparison | None]:
    """Return what the arguments of a call must be, one rule each; None for any."""
    if name != "socket":
        return [None]
    families = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
    return [Comparison(0, EQUAL, family, 0) for family in families]


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2:])
