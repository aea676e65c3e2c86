"""Sealing in processes beside the daemon: same packets, and nobody dies of a dead worker."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from connector.clock import ManualClock
from connector.edxml.parser import Limits
from connector.errors import ConfigError, PermanentError, UnavailableError
from connector.flow import codes
from connector.flow.workers.checking import default_checks
from connector.flow.workers.sealer import Sealer
from connector.flow.workers.sealing import (
    Answer,
    Job,
    Setup,
    Workers,
    _Here,
    _There,
    default_workers,
)
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from connector.model.packet import WriteOptions
from connector.model.states import InboxState
from connector.store import inbox
from connector.trust import key_codes
from connector.trust.keyring import Keyring
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.settings import PemKey
from connector.trust.sign import Digested
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office

CLOCK = ManualClock()
MANY = 20
_HOME = "CONNECTOR_TEST_HOME"
Make = Callable[..., Workers]


@pytest.fixture(scope="module")
def rsa_pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    """A PKI whose signatures are the same each time."""
    directory = tmp_path_factory.mktemp("pki") / "rsa"
    return new_dev_pki(directory, [("G22", "VPCP")], clock=CLOCK, key_type="rsa2048")


@pytest.fixture
def make(rsa_pki: DevPki) -> Iterator[Make]:
    """Make workers with the key of G22; they are ended with the test."""
    made: list[Workers] = []

    def start(
        count: int, *, ready: bool = True, pki: DevPki = rsa_pki, clock: ManualClock = CLOCK
    ) -> Workers:
        key = PemKey(
            type="pem",
            key_file=pki.key_file("G22"),
            certificate_file=pki.certificate_file("G22"),
        )
        keys = {"G22": (key,)}
        sealer = Sealer(Keyring(keys, clock=clock), Limits())
        made.append(Workers(sealer, Setup(keys, clock), count))
        if count and ready:
            made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.close()


def _document(number: int) -> Document:
    code = DocumentCode(f"{number:02}", "VPCP-KSTT")
    return Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),),
        code=code,
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="V/v thử",
        signer=Signer(full_name="Trần Văn A"),
        document_id=f"G22,2026/01/05,{code}",
        attachments=(_file(b"%PDF-1.4\n" + bytes([number])),),
    )


def _file(data: bytes) -> Attachment:
    return Attachment(
        content_id="id-1",
        name="a.pdf",
        content_type="application/pdf",
        content=BytesContent(data),
    )


def _job(document: Document) -> Job:
    return Job(document, "G22", WriteOptions(), CLOCK.now())


def _jobs() -> list[Job]:
    return [_job(_document(number)) for number in range(1, MANY + 1)]


def _digests(workers: Workers) -> list[str]:
    return [result().digest for result in workers.submit(_jobs())]


def _kill(pid: int) -> None:
    """Kill a process and wait until it is dead, but let its owner find that out."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def _until(there: Callable[[], object]) -> None:
    """Wait for something, for as long as a loaded machine may need."""
    end = time.monotonic() + 120
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_workers_make_the_same_packets_in_the_same_order(make: Make) -> None:
    """Byte for byte what this process would make, and what it would say of it."""
    jobs = [_job(_document(number)) for number in range(1, MANY + 1)]
    here = [result() for result in make(0).submit(jobs)]
    beside = make(2)
    there = [result() for result in beside.submit(jobs)]
    assert [each.data for each in there] == [each.data for each in here]
    assert [each.packet_id for each in there] == [each.packet_id for each in here]
    assert [each.content_digest for each in there] == [each.content_digest for each in here]
    assert [each.digest for each in there] == [each.digest for each in here]
    assert [each.envelope for each in there] == [each.envelope for each in here]
    assert [each.signed for each in there] == [each.signed for each in here]
    assert beside.processes()


def test_little_work_is_done_here(make: Make) -> None:
    """No process is started for a handful of packets."""
    workers = make(2, ready=False)
    assert [result().packet_id for result in workers.submit([_job(_document(1))])]
    assert workers.processes() == ()


def test_nobody_waits_for_a_worker_to_start(make: Make) -> None:
    """The first packets are sealed here while a worker starts, and always if none can."""
    jobs = [_job(_document(number)) for number in range(1, MANY + 1)]
    workers = make(1, ready=False)
    assert all(isinstance(result, _Here) for result in workers.submit(jobs))
    workers.start()
    assert not any(isinstance(result, _Here) for result in workers.submit(jobs))


def test_a_refusal_is_that_of_its_record_alone(make: Make) -> None:
    """What the rules forbid comes back with its findings, the others are sealed."""
    jobs = [_job(_document(number)) for number in range(1, MANY + 1)]
    jobs[3] = _job(replace(_document(4), subject="TỐI MẬT: V/v thử"))
    results = make(1).submit(jobs)
    with pytest.raises(PermanentError, match="EDX-22"):
        results[3]()
    assert len({result().packet_id for n, result in enumerate(results) if n != 3}) == MANY - 1


def test_a_dead_worker_is_replaced(make: Make) -> None:
    """A worker that was killed costs nothing but time."""
    workers = make(1)
    jobs = [_job(_document(number)) for number in range(1, MANY + 1)]
    first = [result().data for result in workers.submit(jobs)]
    (before,) = workers.processes()
    os.kill(before, signal.SIGKILL)
    assert [result().data for result in workers.submit(jobs)] == first
    assert before not in workers.processes()


def _kills(_data: bytes) -> bytes:
    """End the process that reads a digest, if it is a worker."""
    if os.environ[_HOME] != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return _data


def _fails(_data: bytes) -> object:
    """Give the process that reads a digest something that cannot be signed."""
    return None


class _Deadly(bytes):
    """A digest that no worker survives, as if its key's library did not."""

    def __reduce__(self) -> tuple[object, ...]:
        return _kills, (bytes(self),)


class _Unsigned(bytes):
    """A digest at which a worker fails in a way nobody foresaw."""

    def __reduce__(self) -> tuple[object, ...]:
        return _fails, (bytes(self),)


def _spoil(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, kind: type[_Deadly | _Unsigned]
) -> None:
    """Let the digest of the fourth document be of another kind."""
    real = workers._sealer.digested

    def digested(envelope: Document, options: WriteOptions, now: dt.datetime) -> Digested:
        found = real(envelope, options, now)
        spoilt = str(envelope.code).startswith("04/")
        return replace(found, digest=kind(found.digest)) if spoilt else found

    monkeypatch.setattr(workers._sealer, "digested", digested)


class _Odd(BytesContent):
    """A file that fails in a way nobody foresaw."""

    def open(self) -> BinaryIO:
        """Fail."""
        raise LookupError("odd")


def _with(content: BytesContent) -> Job:
    document = _document(4)
    return _job(replace(document, attachments=(replace(_file(b""), content=content),)))


def test_without_a_new_process_it_is_sealed_here(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that cannot start one says nothing against a document."""
    workers = make(1)
    (worker,) = workers.processes()
    os.kill(worker, signal.SIGKILL)
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    jobs = [_job(_document(number)) for number in range(1, MANY + 1)]
    here = [result().digest for result in make(0).submit(jobs)]
    assert [result().digest for result in workers.submit(jobs)] == here


@pytest.mark.parametrize("replaced", [("key_file", "certificate_file"), ("certificate_file",)])
def test_the_daemon_signs_with_the_key_it_holds(
    make: Make, rsa_pki: DevPki, tmp_path: Path, replaced: tuple[str, ...]
) -> None:
    """A process that finds an expired or half-replaced key is not asked; later one is again."""
    here, mine, clock = _digests(make(0)), DevPki(tmp_path / "mine"), ManualClock()
    shutil.copytree(rsa_pki.directory, mine.directory)
    workers = make(1, pki=mine, clock=clock)
    organs, then = [("G22", "VPCP")], ManualClock(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    expired = new_dev_pki(tmp_path / "expired", organs, clock=then)
    for name in replaced:
        shutil.copy(getattr(expired, name)("G22"), getattr(mine, name)("G22"))
    _kill(*workers.processes())
    assert [_digests(workers) for _ in range(3)] == [here] * 3
    workers.start()
    assert (workers.processes(), _digests(workers)) == ((), here)
    for name in replaced:
        shutil.copy(getattr(rsa_pki, name)("G22"), getattr(mine, name)("G22"))
    clock.sleep(61)
    workers.start()
    assert (_digests(workers), len(workers.processes())) == (here, 1)


def test_a_key_that_is_no_good_kills_no_document(
    make: Make, rsa_pki: DevPki, tmp_path: Path
) -> None:
    """Nor if the process that reads it takes the place of one that died over its work."""
    here, mine = _digests(make(0)), DevPki(tmp_path / "mine")
    shutil.copytree(rsa_pki.directory, mine.directory)
    workers = make(1, pki=mine)
    (worker,) = workers.processes()
    os.kill(worker, signal.SIGSTOP)
    results = workers.submit(_jobs())
    mine.certificate_file("G22").write_text("half", encoding="utf-8")
    os.kill(worker, signal.SIGKILL)
    assert [result().digest for result in results] == here


def test_messages_are_answered_with_the_key_that_the_daemon_holds(
    office: Office, pki: DevPki, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That no new process can use the files of a key parks nobody's documents."""
    node, mine = office.node, DevPki(tmp_path / "mine")
    shutil.copytree(pki.directory, mine.directory)
    workers = make(1, pki=mine)
    monkeypatch.setattr(node.outbound, "_workers", workers)
    (worker,) = workers.processes()
    os.kill(worker, signal.SIGKILL)
    mine.certificate_file("G22").write_text("half", encoding="utf-8")
    messages = messages_of([packet(pki, number) for number in range(1, MANY + 1)])
    receiver = receiver_of(node, AtHand(messages))
    while receiver.pump() or node.admission.pump():
        pass
    with node.store.read() as tx:
        assert inbox.counts(tx) == {InboxState.VERIFIED: MANY}


def test_a_worker_that_may_not_use_its_key_refuses_nothing(make: Make) -> None:
    """As after its token was exchanged: the daemon's own key says what becomes of the document."""
    sealer, (job, *_) = make(0)._sealer, _jobs()
    fault = ConfigError(key_codes.TOKEN_PUBLIC_ABSENT.at("token"))
    digested = sealer.digested(job.envelope, job.options, job.now)
    for said in (Answer(error=fault), Answer(), None):
        there = _There(sealer, job.agency, digested, partial(_same, said))
        assert there().data == _Here(sealer, job)().data


def _same(said: Answer | None) -> Answer | None:
    return said


def test_a_token_that_is_away_is_waited_for(make: Make) -> None:
    """What a process says of its token is not asked of the same token again for each document."""
    sealer, (job, *_) = make(0)._sealer, _jobs()
    away = UnavailableError(key_codes.TOKEN_PUBLIC_ABSENT.at("token"))
    digested = sealer.digested(job.envelope, job.options, job.now)
    with pytest.raises(UnavailableError):
        _There(sealer, job.agency, digested, lambda: Answer(error=away))()


def test_what_could_not_start_is_started_later(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was short of memory for a moment seals beside the daemon again."""
    here, clock = _digests(make(0)), ManualClock()
    workers = make(1, ready=False, clock=clock)
    with monkeypatch.context() as short:
        short.setattr("sys.executable", "/nonexistent/python")
        assert _digests(workers) == here
        workers.start()
    assert workers.processes() == ()

    def a_minute_later() -> object:
        clock.sleep(61)
        return _digests(workers) == here and workers.processes()

    _until(a_minute_later)


def test_closing_is_no_fault_of_a_document(make: Make) -> None:
    """What was being sealed or stood in line waits for the next start; nobody refuses it."""
    workers = make(1)
    (worker,) = workers.processes()
    os.kill(worker, signal.SIGSTOP)
    results = workers.submit(_jobs())
    workers.close()
    for result in results:
        with pytest.raises(UnavailableError, match=codes.SEALING_STOPPED.code):
            result()
    assert _digests(workers) == _digests(make(0))


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers import the classes of this module, and tell them apart from this process."""
    root = Path(__file__).parents[__name__.count(".")]
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.setenv(_HOME, str(os.getpid()))


@pytest.mark.usefixtures("importable")
def test_what_kills_its_worker_twice_waits(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest that no worker survives is not tried here; its document waits, others are sealed."""
    workers = make(1)
    _spoil(workers, monkeypatch, _Deadly)
    results = workers.submit(_jobs())
    with pytest.raises(UnavailableError, match="EDX-4110"):
        results[3]()
    assert all(result().digest for number, result in enumerate(results) if number != 3)


@pytest.mark.usefixtures("importable")
def test_what_a_worker_cannot_do_is_done_here(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the program does not end the worker and costs no document anything."""
    here, workers = _digests(make(0)), make(1)
    _spoil(workers, monkeypatch, _Unsigned)
    assert _digests(workers) == here
    assert len(workers.processes()) == 1


def test_the_unforeseen_is_that_of_its_record_alone(make: Make) -> None:
    """A file that fails in a way nobody foresaw is told with its record; others are sealed."""
    jobs = _jobs()
    jobs[3] = _with(_Odd(b"%PDF-1.4"))
    results = make(1).submit(jobs)
    with pytest.raises(LookupError, match="odd"):
        results[3]()
    assert all(result().digest for number, result in enumerate(results) if number != 3)


@pytest.mark.parametrize(("cores", "signing", "checking"), [(1, 0, 0), (2, 1, 0), (4, 3, 2)])
def test_one_core_is_left_to_the_daemon(
    monkeypatch: pytest.MonkeyPatch, cores: int, signing: int, checking: int
) -> None:
    """By default there are as many processes as cores, less one; to check, less two."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
    assert (default_workers(), default_checks()) == (signing, checking)


def test_closing_ends_every_process(make: Make) -> None:
    """Nothing of it remains when the node is closed."""
    workers = make(2)
    for result in workers.submit([_job(_document(number)) for number in range(1, MANY + 1)]):
        result()
    pids = workers.processes()
    workers.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
