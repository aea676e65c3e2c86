"""A large packet takes hardly more memory on the receiving side than a small one."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from connector.clock import VIETNAM, SystemClock, vietnam_date
from connector.edxml.pack import pack
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
    TraceHeader,
)
from connector.trust.keys import load_key
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.settings import PemKey
from connector.trust.sign import seal

SMALL: Final = 200_000
LARGE: Final = 100_000_000
PART: Final = 4 << 20
MOST: Final = 40_000
"""Kilobytes by which the peaks may differ."""

_ORGANS: Final = (("G22", "Văn phòng Chính phủ"), ("H41", "UBND tỉnh Nghệ An"))
_CONFIG: Final = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: H41
    name: UBND tỉnh Nghệ An
    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}
trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"}}
broker: {{url: "amqp://nobody@127.0.0.1:1/x"}}
sinks: [{{type: folder, directory: sink}}]
limits: {{max_packet_bytes: 200000000, max_attachment_bytes: 150000000}}
"""


def _write_packet(path: Path, pki: DevPki, size: int) -> str:
    """Write a sealed packet with a file of some size; return its digest."""
    clock = SystemClock()
    now = clock.now()
    content = BytesContent(b"%PDF-1.7\n" + random.Random(size).randbytes(size - 9))  # noqa: S311
    attachment = Attachment(
        content_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        name="van-ban.pdf",
        content_type="application/pdf",
        content=content,
    )
    document = Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="V/v dung lượng tệp",
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id="G22,2026/01/05,05/VPCP-KSTT",
        traces=(TraceHeader("G22", dt.datetime(2026, 1, 5, 8, tzinfo=VIETNAM)),),
        attachments=(attachment,),
    )
    files = (pki.key_file("G22"), pki.certificate_file("G22"))
    settings = PemKey(type="pem", key_file=files[0], certificate_file=files[1])
    key = load_key(settings, now=now)
    sealed = seal(pack(document, today=vietnam_date(now)), key)
    with path.open("wb") as stream:
        stream.writelines(sealed.chunks())
    return sealed.digest


def _peak(directory: Path, pki: DevPki, size: int) -> int:
    """Receive a packet in a process of its own; return its peak in kilobytes."""
    directory.mkdir()
    config, file = directory / "connector.yaml", directory / "packet.edxml"
    text = _CONFIG.format(
        key=pki.key_file("H41"),
        certificate=pki.certificate_file("H41"),
        anchors=pki.anchors_dir,
        registry=pki.registry_file,
    )
    config.write_text(text, encoding="utf-8")
    digest = _write_packet(file, pki, size)
    module = "tests.integration.flow.receive_child"
    command = [sys.executable, "-m", module, str(config), str(file), str(PART), digest]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    state, peak = run.stdout.split()
    assert state == "delivered", run.stderr[-2000:]
    (stored,) = (directory / "sink").glob("[0-9]*/*/01-*.pdf")
    assert stored.stat().st_size == size
    return int(peak)


def test_memory_does_not_grow_with_the_packet(tmp_path: Path) -> None:
    """Receiving in parts, joining, verifying and delivering are bounded, whatever the size."""
    pki = new_dev_pki(tmp_path / "pki", _ORGANS, clock=SystemClock(), key_type="p256")
    small = _peak(tmp_path / "small", pki, SMALL)
    large = _peak(tmp_path / "large", pki, LARGE)
    assert large - small < MOST, (small, large)
