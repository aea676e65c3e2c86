"""Settings of status sinks: where a legacy system learns what became of its documents."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator
from sqlalchemy import text

from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, Scalar, SettingProblem, Settings
from connector.config.suggest import did_you_mean
from connector.model.states import DeliveryState
from connector.sinks import system_codes
from connector.sinks.common_settings import RAW_VALUES, check_charset

__all__ = ["REPORTED", "STATUS_SINKS", "CsvStatusSettings", "SqlStatusSettings", "StatusSettings"]

REPORTED: Final = (
    *("event_id", "packet_id", "document_id", "code", "adapter", "source_key"),
    *("receiver", "state", "status", "reason", "at"),
)
"""What is known of each change; `event_id` never comes twice for two changes."""

_LINE: Final = ";".join(f'"{name}"' for name in REPORTED) + "0123456789,|\t\r\n"


class StatusSettings(Settings):
    """What both kinds say."""

    states: dict[str, Scalar] = Field(
        default={},
        title="Bảng trạng thái",
        description="State of a delivery → value in the legacy system; states that are not named "
        "are not reported. Without it every state under its own name.",
    )

    @model_validator(mode="after")
    def _known_states(self) -> Self:
        known = [state.value for state in DeliveryState]
        for name in self.states:
            if name not in known:
                facts: dict[str, Any] = {"state": name, "known": ", ".join(known)}
                facts |= did_you_mean(name, known)
                below = ("states", name)
                raise SettingProblem(system_codes.UNKNOWN_STATE, below=below, of_key=True, **facts)
        return self


class SqlStatusSettings(StatusSettings):
    """A statement in the legacy system's database, executed for each change."""

    type: Literal["sql"] = Field(title="Loại đích", description="Kind of the status sink.")
    url: str = Field(
        title="Địa chỉ cơ sở dữ liệu",
        description="SQLAlchemy URL without password.",
        min_length=1,
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu", description="Where the password is."
    )
    statement: str = Field(
        title="Câu lệnh",
        description="UPDATE or INSERT with :event_id, :packet_id, :document_id, :code, :adapter, "
        ":source_key, :receiver, :state, :status, :reason, :at. The same change may come again "
        "after a crash, with the same :event_id.",
        examples=["UPDATE VanBanDi SET TrangThai = :state WHERE MaVanBan = :source_key"],
        min_length=1,
    )

    @field_validator("statement")
    @classmethod
    def _known_names(cls, statement: str) -> str:
        for name in text(statement).compile().params:
            if name not in REPORTED:
                facts: dict[str, Any] = {"name": name, "known": ", ".join(REPORTED)}
                facts |= did_you_mean(name, REPORTED)
                raise SettingProblem(system_codes.UNKNOWN_PARAMETER, **facts)
        return statement


class CsvStatusSettings(StatusSettings):
    """A CSV file to which a line is appended for each change; the first line names the columns.

    What stands in the file is never cut. A file that begins otherwise, or ends in the midst of a
    line that is none of these, is left to a person, and the changes wait.
    """

    type: Literal["csv"] = Field(title="Loại đích", description="Kind of the status sink.")
    path: LocalPath = Field(
        title="Tệp",
        description="File in a directory that exists. To take lines away, rename the file: the "
        "next change begins it anew. A line that comes again has the same event_id.",
    )
    delimiter: str = Field(
        default=";", title="Dấu phân cách", description="One character.", pattern=r"^[,;\t|]$"
    )
    charset: str = Field(
        default="utf-8", title="Bảng mã", description="utf-8, tcvn3, vni, viscii, cp1258, …"
    )
    raw_values: bool = RAW_VALUES

    @field_validator("charset")
    @classmethod
    def _appendable(cls, charset: str) -> str:
        """Insist that what is written later reads on from what was written before."""
        check_charset(charset, ())
        twice = _LINE * 2
        try:
            whole = twice.encode(charset)
        except UnicodeEncodeError:
            whole = b""
        if whole != _LINE.encode("ascii") * 2 or whole != _LINE.encode(charset) * 2:
            raise SettingProblem(system_codes.NOT_APPENDED, charset=charset)
        return charset


STATUS_SINKS: Final[dict[str, type[SqlStatusSettings | CsvStatusSettings]]] = {
    "sql": SqlStatusSettings,
    "csv": CsvStatusSettings,
}
"""The settings model of each kind, by its `type`."""
