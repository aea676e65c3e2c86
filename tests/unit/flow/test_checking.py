"""Verifying in processes beside the daemon: same verdicts, on the trust in force, nobody dies."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.agencies.files import load as load_catalogue
from connector.agencies.files import seed_path
from connector.clock import Clock, ManualClock, SystemClock, vietnam_date
from connector.config.trust import TrustConfig
from connector.edxml.parser import Limits
from connector.errors import PermanentError
from connector.flow import codes
from connector.flow.workers import checking
from connector.flow.workers.checking import Body, Checks, Setup, Version, checked
from connector.model.states import InboxState
from connector.store import inbox, outbox
from connector.store.spool import Spool
from connector.trust.pki import DevPki
from connector.trust.trust_source import TrustFiles, TrustSource
from tests.unit.flow.arrivals import NOW, AtHand, messages_of, packet, receiver_of

MANY = 12
DYING = """
import os
from connector.flow.workers import check_worker
check_worker.checked, real = lambda body, *a, **k: (
    os._exit(1) if body.size == 6 else real(body, *a, **k)
), check_worker.checked
main = check_worker.main
"""


@pytest.fixture(scope="module")
def packets(pki: DevPki) -> list[bytes]:
    """Many signed packets."""
    return [packet(pki, number) for number in range(1, MANY + 1)]


@dataclass
class Bench:
    """A spool, a trust of its own, and processes that verify."""

    directory: Path
    pki: DevPki
    clock: Clock = field(default_factory=SystemClock)
    made: list[Checks] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = Spool(self.directory / "spool")
        self.registry = self.directory / "registry.yaml"
        shutil.copy(self.pki.registry_file, self.registry)
        trust = TrustConfig(anchors_dir=self.pki.anchors_dir, registry_file=self.registry)
        files = TrustFiles(config=trust, state_dir=self.directory)
        self.listing = Path(shutil.copy(seed_path(), self.directory / "agencies.csv"))
        self.catalogue = load_catalogue(self.listing)
        canonical = self.catalogue.canonical
        self.source = TrustSource(files, clock=self.clock, canonical=canonical)
        self.setup = Setup(files, self.listing, self.clock, Limits())

    def checks(self, count: int = 1) -> Checks:
        """Start processes."""
        self.made.append(Checks(self.setup, self.source, Version(self.catalogue), count))
        self.made[-1].start()
        return self.made[-1]

    def bodies(self, packets: Sequence[bytes]) -> list[Body]:
        """Put packets into the spool."""
        return [Body(spooled, NOW) for spooled in self.spool.put_many(packets)]

    def without(self, code: str) -> None:
        """Take an agency out of the registry."""
        text = self.registry.read_text(encoding="utf-8")
        self.registry.write_text(text.replace(f"code: {code}", "code: G99"), encoding="utf-8")
        assert self.source.reload().accepted


@pytest.fixture
def bench(tmp_path: Path, pki: DevPki) -> Iterator[Bench]:
    """A place where packets are verified; its processes end with the test."""
    made = Bench(tmp_path, pki)
    yield made
    for each in made.made:
        each.close()


def test_processes_find_what_this_one_finds(bench: Bench, packets: list[bytes]) -> None:
    """Content, digest, findings and the verdict on record are the same, in the same order."""
    bodies, checks = bench.bodies(packets), bench.checks(2)
    there = [take() for take in checks.begin(bodies)]
    here = [
        checked(
            body.content,
            bench.source.current(),
            at=NOW,
            today=vietnam_date(SystemClock().now()),
            limits=Limits(),
        )
        for body in bodies
    ]
    assert there == here
    assert checks.processes()


def test_what_is_not_authentic_is_left_to_the_daemon(bench: Bench, packets: list[bytes]) -> None:
    """No refusal is taken from a process: a forged packet comes back without a word."""
    forged = packets[2].replace("thử".encode(), "thư".encode())
    bodies = bench.bodies([*packets[:2], forged, packets[3], b"no packet at all"])
    found = [take() is not None for take in bench.checks().begin(bodies)]
    assert found == [True, True, False, True, False]


def test_a_verdict_counts_on_the_trust_in_force_only(bench: Bench, packets: list[bytes]) -> None:
    """What was found before a sender was taken out of the registry is thrown away; so is after."""
    bodies, checks = bench.bodies(packets), bench.checks()
    before = checks.begin(bodies)
    assert before[0]() is not None
    bench.without("H41")
    assert [take() for take in before] == [None] * MANY
    assert [take() for take in checks.begin(bodies)] == [None] * MANY


def test_processes_read_the_trust_anew(bench: Bench, packets: list[bytes], pki: DevPki) -> None:
    """A sender that comes into the registry is believed by processes that run already."""
    bench.without("H41")
    bodies, checks = bench.bodies(packets), bench.checks()
    assert [take() for take in checks.begin(bodies)] == [None] * MANY
    (before,) = checks.processes()
    shutil.copy(pki.registry_file, bench.registry)
    assert bench.source.reload().accepted
    assert all(take() is not None for take in checks.begin(bodies))
    assert checks.processes() == (before,)


def test_little_work_and_large_packets_are_left_alone(bench: Bench, packets: list[bytes]) -> None:
    """A few packets are not worth the way, and large ones are better streamed here."""
    checks = bench.checks()
    large = bytes(2 << 20)
    bodies = bench.bodies([*packets[:3], large, large, large])
    assert [take() for take in checks.begin(bodies)] == [None] * len(bodies)


def test_nobody_waits_for_processes_to_start(bench: Bench, packets: list[bytes]) -> None:
    """What comes before they are ready is left to the daemon, what comes later is not."""
    checks = Checks(bench.setup, bench.source, Version(bench.catalogue), 1)
    bench.made.append(checks)
    bodies = bench.bodies(packets)
    assert [take() for take in checks.begin(bodies)] == [None] * MANY
    while not checks.ready:
        time.sleep(0.01)
    assert all(take() is not None for take in checks.begin(bodies))


def test_a_process_that_dies_is_replaced(bench: Bench, packets: list[bytes]) -> None:
    """Its packets are looked at again by another one."""
    bodies, checks = bench.bodies(packets), bench.checks()
    assert checks.begin(bodies)[-1]() is not None
    (old,) = checks.processes()
    os.kill(old, signal.SIGSTOP)
    begun = checks.begin(bodies)
    os.kill(old, signal.SIGKILL)
    assert all(take() is not None for take in begun)
    assert checks.processes() != (old,)


def test_nobody_waits_for_processes_that_cannot_start(
    tmp_path: Path, pki: DevPki, packets: list[bytes]
) -> None:
    """After theirs have died over a broken catalogue the daemon does it, until it is mended."""
    clock = ManualClock()
    bench = Bench(tmp_path, pki, clock)
    bodies, checks = bench.bodies(packets), bench.checks()
    try:
        bench.listing.write_text("code\nno agency\n", encoding="utf-8")
        (pid,) = checks.processes()
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert [take() for take in checks.begin(bodies)] == [None] * MANY
        checks.start()
        assert (checks.ready, checks.processes()) == (False, ())
        assert [take() for take in checks.begin(bodies)] == [None] * MANY
        shutil.copy(seed_path(), bench.listing)
        clock.sleep(61)
        checks.start()
        assert all(take() is not None for take in checks.begin(bodies))
    finally:
        checks.close()


def test_closing_speaks_against_no_packet(bench: Bench, packets: list[bytes]) -> None:
    """What was being looked at or stood in line is left to the daemon."""
    bodies, checks = bench.bodies(packets), bench.checks()
    (pid,) = checks.processes()
    os.kill(pid, signal.SIGSTOP)
    begun = checks.begin(bodies)
    checks.close()
    assert [take() for take in begun] == [None] * MANY
    assert [take() for take in checks.begin(bodies)] == [None] * MANY


def test_a_packet_that_kills_its_process_goes_no_further(
    bench: Bench, packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at neither a third time nor in the daemon, which would die, too."""
    (bench.directory / "dying.py").write_text(DYING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(bench.directory))
    monkeypatch.setattr(checking, "_MODULE", "dying")
    good, bad = packets[:4], [*packets[4:7], b"poison"]
    there = bench.checks().begin(bench.bodies([*good, *bad]))
    assert all(take() is not None for take in there[:-1])
    with pytest.raises(PermanentError, match=codes.CHECK_WORKER_DIED.code):
        there[-1]()


def test_processes_that_cannot_start_are_done_without(
    bench: Bench, packets: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says nothing about the packets: the daemon looks at them."""
    monkeypatch.setattr(checking, "_MODULE", "keyword")  # a module without `main`
    checks = bench.checks()
    assert [take() for take in checks.begin(bench.bodies(packets))] == [None] * MANY
    assert checks.processes() == ()


def test_a_node_admits_what_its_processes_verified(office: Any, packets: list[bytes]) -> None:
    """Every document is delivered once, 01 and 03 are enqueued, a forged one is refused."""
    node = office.node
    forged = packets[5].replace("thử".encode(), "thư".encode())
    messages = messages_of([*packets[:5], forged, *packets[6:]])
    node.admission._checks.start()
    receiver = receiver_of(node, AtHand(messages))
    while receiver.pump() or node.admission.pump() or node.desk.pump():
        time.sleep(0)
    with node.store.read() as tx:
        states = inbox.counts(tx)
        sent = [packet.status_code for packet, _ in outbox.list_deliveries(tx, limit=100)]
    assert states == {InboxState.DELIVERED: MANY - 1, InboxState.REFUSED: 1}
    assert sorted(map(str, sent)) == ["01"] * (MANY - 1) + ["02"] + ["03"] * (MANY - 1)


def test_what_was_hashed_is_what_is_delivered(office: Any, packets: list[bytes]) -> None:
    """From receipt to the sink the bytes stay in memory, and come out as they came in."""
    node = office.node
    receiver = receiver_of(node, AtHand(messages_of(packets)))
    receiver.pump()
    while node.admission.pump() or node.desk.pump():
        time.sleep(0)
    folder = node.config.state_dir.parent / "sink"
    delivered = {path.read_bytes() for path in folder.glob("*/*/packet.edxml")}
    assert delivered == set(packets)
