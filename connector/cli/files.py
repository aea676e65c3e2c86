"""Reading the files that a verb is given."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connector.errors import NoInputError, Text

__all__ = ["CATALOGUE", "read_file"]

UNREADABLE: Final = Text(
    "EDX-9010",
    "the file cannot be read: {reason}",
    "không đọc được tệp: {reason}",
    "check the path and its permissions",
    "kiểm tra đường dẫn và quyền truy cập",
)

CATALOGUE: Final[tuple[Text, ...]] = (UNREADABLE,)


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        NoInputError: it is not there or not readable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoInputError(UNREADABLE.at(str(path), reason=error.strerror)) from error
