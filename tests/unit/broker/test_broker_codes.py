"""The catalogue of messages."""

from __future__ import annotations

import re
import string

from connector.broker import codes, tls_codes
from connector.errors import Text

ALL = (*codes.CATALOGUE, *tls_codes.CATALOGUE)


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_codes_are_unique_and_in_the_room_s_range() -> None:
    """Each code stands for one message and begins with EDX-60."""
    found = [text.code for text in ALL]
    assert len(set(found)) == len(found) > 40
    assert all(re.fullmatch(r"EDX-60\d\d", code) for code in found)


def test_both_languages_tell_the_same_facts() -> None:
    """Vietnamese and English use the same facts, in message and hint."""
    for text in ALL:
        assert _fields(text.en) == _fields(text.vi), text.code
        assert _fields(text.hint_en) == _fields(text.hint_vi), text.code


def test_the_catalogue_and_the_public_names_agree() -> None:
    """Every constant is exported and listed."""
    names = {name for name in codes.__all__ if isinstance(getattr(codes, name), Text)}
    assert len(names) == len(codes.CATALOGUE)
