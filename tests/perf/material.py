"""What all pipelines of the benchmark work on: two agencies, their keys, rows and files."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from connector.clock import VIETNAM, SystemClock
from connector.trust.pki import new_dev_pki

__all__ = ["RECEIVER", "SENDER", "Bench", "Row", "make_bench"]

SENDER: Final = ("G22", "Văn phòng Chính phủ")
RECEIVER: Final = ("G09", "Bộ Nội vụ")

_NODE: Final = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: {code}
    name: {name}
    key:
      type: pem
      key_file: ../pki/keys/{lower}.key
      certificate_file: ../pki/keys/{lower}.crt
trust: {{anchors_dir: ../pki/anchors, registry_file: ../pki/registry.yaml}}
broker: {{url: "{url}"}}
adapters: [{adapters}]
sinks: [{{type: folder, directory: inbox}}]
"""
_ADAPTER: Final = """\
adapter_version: 1
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
class Row:
    """One document of the export."""

    number: str
    date: str
    subject: str
    file: str


@dataclass(frozen=True, slots=True)
class Bench:
    """A directory with everything, and how to reach the broker as each agency."""

    directory: Path
    sender_url: str
    receiver_url: str
    attachment_bytes: int

    @property
    def pki(self) -> Path:
        """Keys, certificates and anchors."""
        return self.directory / "pki"

    @property
    def adapter(self) -> Path:
        """The adapter of the sending node."""
        return self.directory / "sender" / "adapter"

    def config(self, node: str) -> Path:
        """Return the connector.yaml of `sender` or `receiver`."""
        return self.directory / node / "connector.yaml"

    def rows(self, first: int, count: int) -> list[Row]:
        """Return rows with a file each; all files differ, and are the same for everybody."""
        today = dt.datetime.now(VIETNAM).strftime("%Y/%m/%d")
        rows = []
        for number in range(first, first + count):
            file = self.adapter / "files" / f"{number}.pdf"
            if not file.exists():
                noise = random.Random(number).randbytes(self.attachment_bytes)  # noqa: S311
                file.write_bytes(b"%PDF-1.4\n" + noise[9:])
            rows.append(Row(str(number), today, f"V/v thử tải số {number}", file.name))
        return rows

    def export(self, rows: list[Row], name: str) -> None:
        """Put an export file into the adapter's directory, whole at once."""
        target = self.adapter / "export" / f"{name}.csv"
        partial = target.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("number", "date", "subject", "file"))
            writer.writerows((row.number, row.date, row.subject, row.file) for row in rows)
        partial.rename(target)

    def save(self) -> Path:
        """Write down how to find everything again, for other processes."""
        path = self.directory / "bench.json"
        facts = asdict(self) | {"directory": str(self.directory)}
        path.write_text(json.dumps(facts), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Bench:
        """Return what `save` wrote."""
        facts = json.loads(path.read_text(encoding="utf-8"))
        return cls(**(facts | {"directory": Path(facts["directory"])}))


def make_bench(
    directory: Path, *, sender_url: str, receiver_url: str, attachment_bytes: int
) -> Bench:
    """Make keys and the two nodes' configurations in an empty directory."""
    bench = Bench(directory, sender_url, receiver_url, attachment_bytes)
    new_dev_pki(bench.pki, [SENDER, RECEIVER], clock=SystemClock())
    for node, (code, name), url in (
        ("sender", SENDER, sender_url),
        ("receiver", RECEIVER, receiver_url),
    ):
        bench.config(node).parent.mkdir()
        adapters = "adapter" if node == "sender" else ""
        text = _NODE.format(code=code, name=name, lower=code.lower(), url=url, adapters=adapters)
        bench.config(node).write_text(text, encoding="utf-8")
    for name in ("export", "files"):
        (bench.adapter / name).mkdir(parents=True)
    (bench.adapter / "adapter.yaml").write_text(_ADAPTER, encoding="utf-8")
    return bench
