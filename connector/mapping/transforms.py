"""The closed table of transforms, and calls of them as they stand in adapter.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, InstanceOf, ValidationError, ValidationInfo, WithJsonSchema

from connector.config.schema import draft07
from connector.config.settings import NestedProblem, SettingProblem
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Loc
from connector.mapping import codes
from connector.mapping.code_transforms import CODE_TRANSFORMS
from connector.mapping.date_transforms import DATE_TRANSFORMS
from connector.mapping.python_functions import PYTHON_TRANSFORMS, Function
from connector.mapping.receiver_transforms import RECEIVER_TRANSFORMS
from connector.mapping.subject_transforms import SUBJECT_TRANSFORMS
from connector.mapping.tables import CodeTable
from connector.mapping.text_transforms import TEXT_TRANSFORMS
from connector.mapping.transform import Lookup, Parameters, Transform
from connector.mapping.values import is_empty
from connector.mapping.working_days import WORKING_DAY_TRANSFORMS

__all__ = ["TRANSFORMS", "BoundTransform", "TransformCall", "TransformSetting", "bind", "call"]

TRANSFORMS: Final[Mapping[str, Transform]] = MappingProxyType(
    {
        transform.name: transform
        for transform in (
            *TEXT_TRANSFORMS,
            *DATE_TRANSFORMS,
            *WORKING_DAY_TRANSFORMS,
            *CODE_TRANSFORMS,
            *SUBJECT_TRANSFORMS,
            *RECEIVER_TRANSFORMS,
            *PYTHON_TRANSFORMS,
        )
    }
)
"""Every transform that an adapter can name; nothing can be added at run time."""


@dataclass(frozen=True, slots=True)
class TransformCall:
    """A transform with its parameters, as an adapter names it."""

    transform: Transform
    parameters: Parameters

    @property
    def table(self) -> str | None:
        """The code table that the call needs."""
        return self.parameters.table_name

    @property
    def function(self) -> str | None:
        """The adapter's own function that the call needs."""
        return self.parameters.function_name


@dataclass(frozen=True, slots=True)
class BoundTransform:
    """A transform ready to be applied."""

    name: str
    function: Callable[[object], object]


def call(name: str, argument: Any = None, *, context: Any = None) -> TransformCall:
    """Return the call of a transform with an argument as it stands in a file.

    Raises SettingProblem for an unknown name and pydantic's ValidationError for a bad argument.
    """
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise SettingProblem(codes.UNKNOWN_TRANSFORM, name=name, **did_you_mean(name, TRANSFORMS))
    parameters = transform.parameters.model_validate(argument, context=context)
    return TransformCall(transform, parameters)


def bind(
    calls: Sequence[TransformCall],
    tables: Mapping[str, CodeTable],
    functions: Mapping[str, Function] = MappingProxyType({}),
) -> list[BoundTransform]:
    """Return the transforms of a field, joined with the tables and functions that they use."""
    return [
        BoundTransform(one.transform.name, _bound(one.transform, _given(one, tables, functions)))
        for one in calls
    ]


def _given(
    one: TransformCall, tables: Mapping[str, CodeTable], functions: Mapping[str, Function]
) -> object:
    if one.table is not None:
        return Lookup(tables[one.table], one.parameters)
    return one.parameters if one.function is None else functions[one.function]


def _bound(transform: Transform, parameters: object) -> Callable[[object], object]:

    def single(value: object) -> object:
        if is_empty(value) and not transform.on_empty:
            return value
        return transform.apply(value, parameters)

    def each(value: object) -> object:
        return tuple(_flat(map(single, value))) if isinstance(value, tuple) else single(value)

    return single if transform.on_lists else each


def _flat(values: Iterator[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, tuple):
            yield from value
        else:
            yield value


def _read(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, TransformCall):
        return value
    below: Loc = ()
    if isinstance(value, str):
        name, argument = value, None
    elif isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        below = (name,)
    else:
        raise SettingProblem(codes.NOT_A_TRANSFORM)
    try:
        return call(name, argument, context=info.context)
    except SettingProblem as problem:
        raise SettingProblem(
            problem.text, below=below, of_key=bool(below), **problem.facts
        ) from None
    except ValidationError as error:
        raise NestedProblem(error, TRANSFORMS[name].parameters, below) from None


def _schema() -> dict[str, Any]:
    """Return the JSON Schema of one entry of `transforms`."""
    bare = [name for name, one in TRANSFORMS.items() if not _required(one.parameters)]
    named = [
        {
            "type": "object",
            "title": one.title,
            "description": one.doc,
            "properties": {name: _argument_schema(one.parameters)},
            "required": [name],
            "additionalProperties": False,
        }
        for name, one in TRANSFORMS.items()
        if one.parameters.model_fields
    ]
    return {"anyOf": [{"enum": bare}, *named]}


def _argument_schema(parameters: type[Parameters]) -> dict[str, Any]:
    whole = draft07(parameters, parameters.__name__)
    del whole["$schema"]
    first = next(iter(whole["properties"].values()))
    forms = [{"type": ["string", "number", "boolean"]}, first, whole]
    return {
        "anyOf": forms if set(whole.get("required", ())) <= set(_first(parameters)) else [whole]
    }


def _first(parameters: type[Parameters]) -> list[str]:
    return list(parameters.model_fields)[:1]


def _required(parameters: type[Parameters]) -> bool:
    return any(field.is_required() for field in parameters.model_fields.values())


TransformSetting = Annotated[
    InstanceOf[TransformCall], BeforeValidator(_read), WithJsonSchema(_schema())
]
"""A transform in a settings model: a name, or one name with its argument."""
