from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connector.clock import ManualClock
from connector.config.agency import AgencyConfig
from connector.config.load import findings_of
from connector.config.secrets import SecretRef
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError, Finding, UnavailableError
from connector.model.packet import Packet
from connector.trust import codes, key_codes
from connector.trust.inventory import certificate_findings, list_certificates
from connector.trust.keyring import Keyring
from connector.trust.keys import SigningKey
from connector.trust.registry import Registration, Registry, Trust
from connector.trust.settings import KeySettings, PemKey, parse_key_list
from connector.trust.sign import seal
from connector.trust.verify import verify

Issue = Callable[..., SigningKey]


class Drawer:
    """Files of keys, as an agency changes them."""

    def __init__(self, directory: Path, issue: Issue) -> None:
        self._directory = directory
        self._issue = issue

    def put(self, name: str, *, first: int = -1, last: int = 365) -> tuple[PemKey, SigningKey]:
        """Write a new key whose certificate is valid on these days; return its settings too."""
        key: SigningKey = self._issue(first=first, last=last)
        settings = PemKey(
            type="pem",
            key_file=self._directory / f"{name}.key",
            certificate_file=self._directory / f"{name}.crt",
        )
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._replace(settings.key_file, key.private.private_bytes(*form))
        chain = b"".join(each.public_bytes(Encoding.PEM) for each in key.chain)
        self._replace(settings.certificate_file, chain)
        return settings, key

    def _replace(self, path: Path, data: bytes) -> None:
        new = path.with_suffix(".new")
        new.write_bytes(data)
        new.chmod(0o600)
        new.replace(path)


@pytest.fixture
def drawer(tmp_path: Path, issue: Issue) -> Drawer:
    """A directory for keys."""
    return Drawer(tmp_path, issue)


@pytest.fixture
def hand(now: dt.datetime) -> ManualClock:
    """A clock that the test moves."""
    return ManualClock(now)


def later(days: float) -> float:
    """Return days in seconds."""
    return days * 86_400


def knowing(trust: Trust, *keys: SigningKey) -> Trust:
    """Return a trust that registers these keys for G22 beside its own."""
    entries = [Registration(code="G22", name="VPCP", sha256=key.fingerprint) for key in keys]
    return replace(trust, registry=Registry((*trust.registry.registrations, *entries)))


def test_a_keyring_is_a_mapping(drawer: Drawer, hand: ManualClock) -> None:
    """Code that wants keys by agency need not know of rotation."""
    settings, key = drawer.put("a")
    ring = Keyring({"G22": [settings]}, clock=hand)
    assert ring["G22"].fingerprint == key.fingerprint
    assert list(ring) == ["G22"]
    assert len(ring) == 1
    assert "G22" in ring
    assert ring.get("H41") is None
    with pytest.raises(KeyError):
        ring["H41"]


def test_the_new_key_takes_over(
    drawer: Drawer,
    hand: ManualClock,
    packet: Packet,
    trust: Trust,
) -> None:
    """Old and new lie side by side; on the new one's first day it signs, and both verify."""
    old_settings, old = drawer.put("old", first=-300, last=40)
    new_settings, new = drawer.put("new", first=30, last=400)
    ring = Keyring({"G22": [new_settings, old_settings]}, clock=hand)
    both = knowing(trust, old, new)
    for days, expected in ((0, old), (29, old), (2, new), (20, new)):
        hand.sleep(later(days))
        key = ring["G22"]
        assert key.fingerprint == expected.fingerprint
        assert verify(seal(packet, key).data, both, at=hand.now()).signer.agencies == ("G22",)
    assert [key.fingerprint for key in ring.every("G22")] == [new.fingerprint, old.fingerprint]


def test_when_no_certificate_is_in_force(drawer: Drawer, hand: ManualClock) -> None:
    """Documents wait between two certificates, and after the last."""
    ring = Keyring(
        {"G22": [drawer.put("old", last=10)[0], drawer.put("new", first=20, last=30)[0]]},
        clock=hand,
    )
    hand.sleep(later(15))
    with pytest.raises(UnavailableError, match="EDX-3044"):
        ring["G22"]
    assert "G22" in ring
    hand.sleep(later(6))
    assert len(ring["G22"].fingerprint) == 64
    hand.sleep(later(10))
    with pytest.raises(UnavailableError, match="EDX-3044"):
        ring["G22"]


def test_keys_that_cannot_be_used_at_the_start(drawer: Drawer, hand: ManualClock) -> None:
    """All agencies' faults are told at once; one of several keys may be out of force."""
    expired = drawer.put("expired", first=-10, last=-1)[0]
    broken = drawer.put("broken")[0]
    broken.key_file.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        Keyring({"G22": [expired], "H41": [broken], "G09": [expired, expired]}, clock=hand)
    assert [finding.code for finding in caught.value.findings] == [
        "EDX-3008",
        "EDX-3002",
        "EDX-3044",
    ]
    good, key = drawer.put("good")
    ring = Keyring({"G22": [expired, good]}, clock=hand)
    assert ring["G22"].fingerprint == key.fingerprint


def test_a_key_is_replaced_without_a_restart(drawer: Drawer, hand: ManualClock) -> None:
    """Changed files are read again, unchanged ones are not."""
    settings, _ = drawer.put("a")
    other, _ = drawer.put("b")
    ring = Keyring({"G22": [settings], "H41": [other]}, clock=hand)
    kept = ring["H41"]
    assert ring.reload() == ring.reload()
    assert not ring.reload().changed
    _, renewed = drawer.put("a")
    assert ring.reload().changed == ("G22",)
    assert ring["G22"].fingerprint == renewed.fingerprint
    assert ring["H41"] is kept
    assert ring.reload(force=True).changed == ()
    assert ring["H41"] is not kept


def test_a_bad_reload_changes_nothing(drawer: Drawer, hand: ManualClock) -> None:
    """A key that is half written leaves the old one signing, until the rest arrives."""
    settings, old = drawer.put("a")
    ring = Keyring({"G22": [settings]}, clock=hand)
    certificate = settings.certificate_file.read_bytes()
    _, new = drawer.put("a")
    renewed = settings.certificate_file.read_bytes()
    settings.certificate_file.write_bytes(certificate)
    for _ in range(2):
        told = ring.reload()
        assert told.changed == ()
        assert [finding.code for finding in told.findings] == ["EDX-3006"]
        assert ring["G22"].fingerprint == old.fingerprint
    settings.certificate_file.write_bytes(renewed)
    assert ring.reload().changed == ("G22",)
    assert ring["G22"].fingerprint == new.fingerprint
    settings.key_file.unlink()
    assert [finding.code for finding in ring.reload().findings] == ["EDX-3001"]
    assert ring["G22"].fingerprint == new.fingerprint


def test_a_changed_configuration(drawer: Drawer, hand: ManualClock) -> None:
    """Keys and agencies that a configuration read again adds or drops are taken over."""
    old, _ = drawer.put("old", last=10)
    new, newer = drawer.put("new", first=0)
    ring = Keyring({"G22": [old], "H41": [old]}, clock=hand)
    told = ring.reload({"G22": [old, new], "G09": [old]})
    assert told.changed == ("G09", "G22", "H41")
    assert sorted(ring) == ["G09", "G22"]
    assert ring["G22"].fingerprint == newer.fingerprint
    gone = old.model_copy(update={"password": SecretRef(env="NOT_DEFINED_HERE")})
    told = ring.reload({"G22": [gone]})
    assert told.findings
    assert ring["G22"].fingerprint == newer.fingerprint


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{type: pem, key_file: a, certificate_file: b}", 1),
        ("[{type: pem, key_file: a, certificate_file: b}, {type: pkcs12, file: c}]", 2),
    ],
)
def test_one_key_or_a_list(text: str, count: int) -> None:
    """An agency's `key` is one key or a list of them."""
    node = parse_yaml(f"code: G22\nname: VPCP\nkey: {text}\n".encode(), Path("c.yaml"))
    assert findings_of(AgencyConfig, node) == ()
    settings: tuple[KeySettings, ...] = parse_key_list(node.at(("key",)))
    assert len(settings) == count


def test_a_wrong_list() -> None:
    """Every wrong key of a list is named with its place; an empty list is none."""
    with pytest.raises(ConfigError) as caught:
        parse_key_list(parse_yaml(b"- {type: hsm}\n- {type: pem}\n- a\n", Path("c.yaml")))
    places = [finding.place for finding in caught.value.findings]
    assert places[0] == "c.yaml:1:10"
    assert places[-1] == "c.yaml:3:3"
    with pytest.raises(ConfigError, match="EDX-3046"):
        parse_key_list(parse_yaml(b"[]\n", Path("c.yaml")))


def test_warnings_while_keys_are_changed(drawer: Drawer, hand: ManualClock, trust: Trust) -> None:
    """Whoever has a successor in time is not warned about; afterwards it may go."""
    old, older = drawer.put("old", first=-300, last=10)
    new, newer = drawer.put("new", first=5, last=400)
    ring = Keyring({"G22": [old, new]}, clock=hand)
    known = knowing(trust, older, newer)

    def found(at: dt.datetime, believed: Trust = known) -> list[Finding]:
        statuses = list_certificates(believed, ring, at=at)
        return [finding for status in statuses for finding in status.findings]

    now = hand.now()
    assert found(now) == []
    assert [each.code for each in found(now + dt.timedelta(days=11))] == [key_codes.SUPERSEDED.code]
    assert codes.EXPIRES_SOON.code in {each.code for each in found(now + dt.timedelta(days=380))}
    assert [each.code for each in certificate_findings(trust, ring, at=now)] == [
        codes.KEY_NOT_REGISTERED.code
    ]
    alone = Keyring({"G22": [old]}, clock=hand)
    told = certificate_findings(known, alone, at=now)
    assert [each.code for each in told] == [codes.EXPIRES_SOON.code]


def test_a_gap_between_two_keys_is_told(drawer: Drawer, hand: ManualClock, trust: Trust) -> None:
    """A successor that begins too late does not silence the warning."""
    old, older = drawer.put("old", last=10)
    new, _ = drawer.put("new", first=20)
    ring = Keyring({"G22": [old, new]}, clock=hand)
    told = certificate_findings(knowing(trust, older), ring, at=hand.now())
    assert codes.EXPIRES_SOON.code in [finding.code for finding in told]


def test_every_message_about_tokens_and_rotation() -> None:
    """Codes are unique in the room and said in both languages."""
    numbers = [text.code for text in (*codes.CATALOGUE, *key_codes.CATALOGUE)]
    assert len(set(numbers)) == len(numbers)
    for text in key_codes.CATALOGUE:
        assert text.code.startswith("EDX-30")
        assert text.vi != text.en
        assert bool(text.hint_en) == bool(text.hint_vi)
