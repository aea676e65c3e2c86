"""Where an agency's signing key lies: the `key` of an agency in ``connector.yaml``."""

from __future__ import annotations

import string
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from connector.config.load import parse
from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, SettingProblem, Settings
from connector.config.yaml_source import Node
from connector.errors import ConfigError, Finding
from connector.trust import codes, key_codes

__all__ = [
    "KEY_MODELS",
    "KeySettings",
    "PemKey",
    "Pkcs11Key",
    "Pkcs12Key",
    "parse_key_list",
    "parse_key_settings",
]


class PemKey(Settings):
    """A private key and its certificates in PEM files.

    A key that systemd hands over (LoadCredential=g22.key:…) is a file like any other:
    ``key_file: ${CREDENTIALS_DIRECTORY}/g22.key``.
    """

    type: Literal["pem"] = Field(
        title="Loại khóa", description="Key and certificates in PEM files."
    )
    key_file: LocalPath = Field(
        title="Tệp khóa bí mật",
        description="Private key, PKCS#8 or traditional PEM; readable by its owner only.",
        examples=["keys/g22.key"],
    )
    certificate_file: LocalPath = Field(
        title="Tệp chứng thư",
        description="PEM certificates: the agency's own first, then the intermediate ones.",
        examples=["keys/g22.crt"],
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu khóa", description="Password of an encrypted key."
    )


class Pkcs12Key(Settings):
    """A private key and its certificates in one PKCS#12 file."""

    type: Literal["pkcs12"] = Field(
        title="Loại khóa", description="Key and certificates in one PKCS#12 file."
    )
    file: LocalPath = Field(
        title="Tệp PKCS#12",
        description="PKCS#12 file (.p12, .pfx); readable by its owner only.",
        examples=["keys/g22.p12"],
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu tệp", description="Password of the file."
    )


class Pkcs11Key(Settings):
    """A private key that stays on a token or HSM and signs there (PKCS#11, extra ``hsm``)."""

    type: Literal["pkcs11"] = Field(
        title="Loại khóa", description="Key on a token or HSM, reached by its PKCS#11 module."
    )
    module: LocalPath = Field(
        title="Mô-đun PKCS#11",
        description="Shared library of the token's vendor.",
        examples=["/usr/lib/softhsm/libsofthsm2.so"],
    )
    token_label: str | None = Field(
        default=None,
        title="Nhãn thiết bị",
        description="Label of the token; this or slot.",
        min_length=1,
        examples=["VPCP"],
    )
    slot: int | None = Field(
        default=None, title="Khe cắm", description="Number of the slot; this or token_label.", ge=0
    )
    key_label: str | None = Field(
        default=None,
        title="Nhãn khóa",
        description="Label of the key; this, key_id or both.",
        min_length=1,
        examples=["G22"],
    )
    key_id: str | None = Field(
        default=None,
        title="Mã khóa",
        description="Id of the key in hex, colons allowed.",
        min_length=1,
        examples=["01:a2"],
    )
    pin: SecretRef = Field(title="Mã PIN", description="PIN of the token's user.")
    certificate_file: LocalPath | None = Field(
        default=None,
        title="Tệp chứng thư",
        description="PEM certificates: the agency's own first, then the intermediate ones; "
        "without it they are read from the token.",
        examples=["keys/g22.crt"],
    )

    @field_validator("key_id")
    @classmethod
    def _is_hex(cls, value: str) -> str:
        digits = value.replace(":", "").lower()
        if len(digits) % 2 or not digits or set(digits) - set(string.hexdigits):
            raise SettingProblem(key_codes.TOKEN_KEY_ID, value=value)
        return digits

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.token_label is None) == (self.slot is None):
            raise SettingProblem(key_codes.TOKEN_CHOICE)
        if self.key_label is None and self.key_id is None:
            raise SettingProblem(key_codes.TOKEN_KEY_CHOICE)
        return self


KeySettings = PemKey | Pkcs12Key | Pkcs11Key
"""Any kind of key."""

KEY_MODELS: Final[dict[str, type[PemKey | Pkcs12Key | Pkcs11Key]]] = {
    "pem": PemKey,
    "pkcs12": Pkcs12Key,
    "pkcs11": Pkcs11Key,
}
"""The settings model of each kind of key, by its `type`."""


def parse_key_settings(node: Node) -> KeySettings:
    """Return the settings of one key; ConfigError has one finding per problem."""
    kind = node.get(("type",))
    if not isinstance(kind, str) or kind not in KEY_MODELS:
        raise ConfigError(codes.KEY_SETTINGS.at(node.place(("type",)), found=kind))
    return parse(KEY_MODELS[kind], node)


def parse_key_list(node: Node) -> tuple[KeySettings, ...]:
    """Return the settings of a `key` section: one key, or a list of old and new ones.

    ConfigError has one finding per problem.
    """
    if not isinstance(node.value, list):
        return (parse_key_settings(node),)
    if not node.value:
        raise ConfigError(key_codes.NO_KEYS.at(node.place()))
    found: list[KeySettings] = []
    findings: list[Finding] = []
    for index in range(len(node.value)):
        try:
            found.append(parse_key_settings(node.at((index,))))
        except ConfigError as error:
            findings += error.findings
    if findings:
        raise ConfigError(*findings)
    return tuple(found)
