"""Ratios by name, the goals that they are held against, and the budget that must not be broken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.perf.scenes import Profile

__all__ = ["Row", "broken", "goals", "ratios", "size_name"]

Row = Mapping[str, Any]
_BUDGET: Final = Path(__file__).with_name("budget.json")
_KIB, _MIB, _GIB = 1 << 10, 1 << 20, 1 << 30


def size_name(size: int) -> str:
    """Return a size as people say it."""
    if size >= _GIB:
        return f"{size // _GIB} GiB"
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1000} KB"


def ratios(report: Mapping[str, Any], profile: Profile) -> dict[str, float]:
    """Return all ratios of a report; those of the first scene's size carry no size."""
    main = profile.scenes[0].attachment_bytes
    found = {
        **_of_rows(report["rows"], main),
        **_of_memory(report["memory"], report["broker"]),
        **_of_durability(report["durability"]),
        **_of_growth(report["growth"]["stores"]),
    }
    for row in report["signing"]:
        what = f"{size_name(row['attachment_bytes'])}, {row['key']}"
        found[f"CPU of signing / SHA-256 and key, {what}"] = row["sign_ratio"]
        found[f"CPU of verifying / SHA-256 and key, {what}"] = row["verify_ratio"]
    for row in report["start_up"][1:]:
        found[f"{row['command']} / python -c pass"] = row["ratio"]
    return {name: round(ratio, 3) for name, ratio in found.items()}


def _of_rows(rows: Sequence[Row], main: int) -> dict[str, float]:
    rate = {(r["name"], r["attachment_bytes"], r["workers"]): r for r in rows}
    found = {}
    for row in rows:
        name, size, workers = row["name"], row["attachment_bytes"], row["workers"]
        way = row["direction"]
        _, _, key = name.partition(f" {way}")
        ours = rate.get((f"connector {way}{key}", size, workers))
        if ours is None:
            continue
        suffix = "" if size == main else f", {size_name(size)}"
        suffix += f", {workers} workers" if workers > 1 else ""
        other = row
        if ours is row:
            other = rate.get((f"connector out{key}", size, workers), row)
        if other is not ours:
            quotient = ours["documents_per_second"] / other["documents_per_second"]
            found[f"{ours['name']} / {other['name']}{suffix}"] = quotient
    return found


def _of_memory(rows: Sequence[Row], broker: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    base = {row["direction"]: row for row in reversed(rows)}
    for row in rows:
        first = base[row["direction"]]
        if row is not first:
            name = size_name(row["attachment_bytes"])
            small = size_name(first["attachment_bytes"])
            what = f"MiB at {name} above {small}, {row['direction']}"
            found[what] = row["peak_mib"] - first["peak_mib"]
    peaks = [row["broker_peak_mib"] for row in rows if row["broker_peak_mib"]]
    if peaks and broker["idle_mib"]:
        found["broker's peak / idle"] = max(peaks) / broker["idle_mib"]
    return found


def _of_durability(rows: Sequence[Row]) -> dict[str, float]:
    rate = {(row["direction"], row["way"]): row["documents_per_second"] for row in rows}
    return {
        f"with fsync / without, {way}": rate[way, "with fsync"] / rate[way, "without fsync"]
        for way in ("out", "in")
        if {(way, "with fsync"), (way, "without fsync")} <= set(rate)
    }


def _of_growth(rows: Sequence[Row]) -> dict[str, float]:
    found = {}
    for way in ("out", "in"):
        sizes = {r["documents_in_store"]: r for r in rows if r["direction"] == way}
        if len(sizes) > 1:
            small, large = min(sizes), max(sizes)
            quotient = sizes[large]["documents_per_second"] / sizes[small]["documents_per_second"]
            found[f"{large:,} / {small:,} documents in the store, {way}"] = quotient
    return found


def goals(found: Mapping[str, float]) -> list[dict[str, Any]]:
    """Hold the ratios against the goals: `passed`, `aimed`, or None where nothing was measured."""
    judged = []
    for goal in _load()["goals"]:
        value = found.get(goal["ratio"])
        reached = {
            f"{word}_reached": None if value is None else _holds(value, goal["sense"], goal[word])
            for word in ("must", "aim")
            if word in goal
        }
        judged.append({**goal, "value": value, **reached})
    return judged


def broken(found: Mapping[str, float], profile: str) -> list[str]:
    """Return what is worse than the budget of a profile allows, or was not measured at all."""
    complaints = []
    for name, (sense, limit) in _limits(_load()["budget"][profile].items()):
        value = found.get(name)
        if value is None:
            complaints.append(f"{name}: not measured, wanted {sense} {limit}")
        elif not _holds(value, sense, limit):
            complaints.append(f"{name}: {value}, wanted {sense} {limit}")
    return complaints


def _limits(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, tuple[str, float]]]:
    for name, limits in items:
        for sense, limit in limits.items():
            yield name, (sense, limit)


def _holds(value: float, sense: str, limit: float) -> bool:
    return value >= limit if sense == "at least" else value <= limit


def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_BUDGET.read_text(encoding="utf-8"))
    return loaded
