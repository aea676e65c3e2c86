"""Documents per second of the connector and of its peers, in one run: ``make bench``.

Each pipeline is a process of its own, pinned to its cores; the broker has all cores. Rounds are
interleaved, so that what disturbs the machine disturbs all of them; the tables show medians.
``BENCH=quick`` takes minutes, ``full``, the default, some twenty.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lxml import etree

from connector.clock import VIETNAM
from tests.perf import growth, series, startup
from tests.perf.contest import Bench, open_site, run_scene
from tests.perf.memory import Spare, affordable_bytes
from tests.perf.pages import terminal, write_page
from tests.perf.peer_setup import set_up
from tests.perf.process import ROOT
from tests.perf.scenes import PIPELINES, PROFILES, Profile, Scene
from tests.perf.server import open_server
from tests.perf.verdict import broken, goals, ratios

__all__ = ["main"]

_LIBRARIES: Final = ("connector", "cryptography", "lxml", "pika", "signxml", "xmlschema")
_PROGRAMS: Final = {
    "xmlsec1": ("xmlsec1", "--version"),
    "node": ("node", "--version"),
    "java": ("java", "-version"),
}
_BUDGET_BROKEN: Final = 1


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Run the benchmark; write and return the report."""
    options = _options(arguments)
    profile = PROFILES[options.profile]
    directory = options.report.parent
    work = directory / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    begun = time.monotonic()
    try:
        report = _measured(work, directory / "peers", profile)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report["minutes"] = round((time.monotonic() - begun) / 60, 1)
    report["ratios"] = ratios(report, profile)
    report["goals"] = goals(report["ratios"])
    report["budget_broken"] = broken(report["ratios"], profile.name)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    options.report.write_text(text + "\n", encoding="utf-8")
    if options.page:
        write_page(options.page, report)
    sys.stdout.write(terminal(report))
    _conclude(report, options.report)
    return report


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.perf.bench", description=__doc__)
    chosen = os.environ.get("BENCH") or "full"
    parser.add_argument("--profile", choices=PROFILES, default=chosen, help="default: $BENCH, full")
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "bench" / "report.json")
    parser.add_argument("--page", type=Path, help="page that gets tables and charts")
    options = parser.parse_args(arguments)
    if options.profile not in PROFILES:
        parser.error(f"BENCH={options.profile}: one of {', '.join(PROFILES)}")
    options.report = options.report.absolute()
    if options.page is None and arguments is None and options.profile == "full":
        options.page = ROOT / "docs" / "benchmarks.md"
    return options


def _conclude(report: dict[str, Any], path: Path) -> None:
    missed = [goal["ratio"] for goal in report["goals"] if goal["must_reached"] is False]
    known = [goal for goal in report["goals"] if goal["value"] is not None]
    sys.stdout.write(f"\ngoals: {len(known) - len(missed)} of {len(known)} measured ones reached\n")
    for complaint in report["budget_broken"]:
        sys.stdout.write(f"budget broken: {complaint}\n")
    sys.stdout.write(f"report: {path}\n")


def _measured(work: Path, peers: Path, profile: Profile) -> dict[str, Any]:
    _say("getting the peers ready")
    commands, absent = set_up(peers, profile.peers)
    machine = _machine()
    kept = affordable_bytes() if profile.keeps_memory else 0
    with open_server(work / "rabbitmq") as server, closing(Spare(kept)) as spare:
        cores = sorted(os.sched_getaffinity(0))
        bench = Bench(work, server, commands, cores, spare)
        parts = _parts(bench, profile)
        broker = {"version": server.version, "idle_mib": server.idle_mib}
    return {
        "profile": profile.name,
        "date": dt.datetime.now(VIETNAM).date().isoformat(),
        "machine": machine,
        "versions": _versions() | {"rabbitmq": broker["version"]},
        "broker": broker,
        **parts,
        "absent": [
            {"name": PIPELINES[tool].name, "reason": reason} for tool, reason in absent.items()
        ],
        "unable": bench.unable,
    }


def _parts(bench: Bench, profile: Profile) -> dict[str, Any]:
    """Measure; the connector's memory first, before anybody has loaded the broker."""
    found: dict[str, Any] = {"memory": _guarded(bench, lambda: series.memory(bench, profile))}
    scenes = list(_possible(bench, profile.scenes))
    found["rows"] = _rows(bench, scenes, run_scene)
    found["end_to_end"] = _rows(bench, profile.end_to_end, series.end_to_end)
    _say("sealing and verifying")
    found["signing"] = series.signing(bench, profile)
    _say("durability")
    durable = profile.durability
    found["durability"] = (
        _guarded(bench, lambda: series.durability(bench, durable)) if durable else []
    )
    _say("growth")
    found["growth"] = {
        "stores": _guarded(bench, lambda: growth.stores(bench, profile.stores)),
        "backlogs": _guarded(bench, lambda: growth.backlogs(bench, profile.backlogs)),
    }
    found["start_up"] = _start_up(bench, profile.start_up_runs) if profile.start_up_runs else []
    return found


def _guarded(bench: Bench, measure: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Measure; a part that fails is told in the report and does not take the others with it."""
    try:
        return measure()
    except Exception as error:  # noqa: BLE001 - whatever it is, minutes of measuring are kept
        bench.cannot("connector", "a whole part", 0, f"{type(error).__name__}: {error}")
        bench.server.purge()
        return []


def _possible(bench: Bench, scenes: Iterable[Scene]) -> Iterable[Scene]:
    for scene in scenes:
        if scene.workers <= len(bench.cores):
            yield scene
            continue
        for direction in scene.directions:
            reason = f"{scene.workers} workers need as many cores"
            bench.cannot("all", direction, scene.attachment_bytes, reason)


def _rows(
    bench: Bench, scenes: Iterable[Scene], run: Callable[[Bench, Scene], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    rows = []
    for scene in scenes:
        begun = time.monotonic()
        rows += _guarded(bench, partial(run, bench, scene))
        took = time.monotonic() - begun
        name = run.__name__.replace("_", " ")
        _say(f"{name}: {scene.attachment_bytes:,} bytes, {scene.workers} worker(s): {took:.0f} s")
    return rows


def _start_up(bench: Bench, runs: int) -> list[dict[str, Any]]:
    with open_site(bench, Scene(1000, ())) as site:
        place = site.place()
        site.task("connector", "out", place)
        header = "number,date,subject,file\n"
        (place / "adapter" / "export" / "0.csv").write_text(header, encoding="utf-8")
        return startup.measure(place, runs)


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


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
        **{name: _program_version(*command) for name, command in _PROGRAMS.items()},
    }


def _program_version(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "absent"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0].strip()


if __name__ == "__main__":
    sys.exit(_BUDGET_BROKEN if main()["budget_broken"] else 0)
