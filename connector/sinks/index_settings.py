"""Settings of the file that a folder sink writes in the legacy system's own shape."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from connector.config.settings import Scalar, SettingProblem, Settings
from connector.sinks import codes
from connector.sinks.cells import fitted
from connector.sinks.common_settings import RAW_VALUES, DateFormat, check_charset, check_fields

__all__ = ["IndexFile"]

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}(?<!\.)")
"""Windows, which may see the directory as a share, drops a dot at the end."""
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)", re.IGNORECASE)
_OURS: Final = re.compile(
    r"[0-9]{2,}-.*|updates|packet\.edxml|recall\.edxml"
    r"|(document|verification|replaced|cancelled)\.json"
)
"""What the sink itself may put into a document's directory, attachments included."""


class IndexFile(Settings):
    """A file beside the document's own, which the legacy system's import reads.

    It appears with the rest of the directory, at once. A text that the charset cannot hold is a
    finding, and the document is parked: no character is ever replaced.
    """

    file: str = Field(
        title="Tên tệp",
        description="Name of the file in each document's directory.",
        examples=["vanban.csv"],
    )
    format: Literal["csv", "json"] = Field(
        title="Dạng tệp",
        description="csv: one line, values in the order of the columns, white space as single "
        "blanks; json: one object, a dot in a name makes an object.",
    )
    charset: str = Field(
        default="utf-8",
        title="Bảng mã",
        description="utf-8, utf-8-sig (with BOM), tcvn3, vni, viscii, cp1258, ….",
    )
    small_capitals: bool = Field(
        default=False,
        title="Thay chữ hoa thiếu bằng chữ thường",
        description="Write the small letter where the charset has no capital with that mark "
        "(tcvn3); otherwise such a document waits for a person.",
    )
    delimiter: str = Field(
        default=";",
        title="Dấu phân cách",
        description="Of csv: one of comma, semicolon, tab and vertical bar.",
        pattern=r"^[,;\t|]$",
    )
    header: bool = Field(
        default=True,
        title="Có dòng tiêu đề",
        description="Of csv: whether the first line holds the names of the columns.",
    )
    raw_values: bool = RAW_VALUES
    columns: dict[str, str] = Field(
        title="Các cột",
        description="Name in the legacy system → field of the document, such as TrichYeu: subject.",
        min_length=1,
    )
    constants: dict[str, Scalar] = Field(
        default={},
        title="Giá trị cố định",
        description="Name in the legacy system → text that every document gets.",
    )
    files_column: str | None = Field(
        default=None,
        title="Cột tên tệp đính kèm",
        description="Name under which the stored names of the attached files stand: a list in "
        "json, joined by '; ' in csv.",
        min_length=1,
    )
    date_format: DateFormat = Field(
        default="yyyy-MM-dd", title="Dạng ngày", description="How dates are written."
    )

    @field_validator("file")
    @classmethod
    def _name_of_its_own(cls, file: str) -> str:
        if not _NAME.fullmatch(file) or _OURS.fullmatch(file.lower()) or _DEVICE.match(file):
            raise SettingProblem(codes.INDEX_NAME, file=file)
        return file

    @model_validator(mode="after")
    def _known(self) -> Self:
        check_fields(self.columns, "columns")
        check_charset(self.charset)
        return self

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        """Compare names as they are written: two may become one in a legacy charset.

        Large and small letters are one, as they are to most imports.
        """
        written = self.format == "json" or self.header
        taken: set[str] = set()
        for place, text in self._names():
            of_key = len(place) > 1
            name = self._held(text, place, of_key=of_key).casefold() if written else text
            if name in taken or (self.format == "json" and _nested(name, taken)):
                raise SettingProblem(codes.COLUMN_TWICE, below=place, of_key=of_key, column=text)
            taken.add(name)
        return self

    @model_validator(mode="after")
    def _writable(self) -> Self:
        """Refuse constants now that could not be written with any document."""
        for name, text in self.constants.items():
            self._held(text, ("constants", name), of_key=False)
        return self

    def _names(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for part in ("columns", "constants"):
            yield from (((part, name), name) for name in getattr(self, part))
        if self.files_column is not None:
            yield ("files_column",), self.files_column

    def _held(self, text: str, place: tuple[str, ...], *, of_key: bool) -> str:
        """Return a text as it will be read in the file."""
        try:
            held = fitted(text, self.charset, small_capitals=self.small_capitals)
        except UnicodeEncodeError as error:
            facts: dict[str, Any] = {"character": error.object[error.start : error.end]}
            facts |= {"path": ".".join(place), "charset": self.charset}
            raise SettingProblem(codes.CHARSET, below=place, of_key=of_key, **facts) from None
        return unicodedata.normalize("NFC", held)


def _nested(name: str, taken: Iterable[str]) -> bool:
    """Tell whether one name stands for an object in which, or as which, another stands."""
    return any(f"{a}.".startswith(f"{b}.") for one in taken for a, b in ((one, name), (name, one)))
