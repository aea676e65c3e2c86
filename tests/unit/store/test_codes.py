from __future__ import annotations

import string

from connector.errors import Text
from connector.store import codes


def fields_of(template: str) -> set[str]:
    """Return the names of the facts that a sentence uses."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_catalogue_is_complete() -> None:
    """Every message of the room is in its catalogue, under a code of its own in 50xx."""
    constants = [value for value in vars(codes).values() if isinstance(value, Text)]
    assert sorted(codes.CATALOGUE, key=lambda text: text.code) == sorted(
        constants, key=lambda text: text.code
    )
    numbers = [text.code for text in codes.CATALOGUE]
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("EDX-50") for number in numbers)


def test_both_languages_tell_the_same_facts_and_a_next_step() -> None:
    """Vietnamese and English use the same facts, and each message has a hint."""
    for text in codes.CATALOGUE:
        assert fields_of(text.en) == fields_of(text.vi), text.code
        assert text.hint_en, text.code
        assert text.hint_vi, text.code
