"""File names that no document can abuse.

Names are generated: letters, digits and hyphens of the original remain, an ordinal stands first.
So traversal, device names, invisible or direction-changing characters and collisions cannot
occur; the original name is kept as data.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from typing import Final

__all__ = ["attachment_name", "plain_name"]

_STROKE: Final = str.maketrans("đĐ", "dD")
_OTHERS: Final = re.compile(r"[^A-Za-z0-9]+")
_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,10}")
_MAX_STEM: Final = 80


def attachment_name(ordinal: int, original: str, content_type: str) -> str:
    """Return the stored name of the `ordinal`-th attachment (from 1): ``01-Quyet-dinh.pdf``.

    Where the original has no extension, that of its content type is taken.
    """
    last = _visible(re.split(r"[/\\]", original)[-1]).strip(" .")
    stem, dot, extension = last.rpartition(".")
    if not dot or not _EXTENSION.fullmatch(extension):
        stem, extension = last, _extension_of(content_type)
    name = plain_name(stem) or "tep"
    return f"{ordinal:02d}-{name}.{extension.lower()}" if extension else f"{ordinal:02d}-{name}"


def plain_name(text: str, limit: int = _MAX_STEM) -> str:
    """Return a text in ASCII letters, digits and hyphens, at most `limit` long; may be empty."""
    bare = unicodedata.normalize("NFKD", _visible(text).translate(_STROKE))
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return _OTHERS.sub("-", letters).strip("-")[:limit].rstrip("-")


def _visible(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf"})


def _extension_of(content_type: str) -> str:
    known = mimetypes.MimeTypes(filenames=())
    return (known.guess_extension(content_type) or "").removeprefix(".")
