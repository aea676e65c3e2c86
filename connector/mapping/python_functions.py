"""The one escape hatch: functions in a file of Python beside adapter.yaml, value to value.

The file is read once; what was hashed is what runs. A function sees one value and nothing else of
the record. What it raises, or returns that is no value, refuses the record at its place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic import Field

from connector.config.settings import LocalPath, Settings
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Node
from connector.errors import ConfigError, Finding
from connector.mapping import value_codes
from connector.mapping.transform import Example, Parameters, Transform
from connector.mapping.values import Refusal, shown

__all__ = [
    "OWN_FUNCTION",
    "PYTHON_TRANSFORMS",
    "Function",
    "PythonSettings",
    "load_functions",
    "python_warnings",
]

OWN_FUNCTION: Final = "python"
"""The one transform that may give another value for the same one."""

Function = Callable[[object], object]
"""What a file offers: one value in, one value out."""

_VALUES: Final = (str, bool, int, float, dt.date)
_MAX_BYTES: Final = 1 << 20
_REASON: Final = 200


class PythonSettings(Settings):
    """A file of Python with functions for the transform python."""

    file: LocalPath = Field(
        title="Tệp Python", description="File in the adapter's own directory, such as rules.py."
    )
    enabled: bool = Field(
        default=False,
        title="Cho phép",
        description="Must be true; so that nobody runs an adapter's code without having been told.",
    )
    sha256: str | None = Field(
        default=None,
        title="SHA-256",
        description="Hex digest of the file; if given, any other content is refused.",
        pattern="^[0-9a-f]{64}$",
    )


class FunctionName(Parameters):
    """Which function of the adapter's file is meant."""

    function: str = Field(
        title="Hàm",
        description="Name of a function of the file under python.",
        pattern="^[A-Za-z][A-Za-z0-9_]*$",
        max_length=100,
    )

    @property
    def function_name(self) -> str:
        """The adapter's own function that the call needs."""
        return self.function


def load_functions(
    settings: PythonSettings | None, used: Mapping[str, str], node: Node
) -> dict[str, Function]:
    """Return the functions that an adapter uses, by name; `used` is name → place of its use.

    `node` is the part `python`. Runs the file. Raises ConfigError if it is not enabled, not in
    the adapter's directory, not the expected one, or lacks a function.
    """
    if not used:
        return {}
    if settings is None or not settings.enabled:
        places = dict.fromkeys(used.values())
        raise ConfigError(*(value_codes.PYTHON_NOT_ENABLED.at(place) for place in places))
    offered = _offered(settings, node)
    absent = [name for name in used if name not in offered]
    if absent:
        raise ConfigError(*(_absent(name, used[name], offered) for name in absent))
    return {name: _guarded(name, offered[name]) for name in used}


def python_warnings(settings: PythonSettings | None, node: Node) -> tuple[Finding, ...]:
    """Return the warning that an adapter runs code of its own; `node` is the part `python`."""
    if settings is None or not settings.enabled:
        return ()
    digest = hashlib.sha256(_content(settings, node)).hexdigest()
    return (
        value_codes.PYTHON_ENABLED.at(
            node.place(("file",)), file=settings.file.name, digest=digest
        ),
    )


def _offered(settings: PythonSettings, node: Node) -> dict[str, Function]:
    data = _content(settings, node)
    found = hashlib.sha256(data).hexdigest()
    if settings.sha256 is not None and settings.sha256 != found:
        raise ConfigError(value_codes.CONTENT_DIFFERS.at(node.place(("sha256",)), found=found))
    module = types.ModuleType("adapter_functions")
    module.__file__ = str(settings.file)
    try:
        exec(compile(data, str(settings.file), "exec"), module.__dict__)  # noqa: S102 - enabled
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"[:_REASON]
        place = _line_of(error, settings.file) or node.place(("file",))
        raise ConfigError(value_codes.PYTHON_UNREADABLE.at(place, reason=reason)) from error
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType) and not name.startswith("_")
    }


def _content(settings: PythonSettings, node: Node) -> bytes:
    place = node.place(("file",))
    directory = node.path.parent.resolve()
    path = settings.file.resolve()
    if not path.is_relative_to(directory):
        reason = "outside of the adapter's directory"
        raise ConfigError(value_codes.PYTHON_UNREADABLE.at(place, reason=reason))
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(value_codes.PYTHON_UNREADABLE.at(place, reason=reason)) from error
    if len(data) > _MAX_BYTES:
        reason = f"{len(data)} B > {_MAX_BYTES} B"
        raise ConfigError(value_codes.PYTHON_UNREADABLE.at(place, reason=reason))
    return data


def _line_of(error: BaseException, path: Path) -> str | None:
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{path}:{error.lineno}:{error.offset or 1}"
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return None if line is None else f"{path}:{line}:1"


def _absent(name: str, place: str, offered: Iterable[str]) -> Finding:
    return value_codes.PYTHON_UNKNOWN.at(place, name=name, **did_you_mean(name, offered))


def _guarded(name: str, function: Function) -> Function:
    """Return the function so that nothing but a value or a Refusal comes out of it."""

    def call(value: object) -> object:
        try:
            result = function(value)
        except (Exception, SystemExit) as error:
            reason = (str(error) or type(error).__name__)[:_REASON]
            facts = {"name": name, "value": shown(value), "reason": reason}
            raise Refusal(value_codes.PYTHON_FAILED, **facts) from error
        items = tuple(result) if isinstance(result, list | tuple) else (result,)
        for item in items:
            if item is not None and not isinstance(item, _VALUES):
                kind = type(item).__name__
                raise Refusal(value_codes.PYTHON_RESULT, name=name, kind=kind)
        return items if isinstance(result, list | tuple) else result

    return call


def _apply(value: object, function: Function) -> object:
    return function(value)


PYTHON_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name=OWN_FUNCTION,
        title="Hàm Python của adapter",
        doc="Calls a function of the file under python, the only code that an adapter may bring; "
        "what it raises refuses the record. A list is given item by item.",
        apply=_apply,
        parameters=FunctionName,
        examples=(Example("QD-28", "28/QĐ", "so_ky_hieu"),),
    ),
)
