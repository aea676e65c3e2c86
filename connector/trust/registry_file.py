"""The registry as a YAML file, which whoever runs the exchange hands to every node.

It reads::

registry_version: 1
version: 12
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    certificates:
      - sha256: 9f86d081…
        valid_from: 2026-01-01
        valid_to: 2028-01-01
    legacy: {allow: sha1, until: 2027-06-30, reason: system of 2014, contract 12/HĐ}

`version` is that of the content: it grows with each change, and no node goes back to an older
one. `legacy` lets an agency sign over SHA-1 for a while; every verdict about it carries a warning.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from connector.config.agency import check_code
from connector.config.settings import SettingProblem, Settings
from connector.trust import codes

__all__ = ["REGISTRY_VERSION", "AgencyEntry", "CertificateEntry", "LegacyEntry", "RegistryFile"]

REGISTRY_VERSION: Final = 1
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class CertificateEntry(Settings):
    """One certificate of an agency; both days are included, in Vietnam time."""

    sha256: str = Field(
        title="Dấu vân tay SHA-256", description="SHA-256 of the certificate, colons allowed."
    )
    valid_from: dt.date | None = Field(
        default=None, title="Từ ngày", description="First day on which it may sign."
    )
    valid_to: dt.date | None = Field(
        default=None, title="Đến ngày", description="Last day on which it may sign."
    )

    @field_validator("sha256")
    @classmethod
    def _is_fingerprint(cls, value: str) -> str:
        digits = value.replace(":", "").lower()
        if not _HEX.fullmatch(digits):
            raise SettingProblem(codes.REGISTRY_FINGERPRINT, value=value)
        return digits

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.valid_from, self.valid_to
        if first is not None and last is not None and last < first:
            raise SettingProblem(codes.REGISTRY_PERIOD, valid_from=first, valid_to=last)
        return self


class LegacyEntry(Settings):
    """Permission to sign over SHA-1 for a while, with its reason."""

    allow: Literal["sha1"] = Field(
        title="Thuật toán cũ", description="The old algorithm that is still accepted."
    )
    until: dt.date = Field(
        title="Đến hết ngày", description="Last day of the permission, in Vietnam time."
    )
    reason: str = Field(
        title="Lý do", description="Why it is needed, for whoever reviews it.", min_length=1
    )


class AgencyEntry(Settings):
    """An agency of the exchange with its certificates, old and new."""

    code: str = Field(
        title="Mã định danh cơ quan", description="Agency code after QĐ 20/2020, such as G22."
    )
    name: str = Field(title="Tên cơ quan", description="Official name.", min_length=1)
    certificates: tuple[CertificateEntry, ...] = Field(
        default=(), title="Các chứng thư", description="Certificates that sign for it."
    )
    legacy: LegacyEntry | None = Field(
        default=None,
        title="Chính sách chuyển tiếp",
        description="Permission to sign over SHA-1 for a while.",
    )

    @field_validator("code")
    @classmethod
    def _is_code(cls, code: str) -> str:
        return check_code(code)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for index, entry in enumerate(self.certificates):
            if entry.sha256 in seen:
                raise SettingProblem(
                    codes.REGISTRY_FINGERPRINT_TWICE,
                    below=("certificates", index),
                    sha256=entry.sha256,
                    code=self.code,
                )
            seen.add(entry.sha256)
        return self


class RegistryFile(Settings):
    """The registry as a file."""

    registry_version: int = Field(
        title="Phiên bản danh bạ",
        description="Version of this file's format.",
        json_schema_extra={"const": REGISTRY_VERSION},
    )
    version: int = Field(
        default=0,
        title="Phiên bản nội dung",
        description="Grows with each change; a node refuses to go back.",
        ge=0,
    )
    agencies: tuple[AgencyEntry, ...] = Field(
        title="Các cơ quan", description="Agencies with their certificates."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.registry_version != REGISTRY_VERSION:
            raise SettingProblem(
                codes.REGISTRY_VERSION, below=("registry_version",), found=self.registry_version
            )
        seen: set[str] = set()
        for index, agency in enumerate(self.agencies):
            if agency.code in seen:
                raise SettingProblem(
                    codes.REGISTRY_CODE_TWICE, below=("agencies", index), code=agency.code
                )
            seen.add(agency.code)
        return self
