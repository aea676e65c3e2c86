"""Where an agency's signing key lies: the `key` of an agency in ``connector.yaml``."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from connector.config.load import parse
from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, Settings
from connector.config.yaml_source import Node
from connector.errors import ConfigError
from connector.trust import codes

__all__ = ["KEY_MODELS", "KeySettings", "PemKey", "Pkcs12Key", "parse_key_settings"]


class PemKey(Settings):
    """A private key and its certificates in PEM files."""

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


KeySettings = PemKey | Pkcs12Key
"""Any kind of key."""

KEY_MODELS: Final[dict[str, type[PemKey | Pkcs12Key]]] = {
    "pem": PemKey,
    "pkcs12": Pkcs12Key,
}
"""The settings model of each kind of key, by its `type`."""


def parse_key_settings(node: Node) -> KeySettings:
    """Return the settings of a `key` section; ConfigError has one finding per problem."""
    kind = node.get(("type",))
    if kind not in KEY_MODELS:
        raise ConfigError(codes.KEY_SETTINGS.at(node.place(("type",)), found=kind))
    return parse(KEY_MODELS[kind], node)
