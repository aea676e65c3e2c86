"""What upkeep has found is put on record in the end, however full the disk was at that moment."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509

from connector.clock import ManualClock
from connector.errors import StorageError
from connector.flow import concern_codes
from connector.flow.report import node_state
from connector.model.states import InboxState
from connector.service.daemon import Daemon
from connector.store import inbox, journal
from connector.trust import codes
from connector.trust.pki import DevPki, new_dev_pki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office
from tests.unit.flow.full_disk import full_disk

ORGANS = [("G22", "Văn phòng Chính phủ"), ("H41", "UBND tỉnh Nghệ An")]
HOUR = dt.timedelta(hours=1)
DAYS = dt.timedelta(days=10)


@pytest.fixture
def pki(tmp_path: Path) -> DevPki:
    """Keys and trust data of this test alone, to be changed by it."""
    return new_dev_pki(tmp_path / "own", ORGANS, clock=ManualClock(), key_type="p256")


@pytest.fixture
def other(tmp_path: Path) -> DevPki:
    """Other keys and another root for the same agencies."""
    return new_dev_pki(tmp_path / "other", ORGANS, clock=ManualClock(), key_type="p256")


@pytest.fixture
def running(office: Office) -> Office:
    """A node whose upkeep has looked at everything once."""
    office.node.upkeep.step()
    return office


def replace_key(pki: DevPki, other: DevPki) -> None:
    """Give G22 another key and certificate."""
    shutil.copy(other.key_file("G22"), pki.key_file("G22"))
    shutil.copy(other.certificate_file("G22"), pki.certificate_file("G22"))


def trust_more(pki: DevPki, other: DevPki) -> None:
    """Trust a second root."""
    (root,) = other.anchors_dir.iterdir()
    shutil.copy(root, pki.anchors_dir / f"other-{root.name}")


def in_vain(office: Office, act: Callable[[], object]) -> None:
    """Do something for which the disk has no room."""
    before = office.events()
    with full_disk(office.node), pytest.raises(StorageError):
        act()
    assert office.events() == before


def counted(office: Office) -> Counter[str]:
    """Return how often each event is in the journal."""
    return Counter(office.events())


def alarms(office: Office, code: str) -> int:
    """Return how many alarms with a code were raised."""
    with office.node.store.read() as tx:
        entries = journal.entries(tx, limit=1000)
    return sum(each.facts.get("error_code") == code for each in entries)


def test_trust_that_changed_while_the_disk_was_full(running: Office, other: DevPki) -> None:
    """It is journalled once there is room, and once."""
    upkeep, clock = running.node.upkeep, cast("ManualClock", running.node.clock)
    trust_more(DevPki(running.directory / "own"), other)
    clock.sleep(6)
    upkeep.step()
    clock.sleep(6)
    in_vain(running, upkeep.step)
    in_vain(running, upkeep.step)
    assert upkeep.step() == 1
    assert upkeep.step() == 0
    assert counted(running)["trust_changed"] == 1


def test_held_packets_are_looked_at_after_all(running: Office, pki: DevPki, other: DevPki) -> None:
    """A packet that waits for trust data waits no longer for it than others do."""
    node, clock = running.node, cast("ManualClock", running.node.clock)
    receiver_of(node, AtHand(messages_of([packet(pki, 1)]))).pump()
    with node.store.begin() as tx:
        (row,) = inbox.list_messages(tx, limit=9)
        later = node.clock.now() + HOUR
        inbox.update(
            tx, row.message_key, state=InboxState.HELD, now=node.clock.now(), not_before=later
        )
    trust_more(pki, other)
    clock.sleep(6)
    node.upkeep.step()
    clock.sleep(6)
    in_vain(running, node.upkeep.step)
    node.upkeep.step()
    with node.store.read() as tx:
        (row,) = inbox.list_messages(tx, limit=9)
    assert row.not_before == node.clock.now()


def test_keys_that_changed_while_the_disk_was_full(
    running: Office, pki: DevPki, other: DevPki
) -> None:
    """The new key signs at once; that it does is journalled when there is room."""
    upkeep = running.node.upkeep
    replace_key(pki, other)
    in_vain(running, upkeep.step)
    assert upkeep.step() == 1
    assert upkeep.step() == 0
    assert counted(running)["keys_reloaded"] == 1


def test_a_reload_that_failed_and_came_again(running: Office, pki: DevPki, other: DevPki) -> None:
    """Who asked, what changed and what was refused is told once, by the reload that succeeded."""
    upkeep = running.node.upkeep
    replace_key(pki, other)
    pki.registry_file.write_bytes(b"nonsense")
    for _ in range(3):
        in_vain(running, lambda: upkeep.reload("SIGHUP"))
    upkeep.reload("SIGHUP")
    found = counted(running)
    assert [found[name] for name in ("operator_acted", "keys_reloaded", "trust_changed")] == [1] * 3
    assert upkeep.step() == 0


def test_what_only_a_failed_reload_saw_is_no_concern_yet(running: Office, pki: DevPki) -> None:
    """A step between a reload that failed and the next one neither tells nor forgets it."""
    node = running.node
    pki.key_file("G22").chmod(0o644)
    in_vain(running, lambda: node.upkeep.reload("SIGHUP"))
    node.upkeep.step()
    node.upkeep.reload("SIGHUP")
    node.upkeep.step()
    now = node.clock.now()
    told = node_state(node.store, node.config, now=now, without_daemon=True).concerns
    assert len([each for each in told if each.startswith(concern_codes.KEYS_REFUSED.code)]) == 1


def test_a_warning_does_not_wait_for_another_day(running: Office, pki: DevPki) -> None:
    """What expires is told as soon as there is room, and then once a day."""
    upkeep, clock = running.node.upkeep, cast("ManualClock", running.node.clock)
    assert alarms(running, codes.EXPIRES_SOON.code) == 0
    certificate = x509.load_pem_x509_certificate(pki.certificate_file("G22").read_bytes())
    clock.moment = certificate.not_valid_after_utc - DAYS
    in_vain(running, upkeep.step)
    upkeep.step()
    warned = alarms(running, codes.EXPIRES_SOON.code)
    assert warned > 0
    upkeep.step()
    assert alarms(running, codes.EXPIRES_SOON.code) == warned


def test_a_hangup_is_not_lost(running: Office, row: Callable[..., str]) -> None:
    """Who sent SIGHUP while the disk was full need not send it again: adapters change, too."""
    daemon = Daemon(running.node, frozenset())
    path = running.adapter / "adapter.yaml"
    changed = path.read_text(encoding="utf-8").replace("Hà Nội", "Hội An")
    path.write_text(changed, encoding="utf-8")
    with daemon._signals():
        signal.raise_signal(signal.SIGHUP)
    in_vain(running, lambda: daemon._reload_when_asked(lambda: True))
    daemon._reload_when_asked(lambda: True)
    daemon._reload_when_asked(lambda: True)
    found = counted(running)
    assert (found["operator_acted"], found["adapters_reloaded"]) == (1, 1)
    running.export(row())
    running.collect()
    assert "Hội An".encode() in running.bytes_of(running.packets()[0])
