from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import Field, ValidationError, model_validator
from pydantic_core import core_schema

from connector.config import codes
from connector.config.complaints import complaints
from connector.config.load import LocalPath, SettingProblem, Settings, findings_of, parse
from connector.config.settings import NestedProblem, SettingProblems
from connector.config.yaml_source import Node, parse_yaml
from connector.errors import ConfigError, Finding


class Colour(StrEnum):
    """An enumeration of settings."""

    RED = "red"
    GREEN = "green"


class Inner(Settings):
    """A nested group."""

    window: int = Field(default=1, ge=1, le=9)
    code: str = Field(default="x", min_length=1, pattern="^[a-z0-9]+$")


class Cat(Settings):
    """One kind of a union."""

    type: Literal["cat"]
    lives: int = 9


class Dog(Settings):
    """Another kind of a union."""

    type: Literal["dog"]
    name: str = "Vàng"


class Outer(Settings):
    """Everything that settings use."""

    name: str
    flag: bool = False
    maybe: bool | None = None
    count: int | None = None
    ratio: float = 0.5
    colour: Colour = Colour.RED
    level: Literal["info", "debug"] = "info"
    day: dt.date | None = None
    path: LocalPath | None = None
    items: tuple[str, ...] = ()
    inner: Inner = Inner()
    many: dict[str, Inner] = Field(default={})
    pet: Annotated[Cat | Dog, Field(discriminator="type")] | None = None


def node(text: str) -> Node:
    """Read settings from memory as a file of /etc/x."""
    return parse_yaml(text.encode(), Path("/etc/x/a.yaml"), environ={})


def findings(text: str) -> list[Finding]:
    """Return what is wrong with an Outer."""
    return list(findings_of(Outer, node(text)))


def one(text: str) -> Finding:
    """Return the only finding."""
    (found,) = findings(text)
    return found


def test_texts_are_converted_exactly() -> None:
    """Numbers, booleans, dates, enumerations and lists are read from text."""
    parsed = parse(
        Outer,
        node(
            "name: 0012\nflag: true\nmaybe: false\ncount: -3\nratio: 1.5\ncolour: green\n"
            "day: 2026-01-31\nitems: [01, no]\ninner: {window: 009}\nmany: {a: {code: '7'}}\n"
            "pet: {type: cat, lives: 7}"
        ),
    )
    assert parsed.name == "0012"
    assert (parsed.flag, parsed.maybe, parsed.count, parsed.ratio) == (True, False, -3, 1.5)
    assert parsed.colour is Colour.GREEN
    assert parsed.day == dt.date(2026, 1, 31)
    assert parsed.items == ("01", "no")
    assert parsed.inner.window == 9
    assert parsed.many["a"].code == "7"
    assert parsed.pet == Cat(type="cat", lives=7)


def test_settings_are_frozen() -> None:
    """Nobody changes settings after they were read."""
    parsed = parse(Outer, node("name: x"))
    with pytest.raises(ValidationError):
        parsed.name = "y"


def test_relative_paths_count_from_the_file() -> None:
    """A relative path is anchored at the file's directory, an absolute one stays."""
    assert parse(Outer, node("name: x\npath: keys/a.key")).path == Path("/etc/x/keys/a.key")
    assert parse(Outer, node("name: x\npath: /srv/a")).path == Path("/srv/a")


def test_part_of_a_file_is_parsed_with_its_places() -> None:
    """A section is parsed by itself; findings point into the whole file."""
    whole = node("x:\n  - {window: 0}\n")
    (found,) = findings_of(Inner, whole, ("x", 0))
    assert (found.code, found.place) == ("EDX-1014", "/etc/x/a.yaml:1:1".replace(":1:1", ":2:14"))


def test_unknown_key_is_placed_at_the_key_with_a_suggestion() -> None:
    """A misspelled setting is found where it stands, with the one that was meant."""
    found = one("name: x\ninner:\n  widnow: 5")
    assert (found.code, found.place) == ("EDX-1010", "/etc/x/a.yaml:3:3")
    assert "did you mean 'window'" in found.en
    assert "có phải ý bạn là 'window'" in found.vi
    assert "code" in found.hint_en


def test_unknown_key_inside_a_mapping_of_groups() -> None:
    """The suggestion comes from the group's own settings, not from the top."""
    found = one("name: x\nmany: {a: {cod: y}}")
    assert "'code'" in found.en
    assert found.place == "/etc/x/a.yaml:2:12"


def test_missing_key_is_placed_at_its_group() -> None:
    """A required setting that is absent is reported where it belongs."""
    found = one("flag: true")
    assert (found.code, found.place) == ("EDX-1011", "/etc/x/a.yaml:1:1")
    assert "'name'" in found.vi


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("flag: yes", "EDX-1012", "true or false"),
        ("flag: 1", "EDX-1012", "true or false"),
        ("maybe: True", "EDX-1012", "true or false"),
        ("count: 12.0", "EDX-1012", "a whole number"),
        ("count: 1_000", "EDX-1012", "a whole number"),
        ("count: ' 5'", "EDX-1012", "a whole number"),
        ("ratio: half", "EDX-1012", "a number"),
        ("ratio: nan", "EDX-1012", "a finite number"),
        ("day: 31/01/2026", "EDX-1012", "a date"),
        ("items: x", "EDX-1012", "a list"),
        ("inner: x", "EDX-1012", "a group of settings"),
        ("many: [x]", "EDX-1012", "a group of settings"),
        ("name: [x]", "EDX-1012", "a text"),
        ("name: ~", "EDX-1012", "a text"),
        ("colour: gren", "EDX-1013", "did you mean 'green'"),
        ("level: dbug", "EDX-1013", "info, debug"),
        ("inner: {window: 10}", "EDX-1014", "≤ 9"),
        ("inner: {window: 0}", "EDX-1014", "≥ 1"),
        ("inner: {code: ''}", "EDX-1015", "≥ 1"),
        ("inner: {code: A}", "EDX-1015", "^[a-z0-9]+$"),
        ("pet: {type: cow}", "EDX-1013", "cat, dog"),
        ("pet: {lives: 3}", "EDX-1011", "'type'"),
        ("pet: {type: cat, lives: x}", "EDX-1012", "a whole number"),
    ],
)
def test_wrong_values_are_told_in_both_languages(line: str, code: str, words: str) -> None:
    """Each kind of wrong value has its own code and words, and never pydantic's sentence."""
    text = line if line.startswith("name") else f"name: x\n{line}"
    found = one(text)
    assert found.code == code
    assert words in found.en
    assert found.vi
    assert "Input should" not in found.en + found.vi
    assert found.place.startswith("/etc/x/a.yaml:")


def test_all_problems_are_told_at_once() -> None:
    """One run of lint shows everything that is wrong."""
    found = findings("flag: yes\ncount: x\nfoo: 1")
    assert sorted(finding.code for finding in found) == [
        "EDX-1010",
        "EDX-1011",
        "EDX-1012",
        "EDX-1012",
    ]


def test_secrets_are_not_repeated_in_findings() -> None:
    """A wrong value under a key named like a secret, or in a URL, is not shown."""

    class Secretive(Settings):
        password: int = 1
        url: int = 1

    text = "password: hunter2\nurl: amqp://u:hunter2@h/"
    shown = " ".join(str(finding) for finding in findings_of(Secretive, node(text)))
    assert "hunter2" not in shown
    assert "amqp://u:***@h/" in shown


def test_long_values_are_shortened() -> None:
    """A finding shows the beginning of a long value only."""
    assert len(one(f"name: x\nlevel: {'y' * 500}").en) < 150


class Checked(Settings):
    """A model whose validators raise catalogue texts."""

    a: str = ""
    inner: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _check(self) -> Checked:
        if self.a == "one":
            raise SettingProblem(codes.NOT_A_CODE, below=("a",), value=self.a)
        if self.a == "two":
            below = ("inner", "k")
            raise SettingProblems(
                [
                    SettingProblem(codes.NOT_A_CODE, below=("a",), value="1"),
                    SettingProblem(codes.NOT_A_CODE, below=below, of_key=True, value="2"),
                ]
            )
        if self.inner:
            try:
                Inner.model_validate(self.inner)
            except ValidationError as error:
                raise NestedProblem(error, Inner, ("inner",)) from None
        return self


def test_validators_of_rooms_give_catalogue_findings() -> None:
    """A validator's own text reaches the reader with the place it names."""
    (found,) = findings_of(Checked, node("a: one"))
    assert (found.code, found.place) == ("EDX-1028", "/etc/x/a.yaml:1:4")


def test_validators_can_tell_several_problems() -> None:
    """One validator can find more than one thing."""
    found = findings_of(Checked, node("a: two\ninner:\n  k: v"))
    assert [finding.place for finding in found] == ["/etc/x/a.yaml:1:4", "/etc/x/a.yaml:3:3"]


def test_nested_models_keep_their_places() -> None:
    """Errors of a model that a validator applied itself are placed as if it were a field."""
    (found,) = findings_of(Checked, node("inner:\n  widnow: 1"))
    assert (found.code, found.place) == ("EDX-1010", "/etc/x/a.yaml:2:3")


def test_parse_raises_config_error() -> None:
    """Wrong settings end with 78."""
    with pytest.raises(ConfigError) as caught:
        parse(Outer, node("x: 1"))
    assert caught.value.exit_status == 78


NOT_FROM_FILES = {
    "no_such_attribute",
    "json_invalid",
    "json_type",
    "needs_python_object",
    "recursion_loop",
    "recursion_depth_exceeded",
    "get_attribute_error",
    "named_tuple_type",
    "default_factory_not_called",
    "iteration_error",
    "ordered_dict_type",
    "counter_type",
    "deque_type",
    "missing_sentinel_error",
    "ellipsis_error",
    "is_instance_of",
    "is_subclass_of",
    "callable_type",
    "arguments_type",
    "missing_argument",
    "unexpected_keyword_argument",
    "missing_keyword_only_argument",
    "unexpected_positional_argument",
    "missing_positional_only_argument",
    "multiple_argument_values",
    "fraction_type",
    "fraction_parsing",
    "complex_type",
    "complex_str_parsing",
    "invalid_key",
    "value_error",
    "assertion_error",
}


@pytest.mark.parametrize("kind", sorted(set(get_args(core_schema.ErrorType)) - NOT_FROM_FILES))
def test_every_error_of_pydantic_is_mapped(kind: str) -> None:
    """The border is complete: no error that a file can cause falls to the general finding."""

    class Fake(ValidationError):
        pass

    details = {"type": kind, "loc": ("name",), "msg": "raw", "input": "x", "ctx": {}}

    class Carrier:
        def errors(self, *, include_url: bool) -> list[dict[str, Any]]:
            assert not include_url
            return [details]

    (found,) = complaints(Carrier(), Outer, node("name: x"))  # type: ignore[arg-type]
    assert found.code != codes.OTHER.code
    assert "raw" not in found.en
