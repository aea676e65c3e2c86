"""Faults of keys and certificates while documents are under way: F11, F12."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.clock import SystemClock
from connector.trust import pki as authority
from connector.trust.pki import DevPki
from connector.trust.registry_edit import register
from tests.fault.arena import Arena
from tests.fault.forks import until
from tests.fault.world import CRLS, NAMES

__all__ = [
    "broker_expired",
    "broker_foreign",
    "client_expired",
    "client_renewed",
    "revoked",
    "rotated",
]

_FOLLOWED_SECONDS: Final = 7.0
"""Longer than a node's upkeep takes to follow a changed registry or key."""

_PATIENCE_SECONDS: Final = 60.0
_TLS_FAILED: Final = "EDX-6004"
_NUMBER: Final = re.compile(r"certificate (\d+)")


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
    _use(pki, code, key, certificate)
    documents += arena.send(2)
    time.sleep(_FOLLOWED_SECONDS)
    documents += arena.send(2)
    assert arena.rest(documents), f"{[arena.states(each) for each in documents]}"
    wrong = [each for each in documents if arena.states(each) != ["accepted"]]
    assert not wrong, f"refused while the key was changed: {wrong}"


@contextmanager
def revoked(arena: Arena) -> Iterator[None]:
    """A key is revoked and replaced while documents that it signed lie in the broker.

    They are refused with a signed 02, none reaches a sink; what the new key signs is accepted.
    """
    code = arena.any_code()
    there = arena.other(code)
    pki = DevPki(arena.root / "pki")
    assert arena.rest(arena.present), "documents before"
    others = [each for each in arena.codes if each != code]
    for each in others:
        arena.stop(each)
    site = arena.sites[code]
    flying = [site.record(arena.number(), [there]) for _ in range(2)]
    sent = until(lambda: all(arena.states(each) == ["sent"] for each in flying), 30.0, 0.1)
    yield
    old = x509.load_pem_x509_certificate(pki.certificate_file(code).read_bytes())
    _revoke(arena, pki, old)
    key, certificate = _new_certificate(pki, code)
    new = pki.directory / f"{code}.new"
    new.write_bytes(certificate)
    register(pki.registry_file, code, new)
    before = arena.events(code, "keys_reloaded")
    _use(pki, code, key, certificate)
    arena.reload(code)
    followed = until(lambda: arena.events(code, "keys_reloaded") > before, 30.0, 0.1)
    for each in others:
        arena.start(each)
    assert sent, f"not with the broker: {[arena.states(each) for each in flying]}"
    assert followed, "the new key was not taken into use"
    again = [site.record(arena.number(), [there]) for _ in range(2)]
    assert arena.rest([*flying, *again]), f"{[arena.states(each) for each in flying + again]}"
    states = [arena.states(each) for each in flying]
    after = [arena.states(each) for each in again]
    own = [each for each in arena.present if each.startswith(f"{code},")]
    arena.excused.update(each for each in own if arena.states(each) == ["refused"])
    assert states == [["refused"]] * 2, f"signed with a revoked key: {states}"
    assert not any(arena.copies(each) for each in arena.excused), "refused, but in a sink"
    assert after == [["accepted"]] * 2, f"signed with the new key: {after}"


@contextmanager
def client_renewed(arena: Arena) -> Iterator[None]:
    """A node's client certificate is replaced by a new file, under traffic; no restart."""
    code = arena.any_code()
    yield
    _expect_login(arena, code, arena.tls.equip(arena.sites[code].directory, code))


@contextmanager
def client_expired(arena: Arena) -> Iterator[None]:
    """A node's client certificate has ended: the broker lets it in no more, until it is renewed."""
    code = arena.any_code()
    site = arena.sites[code].directory
    said = _said(arena, code)
    arena.tls.equip(site, code, days=-0.1)
    arena.proxies[code].reset()
    try:
        document = arena.sites[code].record(arena.number(), [arena.other(code)])
        yield
        _expect_shut_out(arena, code, document, said)
    finally:
        number = arena.tls.equip(site, code)
    _expect_login(arena, code, number, reset=False)
    assert arena.rest([document]), f"after the renewal: {arena.states(document)}"


@contextmanager
def broker_expired(arena: Arena) -> Iterator[None]:
    """The broker's certificate has ended: nodes send it nothing, until it is renewed."""
    with _distrusted(arena, days=-0.1):
        yield


@contextmanager
def broker_foreign(arena: Arena) -> Iterator[None]:
    """Somebody with a certificate of another authority stands where the broker was."""
    with _distrusted(arena, foreign=True):
        yield


@contextmanager
def _distrusted(arena: Arena, *, days: float = 30, foreign: bool = False) -> Iterator[None]:
    code = arena.any_code()
    said = _said(arena, code)
    _serve(arena, days=days, foreign=foreign)
    try:
        document = arena.sites[code].record(arena.number(), [arena.other(code)])
        yield
        _expect_shut_out(arena, code, document, said)
    finally:
        _serve(arena)
    assert arena.rest([document]), f"after the renewal: {arena.states(document)}"


def _serve(arena: Arena, *, days: float = 30, foreign: bool = False) -> None:
    """Let the broker show another certificate, and end all connections that know the old one."""
    arena.tls.serve(days=days, foreign=foreign)
    arena.rabbit.control("eval", "ssl:clear_pem_cache().")
    for proxy in arena.proxies.values():
        proxy.reset()


def _said(arena: Arena, code: str) -> int:
    """Count how often a daemon has complained of TLS so far."""
    return arena.log(code).read_text("utf-8", "replace").count(_TLS_FAILED)


def _expect_shut_out(arena: Arena, code: str, document: str, said: int) -> None:
    """Insist that an agency says why it is not connected, and that nothing of it has left."""
    says = until(lambda: _said(arena, code) > said, 30.0, 0.1)
    states = arena.states(document)
    assert says, "it does not say what is wrong with the certificates"
    assert set(states) <= {"queued", "unconfirmed", "blocked"}, f"it was sent: {states}"


def _expect_login(arena: Arena, code: str, number: int, *, reset: bool = True) -> None:
    """Wait until all of an agency's connections show a new certificate."""
    if reset:
        arena.reload(code)
        arena.proxies[code].reset()
    shown = until(lambda: _shown(arena, code) == {number}, _PATIENCE_SECONDS, 0.5)
    assert shown, f"the broker sees {_shown(arena, code)}, not certificate {number}"


def _shown(arena: Arena, code: str) -> set[int]:
    """Return the numbers of certificates with which a user is connected over TLS."""
    found = arena.sandbox.management._list(["connections"])
    mine = [each for each in found if each.get("user") == code and each.get("ssl")]
    subjects = [str(each.get("peer_cert_subject")) for each in mine]
    return {int(match[1]) for match in map(_NUMBER.search, subjects) if match}


def _use(pki: DevPki, code: str, key: bytes, certificate: bytes) -> None:
    for path, data in ((pki.key_file(code), key), (pki.certificate_file(code), certificate)):
        whole = path.with_suffix(".tmp")
        whole.touch(mode=0o600)
        whole.write_bytes(data)
        whole.replace(path)


def _revoke(arena: Arena, pki: DevPki, certificate: x509.Certificate) -> None:
    """Write the authority's list with one certificate more."""
    path = arena.root / "world" / CRLS / "issuing.crl"
    issuer = _issuing(pki)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + dt.timedelta(days=30))
    )
    if path.exists():
        for entry in x509.load_der_x509_crl(path.read_bytes()):
            builder = builder.add_revoked_certificate(entry)
    serial = certificate.serial_number
    fresh = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
    made = builder.add_revoked_certificate(fresh).sign(issuer.key, hashes.SHA256())
    whole = path.with_suffix(".tmp")
    whole.write_bytes(made.public_bytes(Encoding.DER))
    whole.replace(path)


def _issuing(pki: DevPki) -> authority._Authority:
    directory = pki.directory / "authority"
    return authority._Authority(
        load_pem_private_key((directory / "issuing.key").read_bytes(), None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate((directory / "issuing.crt").read_bytes()),
    )


def _new_certificate(pki: DevPki, code: str) -> tuple[bytes, bytes]:
    issuer = _issuing(pki)
    key = authority._new_key("p256")
    now = SystemClock().now()
    made = authority._agency_certificate(code, NAMES[code], key.public_key(), now, issuer)
    chain = authority._pem(made) + authority._pem(issuer.certificate)
    return authority._pem_key(key), chain
