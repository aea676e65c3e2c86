"""A process that opens a key on a token again and again, beside others that do the same."""

from __future__ import annotations

import sys
from pathlib import Path

from connector.config.secrets import SecretRef, resolve
from connector.trust.pkcs11_key import TokenObject
from connector.trust.pkcs11_module import TokenName, module_at

__all__ = ["main"]

_TIMES = 2


def main() -> None:
    """Open and sign at the end of the standard input; arguments: module, file with the PIN."""
    module, pin = module_at(Path(sys.argv[1])), SecretRef(file=Path(sys.argv[2]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    signed = 0
    for _ in range(_TIMES):
        module.restart(module.generation)
        name = TokenName(label="kho khóa")
        key = TokenObject(module, name, lambda: resolve(pin), label="G22", key_id=None)
        signed += len(key.sign("EC", bytes(32), b"")) == 64
    sys.stdout.write(f"signed {signed} times\n")
