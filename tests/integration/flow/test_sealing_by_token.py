"""Worker processes that sign with a key on a token (SoftHSM2), each by a login of its own."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.config.secrets import SecretRef
from connector.edxml.parser import Limits
from connector.flow.workers.sealer import Sealer
from connector.flow.workers.sealing import Job, Setup, Workers
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from connector.model.packet import Sealed, WriteOptions
from connector.trust.keyring import Keyring
from connector.trust.pki import new_dev_pki
from connector.trust.settings import Pkcs11Key
from connector.trust.soft_token import SoftToken, new_soft_token

MANY = 12
CLOCK = ManualClock()


@pytest.fixture
def token(tmp_path: Path) -> Iterator[SoftToken]:
    """A token with the key of G22, in the reach of this process and of those that it starts."""
    made = new_soft_token(tmp_path / "token", "kho", ["G22"], key_type="p256")
    with made.in_force():
        yield made


@pytest.fixture
def workers(token: SoftToken, tmp_path: Path) -> Iterator[Workers]:
    """One worker process, ready."""
    pki = new_dev_pki(
        tmp_path / "pki",
        [("G22", "VPCP")],
        clock=CLOCK,
        key_type="p256",
        public_keys=token.public_keys,
    )
    key = Pkcs11Key(
        type="pkcs11",
        module=token.module,
        token_label=token.label,
        key_label="G22",
        pin=SecretRef(file=token.pin_file),
        certificate_file=pki.certificate_file("G22"),
    )
    keys = {"G22": (key,)}
    made = Workers(Sealer(Keyring(keys, clock=CLOCK), Limits()), Setup(keys, CLOCK), 1)
    made.start()
    yield made
    made.close()


def _sealed(workers: Workers) -> list[Sealed]:
    jobs = [Job(_document(number), "G22", WriteOptions(), CLOCK.now()) for number in range(MANY)]
    return [result() for result in workers.submit(jobs)]


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
    )


def test_a_refused_pin_is_not_sent_by_one_process_after_another(
    workers: Workers, token: SoftToken
) -> None:
    """Each wrong try brings the token nearer to being locked; the daemon's own login goes on."""
    assert len(_sealed(workers)) == MANY
    (worker,) = workers.processes()
    right = token.read_pin()
    token.pin_file.write_text("not-the-pin", encoding="ascii")
    os.kill(worker, signal.SIGKILL)
    os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)
    assert len(_sealed(workers)) == MANY
    workers.start()
    token.pin_file.write_text(right, encoding="ascii")
    CLOCK.sleep(3600)
    workers.start()
    assert workers.processes() == ()
    assert len(_sealed(workers)) == MANY


def test_a_token_that_is_away_is_looked_for_again(workers: Workers, token: SoftToken) -> None:
    """A process that finds no token is not asked; once it is there again another one is."""
    (worker,) = workers.processes()
    tokens = token.directory / "tokens"
    tokens.rename(token.directory / "away")
    tokens.mkdir()
    os.kill(worker, signal.SIGKILL)
    os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)
    workers.start()
    assert workers.processes() == ()
    tokens.rmdir()
    (token.directory / "away").rename(tokens)
    CLOCK.sleep(61)
    workers.start()
    assert len(workers.processes()) == 1
    assert len(_sealed(workers)) == MANY
