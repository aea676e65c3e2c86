"""Which column is which: names of known systems weighed with the shapes of the values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.workbench.aliases import alias_of
from connector.workbench.evidence import Column, Reason
from connector.workbench.shapes import Shapes

__all__ = ["Meaning", "meanings"]

_BY_SHAPE: Final = {
    "code": 0.62,
    "receivers": 0.55,
    "priority": 0.5,
    "type": 0.55,
    "type_and_subject": 0.6,
    "date": 0.45,
    "files": 0.6,
    "signer": 0.5,
    "position": 0.5,
    "competence": 0.5,
    "subject": 0.4,
}
"""Meanings that values alone can tell, with the confidence if all of them do."""
_LEAST: Final = 0.36
_NEVER_MAPPED: Final = frozenset({"arrival", "left_out", "row_id"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means; `runner_up` is the next best column for it.

    `likeness` is the share of its values with the shape of the meaning, None if it has no shape
    or the column no values.
    """

    name: str
    column: Column
    confidence: float
    reasons: tuple[Reason, ...]
    runner_up: str | None = None
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: float
    meaning: str
    at: int
    reasons: tuple[Reason, ...]
    likeness: float | None = None


def meanings(columns: Sequence[Column], shapes: Shapes) -> dict[str, Meaning]:
    """Return what was recognised: meaning → column; each column has one meaning at most."""
    candidates = [
        candidate
        for at, column in enumerate(columns)
        for candidate in _candidates(at, column, shapes)
        if candidate.score >= _LEAST
    ]
    candidates.sort(key=lambda one: (-one.score, one.at))
    found: dict[str, Meaning] = {}
    taken: set[int] = set()
    for one in candidates:
        if one.at in taken or (one.meaning in found and one.meaning not in _NEVER_MAPPED):
            continue
        taken.add(one.at)
        others = [c for c in candidates if c.meaning == one.meaning and c.at not in taken]
        runner_up = columns[others[0].at].name if others else None
        meaning = Meaning(
            one.meaning, columns[one.at], one.score, one.reasons, runner_up, one.likeness
        )
        if one.meaning not in _NEVER_MAPPED:
            found[one.meaning] = meaning
    return _settled(found)


def _candidates(at: int, column: Column, shapes: Shapes) -> list[_Candidate]:
    by_name = dict(alias_of(column.title or column.name))
    candidates = [_named(at, meaning, fit, column, shapes) for meaning, fit in by_name.items()]
    if not any(fit >= 0.9 and meaning in _NEVER_MAPPED for meaning, fit in by_name.items()):
        candidates += [
            _shaped(at, meaning, shapes.of(meaning, column) or 0.0, column)
            for meaning in _BY_SHAPE
            if meaning not in by_name
        ]
    return candidates


def _named(at: int, meaning: str, fit: float, column: Column, shapes: Shapes) -> _Candidate:
    kind = "đã biết" if fit >= 0.8 else "gần với tên đã biết"
    kind_en = "is a known name" if fit >= 0.8 else "is like a known name"
    reason = Reason(f"tên cột '{column.name}' {kind}", f"the name '{column.name}' {kind_en}")
    if fold_id(column.name):
        fit -= 0.05
    likeness = shapes.of(meaning, column)
    count = len(column.texts)
    if likeness is None or not count:
        weight = 0.85 if likeness is None else 0.6
        return _Candidate(fit * weight, meaning, at, (reason, *_no_values(count)))
    score = fit * (0.6 + 0.39 * likeness) if likeness >= 0.2 else fit * 0.5
    return _Candidate(score, meaning, at, (reason, _share(likeness, count)), likeness)


def _shaped(at: int, meaning: str, likeness: float, column: Column) -> _Candidate:
    score = _BY_SHAPE[meaning] * likeness if likeness >= 0.7 else 0.0
    return _Candidate(score, meaning, at, (_share(likeness, len(column.texts)),), likeness)


def fold_id(name: str) -> bool:
    """Tell whether a column is named like a number that stands for something else."""
    return name.lower().endswith(("_id", "id")) and len(name) > 2


def _share(likeness: float, count: int) -> Reason:
    right = round(likeness * count)
    return Reason(
        f"{right}/{count} giá trị có dạng phù hợp", f"{right} of {count} values have the shape"
    )


def _no_values(count: int) -> tuple[Reason, ...]:
    if count:
        return ()
    return (Reason("không có giá trị nào trong mẫu", "the sample has no value of it"),)


def _settled(found: dict[str, Meaning]) -> dict[str, Meaning]:
    """Drop meanings that exclude each other: number and notation apart only where both are."""
    if "number" in found and "notation" in found and "code" in found:
        whole = found["code"]
        parts = min(found["number"].confidence, found["notation"].confidence)
        if whole.confidence >= parts:
            del found["number"], found["notation"]
        else:
            del found["code"]
    if "type_and_subject" in found and "subject" in found and "type" in found:
        del found["type_and_subject"]
    return found
