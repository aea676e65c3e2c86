"""Settings of the agencies that a node speaks for."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from connector.config import codes
from connector.config.secrets import SecretRef
from connector.config.settings import SettingProblem, Settings
from connector.model.organ import is_routable, scheme_of
from connector.model.packet import CodeScheme

__all__ = ["AgencyConfig", "OrganizationConfig", "check_code"]


def check_code(code: str) -> str:
    """Return an agency code of QĐ 20/2020 unchanged; raises SettingProblem for any other."""
    if scheme_of(code) is not CodeScheme.QD20 or not is_routable(code):
        raise SettingProblem(codes.NOT_A_CODE, value=code)
    return code


class OrganizationConfig(Settings):
    """What a packet says of its sender beside code and name (QCVN 102, From)."""

    organ_name: str | None = Field(
        default=None, title="Tên cơ quan", description="Name of the agency as sender.", min_length=1
    )
    organization_in_charge: str | None = Field(
        default=None, title="Cơ quan chủ quản", description="Agency above the sender.", min_length=1
    )
    organ_add: str | None = Field(
        default=None, title="Địa chỉ", description="Postal address.", min_length=1
    )
    email: str | None = Field(
        default=None, title="Thư điện tử", description="E-mail address.", min_length=1
    )
    telephone: str | None = Field(
        default=None, title="Điện thoại", description="Telephone number.", min_length=1
    )
    fax: str | None = Field(default=None, title="Fax", description="Fax number.", min_length=1)
    website: str | None = Field(
        default=None, title="Trang thông tin điện tử", description="Web site.", min_length=1
    )


class AgencyConfig(Settings):
    """An agency for which the node sends and receives."""

    code: str = Field(
        title="Mã định danh cơ quan",
        description="Agency code after QĐ 20/2020, level 1 first, such as G22 or H41.02.",
    )
    name: str = Field(title="Tên cơ quan", description="Official name.", min_length=1)
    serves: tuple[str, ...] = Field(
        default=(),
        title="Các mã được phục vụ",
        description="Codes whose documents are delivered here; by default the agency's own.",
    )
    key: dict[str, Any] | tuple[dict[str, Any], ...] | None = Field(
        default=None,
        title="Khóa ký gói tin",
        description="Key and certificate that sign packets; its settings depend on its type. "
        "A list while the key is changed: the newest in force signs. "
        "Without a key the agency only receives, and sends no receipts.",
    )
    broker_password: SecretRef | None = Field(
        default=None,
        title="Mật khẩu RabbitMQ của cơ quan",
        description="Password of the agency's own RabbitMQ user, which is named by its code; "
        "needed when broker.url names no user.",
    )
    status_source: dict[str, Any] | None = Field(
        default=None,
        title="Nguồn trạng thái",
        description="Where the legacy system says how far received documents are; each change "
        "goes back to the sender.",
    )
    status_sink: dict[str, Any] | None = Field(
        default=None,
        title="Đích trạng thái",
        description="Where the legacy system learns what became of the documents it sent; its "
        "settings depend on its type.",
    )
    organization: OrganizationConfig = Field(
        default=OrganizationConfig(),
        title="Thông tin cơ quan",
        description="Further particulars of the sender.",
    )

    @field_validator("code")
    @classmethod
    def _is_code(cls, code: str) -> str:
        return check_code(code)

    @model_validator(mode="after")
    def _serves_codes(self) -> Self:
        for index, code in enumerate(self.serves):
            if scheme_of(code) is not CodeScheme.QD20 or not is_routable(code):
                raise SettingProblem(codes.NOT_A_CODE, below=("serves", index), value=code)
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes whose documents are delivered here, its own if none is listed."""
        return self.serves or (self.code,)
