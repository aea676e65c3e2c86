"""What all slices came to: var/fault/report.json, and the table of docs/delivery-guarantees.md."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector import crash
from tests.fault.checker import KINDS
from tests.fault.faults.table import ELSEWHERE, FAULTS, NOT_DONE

__all__ = ["BEGIN", "END", "add_up", "put_into", "table"]

BEGIN: Final = "<!-- fault report: written by `python -m tests.fault.run --docs` -->"
END: Final = "<!-- end of fault report -->"
_COMMAND: Final = "make fault"


@dataclass(slots=True)
class _Read:
    """The lines of all slices by part, and what their first and last lines say."""

    lines: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    seeds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    commits: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    seconds: float = 0.0
    processor: float = 0.0

    def of(self, *parts: str, having: str) -> list[dict[str, Any]]:
        """Return the lines of some parts that have a key."""
        return [line for part in parts for line in self.lines[part] if having in line]


_TRYING: Final = ("faults", "storm", "again")
_OF_THE_BROKER: Final = frozenset({"F7", "F8", "F9", "F10", "F16", "F18", "F24", "F27"})


def add_up(results: Iterable[Path]) -> dict[str, Any]:
    """Return the report over all slices that have been run."""
    read = _read(results)
    cuts, trials = read.of("power", having="cut"), read.of(*_TRYING, having="name")
    killed = [case for case in read.of("kills", "fresh", having="case") if case["killed"]]
    honest = [cut for cut in cuts if not cut["lying"]]
    tried = read.of("safeguards", having="safeguard")
    wrong = _wrong(read)
    counts = Counter(fault.partition(":")[0] for fault in wrong)
    return {
        "command": _COMMAND,
        "commits": dict(sorted(read.commits.items())),
        "seeds": {part: sorted(found) for part, found in sorted(read.seeds.items())},
        "seconds_of_slices": round(read.seconds, 1),
        "processor_seconds_of_slices": round(read.processor, 1),
        **_of_kills(killed),
        "fresh_interpreter_kills": sum(case["killed"] for case in read.of("fresh", having="case")),
        "power_cuts": len(honest),
        "broker_faults": sum(trial["name"] in _OF_THE_BROKER for trial in trials),
        "storm_faults": len(read.of("storm", having="name")),
        "documents": read.documents,
        "restarts": _restarts(read),
        **{kind.replace(" ", "_"): counts[kind] for kind in KINDS},
        "safeguards_noticed": {line["safeguard"]: bool(line["switched_off"]) for line in tried},
        "faults": _by_fault(killed, honest, [cut for cut in cuts if cut["lying"]], trials),
        "not_done": dict(NOT_DONE),
        "wrong": sorted(set(wrong))[:200],
    }


def _read(results: Iterable[Path]) -> _Read:
    read = _Read()
    for path in sorted(results):
        part = ""
        for text in path.read_text("utf-8").splitlines():
            line = json.loads(text)
            if "spec" in line:
                part = line["spec"]["part"]
                if "seconds_of_slice" not in line and "fingerprint" in line:
                    read.commits[line["commit"]] += 1
                read.seeds[part].append(line["spec"]["seed"])
            read.seconds += line.get("seconds_of_slice", 0.0)
            read.processor += line.get("processor_seconds_of_slice", 0.0)
            read.documents += line.get("documents", 0)
            read.lines[part].append(line)
    return read


def _wrong(read: _Read) -> list[str]:
    """Return everything that was found wrong with all safeguards in force and an honest disk."""
    honest = [cut for cut in read.of("power", having="cut") if not cut["lying"]]
    cases, trials = read.of("kills", "fresh", having="case"), read.of(*_TRYING, having="name")
    wrong = [fault for line in (*cases, *honest, *trials) for fault in line["faults"]]
    wrong += [fault for line in read.of(*_TRYING, having="verdict") for fault in line["verdict"]]
    tried = read.of("safeguards", having="safeguard")
    wrong += [fault for line in tried for fault in line["in_force"]]
    return wrong + [fault for restart in _restarts(read) for fault in restart["faults"]]


def _restarts(read: _Read) -> list[dict[str, Any]]:
    return [line["restart"] for line in read.of(*list(read.lines), having="restart")]


def _of_kills(killed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how often and where a process was killed, and where never."""
    points = Counter(case["case"]["point"] for case in killed)
    kinds = Counter(case["case"]["kind"] for case in killed)
    return {
        "crash_points": len(crash.POINTS),
        "crash_points_killed_at": len(points),
        "crash_points_never_reached": sorted(set(crash.POINTS) - set(points)),
        "kills": len(killed),
        "kills_by_point": dict(sorted(points.items())),
        "kills_by_kind": dict(sorted(kinds.items())),
    }


def _by_fault(
    killed: Sequence[Mapping[str, Any]],
    cuts: Sequence[Mapping[str, Any]],
    lies: Sequence[Mapping[str, Any]],
    trials: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    found = {
        "F1": _line(ELSEWHERE["F1"], killed),
        "F2": _line(ELSEWHERE["F2"], cuts),
        "F3": _lied(lies),
    }
    for name, fault in FAULTS.items():
        found[name] = _line(fault.title, [trial for trial in trials if trial["name"] == name])
    for name, why in NOT_DONE.items():
        found[name] = {"title": why, "runs": 0}
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


def _line(title: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    line: dict[str, Any] = {"title": title, "runs": len(runs)}
    line["clean"] = sum(not run["faults"] for run in runs)
    took = sorted(run["seconds"] for run in runs if "seconds" in run)
    if took:
        line["recovery_seconds"] = {
            "median": round(statistics.median(took), 2),
            "p95": round(took[min(len(took) - 1, int(len(took) * 0.95))], 2),
            "longest": round(took[-1], 2),
        }
    return line


def _lied(lies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tell how many cuts on a lying disk did harm; each harm was seen, as it stands here."""
    harmed = sum(bool(run["faults"]) for run in lies)
    return {"title": ELSEWHERE["F3"], "runs": len(lies), "harmed_and_noticed": harmed}


def table(report: Mapping[str, Any]) -> str:
    """Return the page's table."""
    counts = ", ".join(f"{kind} {report[kind.replace(' ', '_')]}" for kind in KINDS)
    done = (
        f"`{report['command']}`: {report['kills']} kills at {report['crash_points_killed_at']} of"
        f" {report['crash_points']} crash points ({report['fresh_interpreter_kills']} of them of"
        f" fresh interpreters), {report['power_cuts']} power cuts, {report['storm_faults']} faults"
        f" in random order, {report['documents']} documents. Found: {counts}."
    )
    titles = ["| | Fault | Runs | Clean | Recovery: median, 95 %, longest (s) |"]
    head = [
        BEGIN,
        "",
        done + _at(report),
        *_restarted(report),
        "",
        *titles,
        "|---|---|---:|---:|---|",
    ]
    rows = []
    for name, line in report["faults"].items():
        took = line.get("recovery_seconds")
        times = f"{took['median']}, {took['p95']}, {took['longest']}" if took else "–"
        clean = line.get("clean", f"{line.get('harmed_and_noticed', 0)} harmed, all noticed")
        if not line["runs"]:
            clean, times = "–", "not done"
        rows.append(f"| {name} | {line['title']} | {line['runs']} | {clean} | {times} |")
    return "\n".join([*head, *rows, "", END])


def _at(report: Mapping[str, Any]) -> str:
    """Tell of which commits the figures are; several only if somebody asked for it."""
    commits = ", ".join(f"`{commit}`" for commit in report["commits"])
    return f" At commit {commits}." if commits else ""


def _restarted(report: Mapping[str, Any]) -> list[str]:
    return [
        f"\nRestart with {each['documents']} documents in flight: ready after"
        f" {each['ready_seconds']} s, at most {each['peak_mebibytes']} MiB"
        f" ({each['few_mebibytes']} MiB with hardly any)."
        for each in report["restarts"]
    ]


def put_into(page: Path, text: str) -> bool:
    """Replace what stands between the marks of a page; False if it has no marks."""
    before = page.read_text("utf-8")
    if BEGIN not in before or END not in before:
        return False
    head, _, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2]
    page.write_text(head + text + tail, encoding="utf-8")
    return True
