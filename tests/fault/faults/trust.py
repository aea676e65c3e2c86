"""Faults of keys and trust while documents are under way: F12."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.clock import SystemClock
from connector.trust import pki as authority
from connector.trust.pki import DevPki
from connector.trust.registry_edit import register
from tests.fault.arena import Arena
from tests.fault.world import NAMES

__all__ = ["rotated"]

_FOLLOWED_SECONDS: Final = 7.0
"""Longer than a node's upkeep takes to follow a changed registry or key."""


@contextmanager
def rotated(arena: Arena) -> Iterator[None]:
    """An agency gets a new key: first registered everywhere, then used; both count meanwhile."""
    code = arena.any_code()
    pki = DevPki(arena.root / "pki")
    key, certificate = _new_certificate(pki, code)
    new = pki.directory / f"{code}.new"
    new.write_bytes(certificate)
    register(pki.registry_file, code, new)
    yield
    time.sleep(_FOLLOWED_SECONDS)
    documents = arena.send(2)
    for path, data in ((pki.key_file(code), key), (pki.certificate_file(code), certificate)):
        whole = path.with_suffix(".tmp")
        whole.touch(mode=0o600)
        whole.write_bytes(data)
        whole.replace(path)
    documents += arena.send(2)
    time.sleep(_FOLLOWED_SECONDS)
    documents += arena.send(2)
    assert arena.rest(documents), f"{[arena.states(each) for each in documents]}"
    wrong = [each for each in documents if arena.states(each) != ["accepted"]]
    assert not wrong, f"refused while the key was changed: {wrong}"


def _new_certificate(pki: DevPki, code: str) -> tuple[bytes, bytes]:
    directory = pki.directory / "authority"
    issuer = authority._Authority(
        load_pem_private_key((directory / "issuing.key").read_bytes(), None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate((directory / "issuing.crt").read_bytes()),
    )
    key = authority._new_key("p256")
    now = SystemClock().now()
    made = authority._agency_certificate(code, NAMES[code], key.public_key(), now, issuer)
    chain = authority._pem(made) + authority._pem(issuer.certificate)
    return authority._pem_key(key), chain
