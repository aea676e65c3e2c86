from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connector.clock import ManualClock
from connector.config.secrets import SecretRef
from connector.errors import Bug, ConfigError, ConnectorError, UnavailableError
from connector.model.packet import Packet
from connector.trust import pkcs11_module
from connector.trust.keyring import Keyring
from connector.trust.keys import SigningKey
from connector.trust.pkcs11_key import EcTokenKey, RsaTokenKey
from connector.trust.pkcs11_module import TokenName, module_at
from connector.trust.sign import seal
from connector.trust.verify import verify

if TYPE_CHECKING:
    from pkcs11 import Session

Party = Any
NewParty = Callable[[str], Party]


def seals(party: Party, key: SigningKey, packet: Packet) -> bool:
    """Tell whether a packet can be sealed now, and is verified."""
    sealed = seal(packet, key)
    return verify(sealed.data, party.trust, at=party.now).signer.agencies == ("G22",)


@contextmanager
def pulled(party: Party, *, reader_too: bool = False) -> Iterator[None]:
    """The token is away meanwhile, or even what it was plugged into."""
    tokens = party.token.directory / "tokens"
    away = party.token.directory / "away"
    tokens.rename(away)
    if not reader_too:
        tokens.mkdir()
    try:
        yield
    finally:
        if not reader_too:
            tokens.rmdir()
        away.rename(tokens)


@contextmanager
def writing(party: Party) -> Iterator[Session]:
    """A session that may store objects on the token."""
    name = TokenName(label=party.token.label)
    with party.module.lock:
        session = party.module.open(name, party.token.read_pin, writable=True)
        yield session
        party.module.close(session, party.module.generation)


def test_signatures_are_real(any_party: Party, packet: Packet, tmp_path: Path) -> None:
    """A packet signed on a token verifies here and by xmlsec1, RSA and P-256."""
    key = any_party.load()
    sealed = seal(packet, key)
    assert verify(sealed.data, any_party.trust, at=any_party.now).signer.agencies == ("G22",)
    path = tmp_path / "packet.edxml"
    path.write_bytes(sealed.data)
    root = str(any_party.pki.anchors_dir / "root.crt")
    at = any_party.now.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    options = ["--enabled-key-data", "x509", "--enabled-reference-uris", "empty"]
    options += ["--trusted-pem", root, "--verification-time", at]
    run = subprocess.run(
        ["xmlsec1", "--verify", *options, str(path)], capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr


def test_the_key_by_id_and_the_token_by_slot(party: Party, packet: Packet) -> None:
    """A key is found by its id, a token by its slot, too."""
    with party.module.lock:
        token = party.module.token(TokenName(label=party.token.label))
    by_slot = party.load(token_label=None, slot=int(token.slot.slot_id))
    assert seals(party, by_slot, packet)
    by_id = party.load(key_label=None, key_id="01")
    assert seals(party, by_id, packet)
    both = party.load(key_id="01")
    assert seals(party, both, packet)
    with pytest.raises(ConfigError, match="EDX-3036"):
        party.load(key_id="02")


def test_the_certificate_on_the_token(new_party: NewParty, packet: Packet) -> None:
    """Without a file the key's certificate and its issuers' are read from the token."""
    from pkcs11 import Attribute, CertificateType, ObjectClass

    party = new_party("rsa2048")
    with pytest.raises(ConfigError, match="EDX-3042"):
        party.load(certificate_file=None)
    chain = x509.load_pem_x509_certificates(party.pki.certificate_file("G22").read_bytes())
    with writing(party) as session:
        for certificate, label in zip(reversed(chain), ("CA", "G22"), strict=True):
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: label,
                    Attribute.ID: b"\x01" if label == "G22" else b"\x09",
                    Attribute.SUBJECT: certificate.subject.public_bytes(),
                    Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                }
            )
    for names in ({}, {"key_label": None, "key_id": "01"}):
        key = party.load(certificate_file=None, **names)
        assert key.chain == tuple(chain)
        assert seals(party, key, packet)
    with writing(party) as session:
        for label in ("something else", "H41"):
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: label,
                    Attribute.SUBJECT: b"",
                    Attribute.VALUE: b"damaged",
                }
            )
    assert party.load(certificate_file=None).chain == tuple(chain)
    with pytest.raises(ConfigError, match="EDX-3042"):
        party.load("H41", certificate_file=None)


def test_several_threads_at_once(any_party: Party, packet: Packet) -> None:
    """Threads sign side by side with sessions of their own, with the keys of two agencies."""
    keys = [any_party.load("G22"), any_party.load("H41")]
    start = threading.Barrier(4)

    def work(number: int) -> bool:
        start.wait(30)
        key = keys[number % 2]
        public = key.private.public_key()
        for turn in range(25):
            data = f"{number} {turn}".encode()
            if isinstance(key.private, RsaTokenKey):
                assert isinstance(public, rsa.RSAPublicKey)
                signature = key.private.sign(data, PKCS1v15(), hashes.SHA256())
                public.verify(signature, data, PKCS1v15(), hashes.SHA256())
            else:
                assert isinstance(key.private, EcTokenKey)
                assert isinstance(public, ec.EllipticCurvePublicKey)
                method = ec.ECDSA(hashes.SHA256())
                public.verify(key.private.sign(data, method), data, method)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert seals(any_party, keys[0], packet)


def test_after_somebody_logged_out(any_party: Party, packet: Packet) -> None:
    """A logout, which ends the login of the whole process, costs one new start and no document."""
    key = any_party.load()
    with any_party.module.lock:
        for session in any_party.module._logins.values():
            session.close()
    assert seals(any_party, key, packet)


def test_where_somebody_else_logged_in(any_party: Party, packet: Packet) -> None:
    """A login that another part of the process made serves here too."""
    name = TokenName(label=any_party.token.label)
    with any_party.module.lock:
        any_party.module.restart(any_party.module.generation)
        other = any_party.module.token(name).open(user_pin=any_party.token.read_pin())
    assert seals(any_party, any_party.load(), packet)
    with any_party.module.lock:
        other.close()
    assert seals(any_party, any_party.load(), packet)


def test_after_the_library_lost_its_sessions(any_party: Party, packet: Packet) -> None:
    """Void session handles are replaced."""
    key = any_party.load()
    with any_party.module.lock:
        any_party.module._library.reinitialize()
    assert seals(any_party, key, packet)


@pytest.mark.parametrize("reader_too", [False, True])
def test_while_the_token_is_away(*, reader_too: bool, any_party: Party, packet: Packet) -> None:
    """A pulled token makes documents wait; the same key signs again once it is back."""
    key, other = any_party.load("G22"), any_party.load("H41")
    expected = "EDX-3040" if reader_too else "EDX-3035"
    with pulled(any_party, reader_too=reader_too):
        for _ in range(3):
            with pytest.raises(UnavailableError, match=expected):
                seal(packet, key)
        with pytest.raises(UnavailableError):
            any_party.load()
    assert seals(any_party, key, packet)
    assert other.private.public_key().key_size


@pytest.mark.parametrize("reader_too", [False, True])
def test_a_token_that_stays_away(*, reader_too: bool, party: Party, packet: Packet) -> None:
    """Each new start serves one more attempt; the last failure is told as it was."""
    key = party.load()
    before = party.module.generation
    with pulled(party, reader_too=reader_too), pytest.raises(UnavailableError) as caught:
        seal(packet, key)
    assert party.module.generation - before == 4
    chain = [caught.value, caught.value.__cause__]
    assert chain[1] is not chain[0]
    assert (chain[1] is not None) == reader_too
    assert seals(party, key, packet)


def test_processes_that_log_in_at_once(party: Party, packet: Packet) -> None:
    """A software token's file is written anew by each login; nobody is left without the token."""
    start = "import sys; from tests.integration.trust import opener; opener.main()"
    command = [sys.executable, "-c", start, str(party.token.module), str(party.token.pin_file)]
    several = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(6)
    ]
    for process in several:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in several:  # all wait for this moment
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate()[0].decode() for process in several]
    assert said == ["signed 2 times\n"] * 6
    assert seals(party, party.load(), packet)


def test_a_wrong_pin_is_tried_once(new_party: NewParty, tmp_path: Path, packet: Packet) -> None:
    """A refused PIN is never sent again, not even after a reload; another one is."""
    party = new_party("p256")
    wrong = tmp_path / "wrong.pin"
    wrong.write_text("not-the-pin")
    wrong.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        party.load(pin=SecretRef(file=wrong))
    assert caught.value.code == "EDX-3037"
    assert "not-the-pin" not in str(caught.value) + repr(caught.value.findings)
    assert failed_tries(party)
    key = party.load()  # a right login takes the token's warning back
    assert not failed_tries(party)
    party.module.restart(party.module.generation)
    with pytest.raises(ConfigError, match="EDX-3037"):
        party.load(pin=SecretRef(file=wrong))
    assert not failed_tries(party)
    assert seals(party, key, packet)


def failed_tries(party: Party) -> bool:
    """Tell whether the token says that its last login failed."""
    from pkcs11 import TokenFlag

    with party.module.lock:
        flags = party.module.token(TokenName(label=party.token.label)).flags
    return bool(flags & TokenFlag.USER_PIN_COUNT_LOW)


def test_what_cannot_be_found(party: Party, tmp_path: Path) -> None:
    """An absent token, key, PIN or module is named, with what there is instead."""
    with pytest.raises(UnavailableError, match="kho khóa") as absent:
        party.load(token_label="other")
    assert absent.value.code == "EDX-3035"
    with pytest.raises(ConfigError, match="G22, H41") as missing:
        party.load(key_label="G09")
    assert missing.value.code == "EDX-3036"
    with pytest.raises(ConfigError, match="EDX-10"):
        party.load(pin=SecretRef(file=tmp_path / "no.pin"))
    with pytest.raises(ConfigError, match="EDX-3034"):
        party.load(module=tmp_path / "no.so")
    nonsense = tmp_path / "text.so"
    nonsense.write_text("no library")
    with pytest.raises(ConfigError, match="EDX-3034"):
        party.load(module=nonsense)


def test_a_certificate_of_another_key(any_party: Party) -> None:
    """Key and certificate are proved to belong together before anything is signed."""
    with pytest.raises(ConfigError, match="EDX-3006"):
        any_party.load(certificate_file=any_party.pki.certificate_file("H41"))


def test_a_certificate_of_another_kind(rsa_party: Party, party: Party) -> None:
    """A certificate over RSA finds no RSA key on a token with P-256 keys."""
    with pytest.raises(ConfigError, match="RSA"):
        party.load(certificate_file=rsa_party.pki.certificate_file("G22"))


def test_without_the_extra(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node without python-pkcs11 is told which extra to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ConfigError, match="hsm") as caught:
        party.load()
    assert "connector[hsm]" in caught.value.findings[0].hint_en


def in_child(act: Callable[[], bool]) -> bool:
    """Run something in a forked child."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if act() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child(any_party: Party, packet: Packet) -> None:
    """A child signs with handles of its own, even if its parent's lock was held; both go on."""
    key = any_party.load()
    generation = any_party.module.generation
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with any_party.module.lock:
            held.set()
            release.wait(30)

    def child() -> bool:
        fresh = any_party.module.generation > generation
        return fresh and seals(any_party, key, packet) and seals(any_party, key, packet)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        assert in_child(child)
    finally:
        release.set()
        holder.join()
    assert any_party.module.generation == generation
    assert seals(any_party, key, packet)


def test_sessions_of_ended_threads_are_closed(party: Party) -> None:
    """Threads that come and go leave no session behind."""
    key = party.load()
    assert isinstance(key.private, EcTokenKey)
    private, method = key.private, ec.ECDSA(hashes.SHA256())
    closed: list[int] = []
    close = party.module.close

    def counting(session: Session, generation: int) -> None:
        closed.append(generation)
        close(session, generation)

    party.module.close = counting
    try:
        for _ in range(3):
            thread = threading.Thread(target=private.sign, args=(b"x", method))
            thread.start()
            thread.join()
    finally:
        del party.module.close
    assert closed == [party.module.generation] * 3


def test_a_token_that_does_not_hash(new_party: NewParty, packet: Packet) -> None:
    """Where the token offers bare RSA only, the digest is made here."""
    from pkcs11 import Mechanism

    party = new_party("rsa2048")
    configuration = party.token.configuration
    configuration.write_text(
        configuration.read_text("utf-8") + "slots.mechanisms = CKM_RSA_PKCS\n", "utf-8"
    )
    party.module.restart(party.module.generation)
    with party.module.lock:
        token = party.module.token(TokenName(label=party.token.label))
        assert Mechanism.SHA256_RSA_PKCS not in token.slot.get_mechanisms()
    assert seals(party, party.load(), packet)


def test_a_key_that_wants_its_pin_each_time(new_party: NewParty) -> None:
    """CKA_ALWAYS_AUTHENTICATE, usual on smart cards, is obeyed at every signature."""
    from pkcs11 import Attribute, KeyType

    party = new_party("rsa2048")
    with writing(party) as session:
        session.generate_keypair(
            KeyType.RSA,
            2048,
            store=True,
            label="strict",
            private_template={Attribute.ALWAYS_AUTHENTICATE: True},
        )
    with pytest.raises(ConfigError, match="EDX-3006"):  # it signed; the certificate is another's
        party.load(key_label="strict")


def test_tokens_with_few_tries_left() -> None:
    """The last try for a PIN is left to a person."""
    from pkcs11 import TokenFlag

    pkcs11_module._check_tries(TokenFlag.USER_PIN_COUNT_LOW, "x")
    with pytest.raises(ConfigError, match="EDX-3039"):
        pkcs11_module._check_tries(TokenFlag.USER_PIN_FINAL_TRY, "x")
    with pytest.raises(ConfigError, match="EDX-3038"):
        pkcs11_module._check_tries(TokenFlag.USER_PIN_LOCKED | TokenFlag.USER_PIN_FINAL_TRY, "x")


def test_the_key_stays_on_its_token(any_party: Party) -> None:
    """Whatever would take the key out, or sign otherwise, is refused as our mistake."""
    private: Any = any_party.load().private
    attempts: list[Callable[[], object]] = [
        private.private_numbers,
        lambda: private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ]
    if isinstance(private, RsaTokenKey):
        sha, pss = hashes.SHA256(), PSS(MGF1(hashes.SHA256()), 32)
        attempts += [lambda: private.decrypt(b"", PKCS1v15()), lambda: private.sign(b"", pss, sha)]
        attempts += [lambda: private.sign(b"", PKCS1v15(), hashes.SHA512())]
    else:
        assert private.curve.name == "secp256r1"
        attempts += [lambda: private.exchange(ec.ECDH(), private.public_key())]
    for attempt in attempts:
        with pytest.raises(Bug, match="EDX-3043"):
            attempt()
    assert private.__copy__() is private.__deepcopy__({}) is private
    assert "pin" not in repr(private).lower()


def test_a_keyring_over_a_token(any_party: Party, packet: Packet) -> None:
    """Several agencies' keys on one token serve one node, and survive a forced reload."""
    settings = {code: [any_party.settings(code)] for code in ("G22", "H41")}
    ring = Keyring(settings, clock=ManualClock(any_party.now))
    assert seals(any_party, ring["G22"], packet)
    assert ring.reload(force=True).changed == ()
    with pulled(any_party):
        any_party.module.restart(any_party.module.generation)
        told = ring.reload(force=True)
        assert {finding.code for finding in told.findings} <= {"EDX-3035", "EDX-3040"}
        assert told.findings
    assert seals(any_party, ring["G22"], packet)
    late = ManualClock(any_party.now + dt.timedelta(days=4000))
    with pytest.raises(ConnectorError, match="EDX-3008"):
        Keyring(settings, clock=late)


def test_a_module_is_loaded_once(party: Party, tmp_path: Path) -> None:
    """Two names of one library are one module, as the library has one state a process."""
    other = tmp_path / "link.so"
    other.symlink_to(party.token.module)
    assert module_at(other) is party.module
