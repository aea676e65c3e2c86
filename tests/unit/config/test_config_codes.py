from __future__ import annotations

import string

import pytest

from connector.config import codes
from connector.config.suggest import closest, did_you_mean
from connector.errors import Text


@pytest.mark.parametrize("text", codes.CATALOGUE, ids=lambda text: text.code)
def test_texts_are_complete(text: Text) -> None:
    """Each text is of the room's range and says the same facts in both languages."""
    assert text.code.startswith("EDX-10")
    assert text.en
    assert text.vi
    assert bool(text.hint_en) == bool(text.hint_vi)
    assert _neutral(text.en) == _neutral(text.vi)


def test_catalogue_is_whole_and_codes_are_unique() -> None:
    """Every constant is in the catalogue, no code stands twice."""
    constants = [value for value in vars(codes).values() if isinstance(value, Text)]
    assert len(constants) == len(codes.CATALOGUE)
    assert len({text.code for text in constants}) == len(constants)


@pytest.mark.parametrize(
    ("word", "expected"), [("widnow", "window"), ("WINDOW", "window"), ("zzz", None)]
)
def test_closest(word: str, expected: str | None) -> None:
    """The likest name is suggested, nothing if none is like it."""
    assert closest(word, ["window", "url"]) == expected


def test_no_suggestion_is_empty_in_both_languages() -> None:
    """Without a likely name the facts are empty texts."""
    assert did_you_mean("zzz", ["window"]) == {"suggestion_en": "", "suggestion_vi": ""}


def _neutral(template: str) -> set[str]:
    names = {name or "" for _, name, _, _ in string.Formatter().parse(template) if name}
    return {name.removesuffix("_en").removesuffix("_vi") for name in names}
