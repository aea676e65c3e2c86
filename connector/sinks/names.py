"""File names that no document can abuse.

Names are generated: letters, digits and hyphens of the original remain, an ordinal stands first.
So traversal, device names, invisible or direction-changing characters and collisions cannot
occur; the original name is kept as data.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from connector.edxml.endings import runs, split_name, visible

__all__ = ["attachment_name", "plain_name"]

_STROKE: Final = str.maketrans("đĐ", "dD")
_OTHERS: Final = re.compile(r"[^A-Za-z0-9]+")
_MAX_STEM: Final = 80
_MAX_EXTENSION: Final = 11
"""A runnable one with what joins it to the stem; none is longer."""


def attachment_name(ordinal: int, original: str, content_type: str) -> str:
    """Return the stored name of the `ordinal`-th attachment (from 1): ``01-Quyet-dinh.pdf``.

    Where the original has no extension, that of its content type is taken. Programs do not get as
    far as here; should one do so, its extension is a part of the name that opens nothing.
    """
    stem, extension = split_name(original, content_type)
    if runs(extension):
        stem, extension = f"{plain_name(stem, _MAX_STEM - _MAX_EXTENSION)}-{extension}", ""
    name = plain_name(stem) or "tep"
    return f"{ordinal:02d}-{name}.{extension}" if extension else f"{ordinal:02d}-{name}"


def plain_name(text: str, limit: int = _MAX_STEM) -> str:
    """Return a text in ASCII letters, digits and hyphens, at most `limit` long; may be empty."""
    bare = unicodedata.normalize("NFKD", visible(text).translate(_STROKE))
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return _OTHERS.sub("-", letters).strip("-")[:limit].rstrip("-")
