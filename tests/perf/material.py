"""What all pipelines work on: two agencies with keys, nodes of the connector, rows and files."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connector.clock import VIETNAM, SystemClock
from connector.config.node import node_json_schema
from connector.resources import schemas_dir
from connector.trust.pki import KeyType, new_dev_pki
from tests.perf.peers.wire import Row, Task

__all__ = ["PARTS", "RECEIVER", "SENDER", "Site", "Urls", "empty", "export"]

SENDER: Final = ("G22", "Văn phòng Chính phủ")
RECEIVER: Final = ("G09", "Bộ Nội vụ")
WINDOW: Final = 64

_SETTINGS: Final = json.dumps(node_json_schema())
PARTS: Final = "part_bytes" in _SETTINGS
"""Whether large packets travel in parts, which a packet over the broker's limit needs."""

_ROOM: Final = 4_000_000
_NODE: Final = """\
config_version: 1
environment: test
state_dir: state
poll_seconds: 0.05
agencies:
  - code: {code}
    name: {name}
    key:
      type: pem
      key_file: {pki}/keys/{lower}.key
      certificate_file: {pki}/keys/{lower}.crt
trust: {{anchors_dir: {pki}/anchors, registry_file: {pki}/registry.yaml}}
broker: {{url: "{url}"}}
limits: {{max_packet_bytes: {packet}, max_attachment_bytes: {attachment}}}
adapters: [{adapters}]
sinks: [{{type: folder, directory: inbox}}]
"""
_ADAPTER: Final = """\
adapter_version: 1
start_from: everything
name: bench
agency: G22
source:
  {type: csv, path: "export/*.csv", charset: utf-8, delimiter: ",", settle_seconds: 0,
   attachments_directory: files}
key: [number]
secrecy: {not_exported: "made for the benchmark"}
fields:
  code.number: {column: number}
  code.notation: {value: VPCP-KSTT}
  promulgation.date: {column: date, transforms: [{date: yyyy/MM/dd}]}
  promulgation.place: {value: Hà Nội}
  document_type: {value: Công văn, transforms: [document_type]}
  subject: {column: subject}
  signer.full_name: {value: Trần Văn Mẫu}
  receivers: {value: G09}
attachments:
  - {column: file}
"""


@dataclass(frozen=True, slots=True)
class Urls:
    """How each agency reaches the broker."""

    sender: str
    receiver: str


@dataclass(slots=True)
class Site:
    """Keys of one kind, attachments of one size, and a place for each process."""

    directory: Path
    urls: Urls
    attachment_bytes: int
    key_type: KeyType = "rsa2048"
    _next: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    _places: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True)
        new_dev_pki(self.pki, [SENDER, RECEIVER], clock=SystemClock(), key_type=self.key_type)

    @property
    def pki(self) -> Path:
        """Keys, certificates and anchors."""
        return self.directory / "pki"

    def place(self) -> Path:
        """Return a new directory for one process, with room for rows and files."""
        place = self.directory / f"p{next(self._places)}"
        for name in ("files", "export"):
            (place / "adapter" / name).mkdir(parents=True)
        return place

    def task(self, tool: str, role: str, place: Path) -> Task:
        """Return what a process at a place does; the connector's get their configuration too."""
        sends = role not in {"in", "serve"}
        (code, name), (peer_code, peer_name) = (SENDER, RECEIVER) if sends else (RECEIVER, SENDER)
        task = Task(
            tool=tool,
            role=role,
            code=code,
            name=name,
            peer_code=peer_code,
            peer_name=peer_name,
            url=self.urls.sender if sends else self.urls.receiver,
            key=self.pki / "keys" / f"{code.lower()}.key",
            certificate=self.pki / "keys" / f"{code.lower()}.crt",
            peer_certificate=self.pki / "keys" / f"{peer_code.lower()}.crt",
            schemas=schemas_dir(),
            directory=place,
            window=WINDOW,
        )
        if tool == "connector":
            self._configure(task)
        return task

    def lay_out(self, place: Path, count: int) -> Path:
        """Put new files into a place and return the rows that name them; no two are alike."""
        today = dt.datetime.now(VIETNAM).strftime("%Y/%m/%d")
        rows = []
        for number in itertools.islice(self._next, count):
            path = place / "adapter" / "files" / f"{number}.pdf"
            _write_noise(path, self.attachment_bytes)
            rows.append(f"{number}\t{today}\tV/v thử tải số {number}\t{path}\n")
        target = place / "rows.tsv"
        target.write_text("".join(rows), encoding="utf-8")
        return target

    @staticmethod
    def clear(place: Path) -> None:
        """Empty the files that `lay_out` made; what was sent of them is elsewhere."""
        empty(place / "adapter" / "files")

    def _configure(self, task: Task) -> None:
        config = task.directory / "connector.yaml"
        sends = task.code == SENDER[0]
        attachment = max(self.attachment_bytes + _ROOM, 50_000_000)
        text = _NODE.format(
            code=task.code,
            lower=task.code.lower(),
            name=task.name,
            pki=self.pki,
            url=task.url,
            packet=attachment // 3 * 4 + _ROOM,
            attachment=attachment,
            adapters="adapter" if sends else "",
        )
        config.write_text(text, encoding="utf-8")
        (task.directory / "adapter" / "adapter.yaml").write_text(_ADAPTER, encoding="utf-8")


def export(place: Path, rows: list[Row]) -> Callable[[], Path]:
    """Write an export beside its place; calling the result puts it there, whole at once.

    The exports before it are removed: they have been read.
    """
    target = place / "adapter" / "export" / f"{rows[0].number if rows else 0}.csv"
    for old in target.parent.iterdir():
        old.unlink()
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("number", "date", "subject", "file"))
        writer.writerows((row.number, row.date, row.subject, row.path.name) for row in rows)
    return lambda: partial.rename(target)


def empty(directory: Path) -> None:
    """Give back the room of all files below a directory; they themselves stay until the end.

    ext4 gives no inode out again for minutes, and looks at each one that it must not give whenever
    somebody beside makes a file: removing thousands would slow down whoever keeps what it sends.
    """
    for path in directory.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def _write_noise(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.write(b"%PDF-1.4\n")
        left = size - 9
        while left > 0:
            stream.write(os.urandom(min(left, 1 << 20)))
            left -= 1 << 20
