"""The `trust` section of connector.yaml: whom a node believes, and on which data."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from connector.config import codes
from connector.config.settings import LocalPath, Seconds, SettingProblem, Settings

__all__ = ["RevocationConfig", "TrustConfig"]

_FINGERPRINT = r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$"

Fingerprint = Annotated[
    str,
    Field(pattern=_FINGERPRINT),
    AfterValidator(lambda text: text.replace(":", "").lower()),
]
"""The SHA-256 of a certificate, colons allowed, kept as lower-case hex."""


class RevocationConfig(Settings):
    """What must be known of revoked certificates before a packet is believed."""

    mode: Literal["off", "crl", "crl_or_ocsp"] = Field(
        default="crl",
        title="Nguồn kiểm tra thu hồi",
        description=(
            "off: not consulted; crl: lists of crls_dir; crl_or_ocsp: also answers that the"
            " daemon fetches from the authorities' OCSP responders."
        ),
    )
    max_age_days: int = Field(
        default=7,
        title="Số ngày quá hạn được chấp nhận",
        description="Days after a list's nextUpdate on which it still counts, with a warning.",
        ge=0,
        le=366,
    )
    on_missing: Literal["hold", "accept"] = Field(
        default="hold",
        title="Khi thiếu dữ liệu thu hồi",
        description="hold: packets wait for data; accept: they pass with a warning.",
    )
    ocsp_url: str | None = Field(
        default=None,
        title="Địa chỉ OCSP",
        description="Responder to ask instead of those that the certificates name.",
        pattern=r"^https?://[!-~]+$",
    )
    ocsp_timeout_seconds: Seconds = Field(
        default=10.0,
        title="Thời gian chờ OCSP (giây)",
        description="Longest wait for one answer of a responder.",
        gt=0,
        le=120,
    )


class TrustConfig(Settings):
    """Whom the node believes."""

    anchors_dir: LocalPath = Field(
        title="Thư mục chứng thư gốc", description="Directory of root certificates (PEM)."
    )
    registry_file: LocalPath | None = Field(
        default=None,
        title="Sổ đăng ký người ký",
        description="File that says which certificate may sign for which agency.",
    )
    registry_signers: tuple[Fingerprint, ...] = Field(
        default=(),
        title="Người ký sổ đăng ký",
        description=(
            "SHA-256 of the certificates that may sign the registry; with any of them an"
            " unsigned registry is refused."
        ),
    )
    crls_dir: LocalPath | None = Field(
        default=None,
        title="Thư mục danh sách thu hồi",
        description="Directory of revocation lists (PEM or DER); without it none is consulted.",
    )
    revocation: RevocationConfig | None = Field(
        default=None,
        title="Kiểm tra thu hồi",
        description="Policy of revocation; by default crl if there is crls_dir, else off.",
    )

    @property
    def revocation_policy(self) -> RevocationConfig:
        """The policy in force."""
        if self.revocation is not None:
            return self.revocation
        return RevocationConfig(mode="off" if self.crls_dir is None else "crl")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.revocation is not None and self.revocation.mode == "crl" and not self.crls_dir:
            raise SettingProblem(codes.MISSING, below=("crls_dir",), key="crls_dir")
        if self.registry_signers and self.registry_file is None:
            raise SettingProblem(codes.MISSING, below=("registry_file",), key="registry_file")
        return self
