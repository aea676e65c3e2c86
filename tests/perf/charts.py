"""Small SVG charts, bars and lines, that read well on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

__all__ = ["bars", "lines"]

_WIDTH: Final = 760
_LABEL: Final = 210
_ROW: Final = 26
_TOP: Final = 46
_OURS: Final = "#1f6feb"
_OTHERS: Final = "#8b949e"
_FLOOR: Final = "#c9a227"
_COLOURS: Final = ("#1f6feb", "#8b949e", "#2da44e", "#bf8700", "#cf222e", "#8250df", "#57606a")
_HEIGHT: Final = 340
_PLOT: Final = (70, 46, 520, 250)
_STYLE: Final = "font:13px system-ui,sans-serif;fill:#24292f"


def bars(title: str, values: Sequence[tuple[str, float]], unit: str) -> str:
    """Return one bar for each label, the connector's in a colour of its own."""
    longest = max((value for _, value in values), default=1.0) or 1.0
    room = _WIDTH - _LABEL - 150
    parts = []
    for index, (label, value) in enumerate(values):
        top = _TOP + index * _ROW
        width = max(1.0, value / longest * room)
        parts += [
            _text(_LABEL - 8, top + 15, label, anchor="end"),
            _box(_LABEL, top + 2, width, _ROW - 8, f'fill="{_colour(label)}"'),
            _text(_LABEL + width + 6, top + 15, f"{number(value)} {unit}"),
        ]
    return _page(title, parts, _TOP + len(values) * _ROW + 14)


def lines(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_unit: str, y_unit: str
) -> str:
    """Return a line for each name over logarithmic axes."""
    points = [point for line in series.values() for point in line]
    if not points:
        return _page(title, [], _TOP)
    xs, ys = _Axis([x for x, _ in points]), _Axis([y for _, y in points])
    left, top, width, height = _PLOT
    parts = [_box(left, top, width, height, 'fill="none" stroke="#8c959f" stroke-opacity=".5"')]
    for tick in ys.ticks():
        y = top + height * (1 - ys.at(tick))
        parts += [
            _rule(left, y, left + width, y),
            _text(left - 6, y + 4, number(tick), anchor="end"),
        ]
    for tick in xs.ticks():
        x = left + width * xs.at(tick)
        parts += [
            _rule(x, top, x, top + height),
            _text(x, top + height + 18, number(tick), anchor="middle"),
        ]
    for index, (name, line) in enumerate(series.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        spots = [(left + width * xs.at(x), top + height * (1 - ys.at(y))) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        key = top + 12 + index * 20
        parts += [
            _box(left + width + 14, key - 9, 10, 10, f'fill="{colour}"'),
            _text(left + width + 30, key, name),
        ]
    parts.append(_text(left, _HEIGHT - 8, f"x: {x_unit}; y: {y_unit}; both axes logarithmic"))
    return _page(title, parts, _HEIGHT)


class _Axis:
    """A logarithmic axis from one power of ten to another."""

    def __init__(self, values: Sequence[float]) -> None:
        positive = [value for value in values if value > 0] or [1.0]
        self._low = math.floor(math.log10(min(positive)))
        self._high = max(math.ceil(math.log10(max(positive))), self._low + 1)

    def at(self, value: float) -> float:
        """Return where a value lies, from 0 to 1."""
        exponent = math.log10(value) if value > 0 else self._low
        return (exponent - self._low) / (self._high - self._low)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [10.0**exponent for exponent in range(self._low, self._high + 1)]


def number(value: float) -> str:
    """Return a figure with three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _colour(label: str) -> str:
    if label.startswith("connector"):
        return _OURS
    return _FLOOR if label.startswith("floor") else _OTHERS


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} style="{_STYLE}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="#8c959f" stroke-opacity=".25"/>'


def _page(title: str, parts: Sequence[str], height: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">'
    )
    ground = '<rect width="100%" height="100%" rx="6" fill="#ffffff"/>'
    name = f'<text x="16" y="26" style="{_STYLE};font-weight:600">{escape(title)}</text>'
    return "\n".join([head, ground, name, *parts, "</svg>", ""])
