"""JSON, XML and DXL: where in the tree the records are."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from connector.errors import PermanentError
from connector.workbench import codes
from connector.workbench.aliases import alias_of
from connector.workbench.evidence import Finding, Reason

__all__ = ["dxl_source", "json_source", "xml_source"]

_Found = tuple[dict[str, Any], tuple[Finding, ...]]
_MAX_BYTES: Final = 32 << 20
_TAG: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[?!][^>]*>|<(?P<close>/)?(?:[\w.-]+:)?(?P<name>[\w.-]+)"
    r"(?P<attributes>[^<>]*?)(?P<empty>/)?>",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"(?:[\w.-]+:)?([\w.-]+)\s*=")
_FORM: Final = re.compile(r"<(?:\w+:)?document\b[^>]*\bform\s*=\s*[\"']([^\"']+)[\"']")


def json_source(path: Path, charset: Finding, *, lines: bool) -> _Found:
    """Return the settings of JSON: where the list of records is, or that lines are records."""
    source: dict[str, Any] = {"type": "json", "charset": charset.value}
    if lines:
        reason = Reason("mỗi dòng là một bản ghi", "every line is a record")
        return {**source, "lines": True}, (charset, Finding("lines", True, 0.99, (reason,)))
    if path.stat().st_size > _MAX_BYTES:
        raise PermanentError(codes.SAMPLE_TOO_LARGE.at(str(path), limit=_MAX_BYTES))
    try:
        value = json.loads(path.read_bytes().decode(str(charset.value)).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        said = str(error)[:200]
        broken = codes.SAMPLE_BROKEN.at(str(path), reason_en=said, reason_vi=said)
        raise PermanentError(broken) from error
    lists = sorted(_lists(value, "", 0), key=lambda one: -one[1])
    if not lists:
        raise PermanentError(codes.SAMPLE_EMPTY.at(str(path)))
    where, _ = lists[0]
    reason = Reason(f"danh sách lớn nhất: '{where or '.'}'", f"the largest list: '{where or '.'}'")
    if where:
        source["records"] = where
    return source, (charset, Finding("records", where or ".", 0.9, (reason,)))


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, float]]:
    """Yield every list of objects with how much it looks like one of documents."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        names = {str(name) for one in value[:20] for name in one}
        yield path, len(value) + 5 * sum(bool(alias_of(name)) for name in names)
    elif isinstance(value, dict) and depth < 6:
        for name, inner in value.items():
            if "." not in name:
                yield from _lists(inner, f"{path}.{name}" if path else name, depth + 1)


def xml_source(path: Path, text: str, charset: Finding) -> _Found:
    """Return the settings of XML: the element that is repeated and has the known names below."""
    scores: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    below: dict[str, set[str]] = {}
    for trail, names in _elements(text):
        counts["/".join(trail)] += 1
        for depth in range(1, len(trail)):
            below.setdefault("/".join(trail[:depth]), set()).update((trail[-1], *names))
        below.setdefault("/".join(trail), set()).update(names)
    for where, inside in below.items():
        known = sum(max((fit for _, fit in alias_of(name)), default=0.0) for name in inside)
        if known and "/" in where:
            scores[where] = round(100 * known * (2 if counts[where] > 1 else 1)) + where.count("/")
    if not scores:
        raise PermanentError(codes.HEADER_NOT_FOUND.at(str(path)))
    where, _ = scores.most_common(1)[0]
    reason = Reason(
        f"phần tử '{where}' lặp {counts[where]} lần", f"'{where}' is repeated {counts[where]} times"
    )
    source: dict[str, Any] = {"type": "xml", "record": f"/{where}"}
    if charset.value != "utf-8":
        source["charset"] = charset.value
    return source, (charset, Finding("record", where, 0.85, (reason,)))


def _elements(text: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the path of every element that begins in a text, and the names of its attributes."""
    trail: list[str] = []
    for tag in _TAG.finditer(text):
        name = tag["name"]
        if name is None:
            continue
        if tag["close"]:
            if name in trail:
                del trail[len(trail) - 1 - trail[::-1].index(name) :]
            continue
        trail.append(name)
        yield tuple(trail), tuple(_ATTRIBUTE.findall(tag["attributes"]))
        if tag["empty"]:
            trail.pop()


def dxl_source(_path: Path, text: str, charset: Finding) -> _Found:
    """Return the settings of a Notes export: the form that most documents have."""
    forms = Counter(_FORM.findall(text))
    source: dict[str, Any] = {"type": "dxl"}
    if not forms:
        return source, (charset,)
    form, count = forms.most_common(1)[0]
    if len(forms) > 1:
        source["form"] = form
    reason = Reason(
        f"{count}/{forms.total()} tài liệu dùng biểu mẫu '{form}'",
        f"{count} of {forms.total()} documents have the form '{form}'",
    )
    return source, (charset, Finding("form", form, count / forms.total(), (reason,)))
