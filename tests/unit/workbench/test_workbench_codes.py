from __future__ import annotations

import string

import pytest

from connector.errors import Text
from connector.workbench import codes


@pytest.mark.parametrize("text", codes.CATALOGUE, ids=lambda text: text.code)
def test_texts_are_complete(text: Text) -> None:
    """Each text is of the room's range, with both languages, both hints and the same facts."""
    assert text.code.startswith("EDX-91")
    assert text.en
    assert text.vi
    assert text.hint_en
    assert text.hint_vi
    assert _facts(text.en) == _facts(text.vi)


def test_codes_are_unique() -> None:
    """No code stands for two messages."""
    assert len({text.code for text in codes.CATALOGUE}) == len(codes.CATALOGUE)


def _facts(template: str) -> set[str]:
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    return {name.removesuffix("_en").removesuffix("_vi") for name in names}
