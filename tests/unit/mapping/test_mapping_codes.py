from __future__ import annotations

import string

import pytest

from connector.errors import Text
from connector.mapping import attachment_codes, codes, value_codes

ROOMS = (attachment_codes, codes, value_codes)
ALL = tuple(text for room in ROOMS for text in room.CATALOGUE)


@pytest.mark.parametrize("text", ALL, ids=lambda text: text.code)
def test_texts_are_complete(text: Text) -> None:
    """Each text is of the room's range and says the same facts in both languages."""
    assert text.code.startswith("EDX-12")
    assert text.en
    assert text.vi
    assert bool(text.hint_en) == bool(text.hint_vi)
    assert _facts(text.en) == _facts(text.vi)


def test_catalogue_is_whole_and_codes_are_unique() -> None:
    """Every public constant is in the catalogue, no code stands twice."""
    for room in ROOMS:
        constants = [getattr(room, name) for name in room.__all__ if name != "CATALOGUE"]
        assert set(constants) == set(room.CATALOGUE)
    assert len({text.code for text in ALL}) == len(ALL)


def _facts(template: str) -> set[str]:
    names = {name or "" for _, name, _, _ in string.Formatter().parse(template) if name}
    return {name.removesuffix("_en").removesuffix("_vi") for name in names}
