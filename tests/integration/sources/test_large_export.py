"""A hundred thousand rows: a preview reads only what it shows, a collect keeps only a batch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from connector.clock import ManualClock
from connector.flow.adapters.dry_run import dry_run
from connector.model.record import Record
from connector.resources import examples_dir
from connector.sources.base import Refused
from connector.sources.csv import CsvTable
from connector.testing.golden import adapter_at

HEADER = (
    "SoKyHieu;NgayBanHanh;LoaiVanBan;TrichYeu;ChucVu;NguoiKy;NoiNhan;DoKhan;DoMat;SoTrang;"
    "TepDinhKem"
)
ROW = (
    "{0}/KH-VBM;05/01/2026;Kế hoạch;Văn bản mẫu: số {0};Chức vụ mẫu;Nguyễn Văn Mẫu;"
    "Bộ Nội vụ;Thường;Thường;1;"
)


def export(tmp_path: Path, count: int) -> Path:
    """Return an adapter with as many rows in VNI."""
    directory = tmp_path / str(count)
    shutil.copytree(examples_dir() / "csv-vni", directory)
    with (directory / "van-ban-di.csv").open("w", encoding="vni", newline="\r\n") as stream:
        stream.write(HEADER + "\n")
        stream.writelines(ROW.format(number) + "\n" for number in range(1, count + 1))
    return directory


@dataclass
class Counter:
    """How many rows were taken from the table."""

    rows: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Count the rows that any CSV table gives."""
    counter, rows = Counter(), CsvTable.rows

    def counting(
        self: CsvTable, stream: BinaryIO, name: str
    ) -> Generator[Record | Refused, None, None]:
        for row in rows(self, stream, name):
            counter.rows += 1
            yield row

    monkeypatch.setattr(CsvTable, "rows", counting)
    return counter


def test_a_preview_reads_only_what_it_shows(tmp_path: Path, counted: Counter) -> None:
    """Ten rows of a hundred thousand: one batch is divided and decoded."""
    adapter = adapter_at(export(tmp_path, 100_000))
    runs = list(dry_run(adapter, now=ManualClock().now(), limit=10))

    assert [run.packet is not None for run in runs] == [True] * 10
    assert counted.rows <= 11


PASS = """
import json, resource, sys
from pathlib import Path
from connector.testing.golden import adapter_at
adapter = adapter_at(Path(sys.argv[1]))
source = adapter.open_source()
count = 0
for batch in source.read(None, batch_size=50):
    count += len(batch.records)
    adapter.map(batch.records[0], source)
    source.acknowledge(batch.cursor)
print(json.dumps([count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def peak(directory: Path) -> int:
    """Return the KiB that a process held at most which read a whole export and mapped of it."""
    command = [sys.executable, "-c", PASS, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, memory = json.loads(done.stdout)
    assert count == int(directory.name)
    return int(memory)


def test_memory_does_not_grow_with_the_export(tmp_path: Path) -> None:
    """Ten times the rows (10 MB more of text) need no more memory than a batch of them does."""
    small, large = peak(export(tmp_path, 10_000)), peak(export(tmp_path, 100_000))

    assert large < small + 4096
