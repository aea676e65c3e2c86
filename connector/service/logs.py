"""Log lines: readable on a terminal, one JSON object a line for journald; never a document."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import structlog

__all__ = ["configure_logs"]

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_MAX_VALUE: Final = 1000


def configure_logs(level: str = "info", style: str = "auto") -> None:
    """Send structured lines to standard error; libraries' own logs only from warning up."""
    readable = sys.stderr.isatty() if style == "auto" else style == "console"
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer()
        if readable
        else structlog.processors.JSONRenderer(serializer=_as_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            _shorten,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
    for quiet in ("signxml", "alembic"):
        logging.getLogger(quiet).setLevel(logging.ERROR)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # BrokerLost says it once, in one line


def _as_json(line: structlog.types.EventDict, default: Callable[[Any], Any]) -> str:
    """Write as `json.dumps` does, without making an encoder a line."""
    return _encoder(default).encode(line)


@lru_cache(maxsize=4)
def _encoder(default: Callable[[Any], Any]) -> json.JSONEncoder:
    return json.JSONEncoder(default=default)


def _shorten(
    _logger: structlog.types.WrappedLogger, _method: str, line: structlog.types.EventDict
) -> structlog.types.EventDict:
    for key, value in line.items():
        if type(value) is str and len(value) > _MAX_VALUE:
            line[key] = value[:_MAX_VALUE] + "…"
    return line
