"""Documents per second of the connector and of its peers, in one run: ``make bench``.

Each pipeline is a process of its own. Rounds are interleaved, so that what disturbs the machine
disturbs all of them; the table shows medians. The broker shares the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import ssl
import statistics
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lxml import etree

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from tests.perf.material import RECEIVER, SENDER, Bench, make_bench
from tests.perf.packets import Filler
from tests.perf.worker import PIPELINES

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parents[2]
_LIBRARIES: Final = ("connector", "cryptography", "lxml", "pika", "signxml", "xmlschema")
_WARM_UP: Final = 3


@dataclass(slots=True)
class Measured:
    """The rounds of one pipeline."""

    name: str
    documents: int
    process: subprocess.Popen[str]
    rounds: list[dict[str, float]] = field(default_factory=list)

    @property
    def direction(self) -> str:
        """Which way the documents go: ``out`` or ``in``."""
        return self.name.rpartition(" ")[2]

    def row(self, attachment_bytes: int) -> dict[str, Any]:
        """Return the medians, as they stand in the report."""
        rate = statistics.median(self.documents / r["seconds"] for r in self.rounds)
        cpu = statistics.median(r["cpu_seconds"] / self.documents for r in self.rounds)
        return {
            "name": self.name,
            "direction": self.direction,
            "attachment_bytes": attachment_bytes,
            "workers": 1,
            "documents_per_second": round(rate, 1),
            "cpu_ms_per_document": round(cpu * 1000, 2),
            "peak_mib": round(max(r["peak_mib"] for r in self.rounds), 1),
        }


class Rounds:
    """Runs rounds of all pipelines in turn, each on documents that nobody has seen before."""

    def __init__(self, bench: Bench, filler: Filler) -> None:
        self._bench = bench
        self._filler = filler
        self._next = 1001

    def one(self, measured: Measured, documents: int) -> dict[str, float]:
        """Run one round of one pipeline and empty the queues."""
        first = self._next
        self._next += documents
        if measured.direction == "in":
            self._filler.fill(self._bench.rows(first, documents))
        answer = _ask(measured, {"first": first, "documents": documents})
        self._filler.purge()
        return answer


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Run the benchmark; write and return the report."""
    options = _options(arguments)
    work = options.report.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        report = _run(work, options)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    options.report.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(table(report))
    sys.stdout.write(f"\nreport: {options.report}\n")
    return report


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.perf.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--documents", type=int, default=100, help="a round, for the connector")
    parser.add_argument("--peer-documents", type=int, default=40, help="a round, tuned peer")
    parser.add_argument("--naive-documents", type=int, default=12, help="a round, naive peer")
    parser.add_argument("--attachment-bytes", type=int, default=200_000)
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "bench" / "report.json")
    options = parser.parse_args(arguments)
    options.report = options.report.absolute()
    return options


def _run(work: Path, options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        admin = stack.enter_context(_broker(work / "rabbitmq"))
        sandbox = stack.enter_context(Sandbox(admin, f"bench-{uuid.uuid4().hex[:8]}"))
        sandbox.connect([SENDER[0], RECEIVER[0]])
        bench = make_bench(
            work / "nodes",
            sender_url=sandbox.settings(SENDER[0]).url,
            receiver_url=sandbox.settings(RECEIVER[0]).url,
            attachment_bytes=options.attachment_bytes,
        )
        filler = stack.enter_context(Filler(bench, sandbox.admin.url))
        pipelines = [
            Measured(name, _count(name, options), stack.enter_context(_process(name, bench)))
            for name in PIPELINES
        ]
        rounds = Rounds(bench, filler)
        for measured in pipelines:
            rounds.one(measured, min(_WARM_UP, measured.documents))
        for _ in range(options.rounds):
            for measured in pipelines:
                measured.rounds.append(rounds.one(measured, measured.documents))
        rabbitmq = sandbox.management.overview()["rabbitmq_version"]
    rows = [measured.row(options.attachment_bytes) for measured in pipelines]
    return {
        "machine": _machine(),
        "versions": _versions() | {"rabbitmq": rabbitmq},
        "rounds": options.rounds,
        "rows": rows,
        "ratios": _ratios(rows),
    }


@contextmanager
def _broker(directory: Path) -> Iterator[BrokerSettings]:
    url = os.environ.get("CONNECTOR_BROKER_URL")
    if url:
        management = os.environ.get("CONNECTOR_BROKER_MANAGEMENT_URL")
        yield BrokerSettings(url=url, management_url=management)
        return
    with PrivateNode(directory, disposable=True) as node:
        yield node.settings()


@contextmanager
def _process(name: str, bench: Bench) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.perf.worker", name, str(bench.save())],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def _ask(measured: Measured, order: Mapping[str, int]) -> dict[str, float]:
    stdin, stdout = measured.process.stdin, measured.process.stdout
    if stdin is None or stdout is None:
        raise RuntimeError(measured.name)
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    line = stdout.readline()
    if not line:
        raise RuntimeError(f"{measured.name} ended with {measured.process.wait()}")
    answer: dict[str, float] = json.loads(line)
    return answer


def _count(name: str, options: argparse.Namespace) -> int:
    if name.startswith("naive"):
        return int(options.naive_documents)
    return int(options.peer_documents if name.startswith("tuned") else options.documents)


def _ratios(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    rate = {row["name"]: row["documents_per_second"] for row in rows}
    ratios = {
        f"connector {way} / {peer} {way}": rate[f"connector {way}"] / rate[f"{peer} {way}"]
        for way in ("out", "in")
        for peer in ("naive script", "tuned libraries")
    }
    ratios["connector in / connector out"] = rate["connector in"] / rate["connector out"]
    return {name: round(ratio, 2) for name, ratio in ratios.items()}


def _machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.partition(":")[2].strip() for line in cpu.splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": memory // 2**20,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def _versions() -> dict[str, str]:
    import pysqlite3

    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
        "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": ".".join(map(str, pysqlite3.sqlite_version_info)),
    }


def table(report: Mapping[str, Any]) -> str:
    """Return the report as people read it."""
    lines = [f"{'pipeline':<22}{'documents/s':>12}{'CPU ms/document':>18}{'peak MiB':>10}"]
    lines += [
        f"{row['name']:<22}{row['documents_per_second']:>12}{row['cpu_ms_per_document']:>18}"
        f"{row['peak_mib']:>10}"
        for row in report["rows"]
    ]
    lines += ["", *(f"{name}: {ratio}" for name, ratio in report["ratios"].items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
