"""What all slices came to: var/fault/report.json, and the table of docs/delivery-guarantees.md."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from connector import crash
from tests.fault.checker import KINDS
from tests.fault.faults.table import ELSEWHERE, FAULTS, NOT_DONE

__all__ = ["BEGIN", "END", "add_up", "put_into", "table"]

BEGIN: Final = "<!-- fault report: written by `python -m tests.fault.run --docs` -->"
END: Final = "<!-- end of fault report -->"
_COMMAND: Final = "make fault"


def add_up(results: Iterable[Path]) -> dict[str, Any]:
    """Return the report over all slices that have been run."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    seeds: dict[str, list[int]] = defaultdict(list)
    commits: Counter[str] = Counter()
    documents, seconds, processor = 0, 0.0, 0.0
    for path in sorted(results):
        part = ""
        for text in path.read_text("utf-8").splitlines():
            line = json.loads(text)
            if "spec" in line:
                part = line["spec"]["part"]
                if "seconds_of_slice" not in line and "fingerprint" in line:
                    commits[line["commit"]] += 1
                seeds[part].append(line["spec"]["seed"])
            seconds += line.get("seconds_of_slice", 0.0)
            processor += line.get("processor_seconds_of_slice", 0.0)
            documents += line.get("documents", 0)
            lines[part].append(line)
    trying = ("faults", "storm", "again")
    cases = [line for part in ("kills", "fresh") for line in lines[part] if "case" in line]
    cuts = [line for line in lines["power"] if "cut" in line]
    trials = [line for part in trying for line in lines[part] if "name" in line]
    ends = [line for part in trying for line in lines[part] if "verdict" in line]
    honest = [cut for cut in cuts if not cut["lying"]]
    wrong = [fault for line in (*cases, *honest, *trials) for fault in line["faults"]]
    wrong += [fault for line in ends for fault in line["verdict"]]
    tried = [line for line in lines["safeguards"] if "safeguard" in line]
    wrong += [fault for line in tried for fault in line["in_force"]]
    restarts = [line["restart"] for part in lines.values() for line in part if "restart" in line]
    wrong += [fault for restart in restarts for fault in restart["faults"]]
    counts = Counter(fault.partition(":")[0] for fault in wrong)
    killed = [case for case in cases if case["killed"]]
    passed = {case["case"]["point"] for case in killed}
    return {
        "command": _COMMAND,
        "commits": dict(sorted(commits.items())),
        "seeds": {part: sorted(found) for part, found in sorted(seeds.items())},
        "seconds_of_slices": round(seconds, 1),
        "processor_seconds_of_slices": round(processor, 1),
        "crash_points": len(crash.POINTS),
        "crash_points_killed_at": len(passed),
        "crash_points_never_reached": sorted(set(crash.POINTS) - passed),
        "kills": len(killed),
        "kills_by_point": dict(sorted(Counter(c["case"]["point"] for c in killed).items())),
        "kills_by_kind": dict(sorted(Counter(c["case"]["kind"] for c in killed).items())),
        "fresh_interpreter_kills": sum(
            1 for case in lines["fresh"] if "case" in case and case["killed"]
        ),
        "power_cuts": len(honest),
        "broker_faults": sum(trial["name"] in _OF_THE_BROKER for trial in trials),
        "storm_faults": sum("name" in line for line in lines["storm"]),
        "documents": documents,
        "restarts": restarts,
        **{kind.replace(" ", "_"): counts[kind] for kind in KINDS},
        "safeguards_noticed": {line["safeguard"]: bool(line["switched_off"]) for line in tried},
        "faults": _by_fault(killed, honest, [c for c in cuts if c["lying"]], trials),
        "not_done": dict(NOT_DONE),
        "wrong": sorted(set(wrong))[:200],
    }


_OF_THE_BROKER: Final = frozenset({"F7", "F8", "F9", "F10", "F16", "F18", "F24", "F27"})


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
