"""The configuration of a node: connector.yaml."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from connector.config import codes
from connector.config.agency import AgencyConfig, OrganizationConfig, check_code
from connector.config.load import parse
from connector.config.schema import draft07
from connector.config.servers import BrokerConfig, StoreConfig, TlsConfig
from connector.config.settings import LocalPath, Seconds, SettingProblem, Settings
from connector.config.trust import RevocationConfig, TrustConfig
from connector.config.yaml_source import Node, load_yaml

__all__ = [
    "AgencyConfig",
    "BrokerConfig",
    "CatalogueConfig",
    "Environment",
    "LimitsConfig",
    "LogConfig",
    "MetricsConfig",
    "NodeConfig",
    "OrganizationConfig",
    "RetryConfig",
    "RevocationConfig",
    "SinkConfig",
    "StoreConfig",
    "TlsConfig",
    "TrustConfig",
    "check_code",
    "load_node",
    "node_json_schema",
]

CONFIG_VERSION: Final = 1
_MEBIBYTE: Final = 1024 * 1024
_AUTO: Final = "auto"
_LAST_PORT: Final = 65_535
_Workers = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"const": _AUTO}, {"type": "integer", "minimum": 0, "maximum": 32}]}),
]


class Environment(StrEnum):
    """Where packets of this node may go: a packet of one environment is refused in the other."""

    TEST = "test"
    PRODUCTION = "production"


class CatalogueConfig(Settings):
    """The list of agencies."""

    file: LocalPath | None = Field(
        default=None,
        title="Tệp danh mục cơ quan",
        description="Catalogue of agency codes; without it the list that is shipped.",
    )


class SinkConfig(Settings):
    """Where received documents go; further settings depend on the type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(title="Loại đích nhận", description="Kind of the sink.", min_length=1)
    serves: tuple[str, ...] = Field(
        default=(),
        title="Các mã được nhận",
        description="Served codes whose documents go here; by default all.",
    )


class LimitsConfig(Settings):
    """Bounds on what is read and written."""

    max_packet_bytes: int = Field(
        default=100_000_000,
        title="Gói tin tối đa (byte)",
        description="Largest packet.",
        ge=100_000,
    )
    max_attachment_bytes: int = Field(
        default=50 * _MEBIBYTE,
        title="Tệp đính kèm tối đa (byte)",
        description="Largest file.",
        ge=1000,
    )
    max_unfinished_packets: int = Field(
        default=256,
        title="Số gói tin nhận dở tối đa",
        description="Packets in parts that one sender may leave unfinished; beyond it the one that "
        "has waited longest goes, with an alarm, if none of its parts has come for an hour; beyond "
        "four times as many, or four times the bytes, it goes in any case.",
        ge=1,
        le=9000,
    )
    max_unfinished_bytes: int = Field(
        default=4096 * _MEBIBYTE,
        title="Dung lượng nhận dở tối đa (byte)",
        description="Bytes that the unfinished packets of one sender announce together.",
        ge=100_000,
    )


class RetryConfig(Settings):
    """How long and how often the node tries again."""

    first_seconds: Seconds = Field(
        default=5.0,
        title="Lần thử lại đầu (giây)",
        description="Wait before the second attempt.",
        gt=0,
    )
    max_seconds: Seconds = Field(
        default=3600.0, title="Khoảng chờ tối đa (giây)", description="Longest wait.", gt=0
    )
    park_after_seconds: Seconds = Field(
        default=259_200.0,
        title="Dừng thử sau (giây)",
        description="Age at which a delivery is parked for the operator.",
        gt=0,
    )
    hold_seconds: Seconds = Field(
        default=86_400.0,
        title="Chờ văn bản được nêu (giây)",
        description="How long a recall, update or replacement waits for the document it names.",
        gt=0,
    )

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.first_seconds > self.max_seconds:
            raise SettingProblem(
                codes.RETRY_SHRINKS,
                below=("first_seconds",),
                first=f"{self.first_seconds:g}",
                longest=f"{self.max_seconds:g}",
            )
        return self


class MetricsConfig(Settings):
    """Health and metrics over HTTP."""

    listen: str = Field(
        default="127.0.0.1:9464",
        title="Địa chỉ lắng nghe",
        description="host:port of /metrics, /livez and /readyz.",
        pattern=r"^.+:[0-9]{1,5}$",
    )

    @field_validator("listen")
    @classmethod
    def _is_a_port(cls, listen: str) -> str:
        port = int(listen.rpartition(":")[2])
        if port > _LAST_PORT:
            raise SettingProblem(codes.OUT_OF_RANGE, found=port, limit=f"<= {_LAST_PORT}")
        return listen


class LogConfig(Settings):
    """Log lines on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", title="Mức nhật ký", description="Least important lines that are written."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", title="Dạng nhật ký", description="auto: readable on a terminal, else JSON."
    )


class NodeConfig(Settings):
    """connector.yaml: one node, the agencies it speaks for and the servers it talks to."""

    config_version: int = Field(
        title="Phiên bản cấu hình",
        description="Version of this file's format.",
        json_schema_extra={"const": CONFIG_VERSION},
    )
    environment: Environment = Field(
        title="Môi trường", description="test or production; a mismatch on receipt is refused."
    )
    state_dir: LocalPath = Field(
        title="Thư mục trạng thái", description="Directory of store, spool and lock."
    )
    agencies: tuple[AgencyConfig, ...] = Field(
        title="Các cơ quan", description="Agencies that the node speaks for.", min_length=1
    )
    trust: TrustConfig = Field(title="Tin cậy", description="Root certificates and registry.")
    catalogue: CatalogueConfig = Field(
        default=CatalogueConfig(), title="Danh mục cơ quan", description="The list of agencies."
    )
    broker: BrokerConfig = Field(title="RabbitMQ", description="The broker.")
    store: StoreConfig = Field(
        default=StoreConfig(),
        title="Kho lưu trữ",
        description="Where outbox, inbox and journal live.",
    )
    adapters: tuple[LocalPath, ...] = Field(
        default=(), title="Các adapter", description="Directories that hold an adapter.yaml."
    )
    poll_seconds: Seconds = Field(
        default=30.0,
        title="Chu kỳ đọc nguồn (giây)",
        description="How often the adapters' exports are looked at.",
        gt=0,
    )
    seal_workers: _Workers = Field(
        default="auto",
        title="Số tiến trình ký",
        description="Processes that sign what is sent and check what arrives beside the daemon "
        "itself, 0 to 32; auto: as the machine's cores allow, 0: the daemon does it alone.",
        pattern=r"^(auto|[0-9]|[12][0-9]|3[0-2])$",
    )
    sinks: tuple[SinkConfig, ...] = Field(
        default=(), title="Các đích nhận", description="Where received documents go."
    )
    limits: LimitsConfig = Field(
        default=LimitsConfig(), title="Giới hạn", description="Bounds on what is read and written."
    )
    retry: RetryConfig = Field(
        default=RetryConfig(), title="Thử lại", description="How long and how often to try again."
    )
    metrics: MetricsConfig | None = Field(
        default=None,
        title="Số liệu vận hành",
        description="Health and metrics over HTTP; off without it.",
    )
    log: LogConfig = Field(default=LogConfig(), title="Nhật ký", description="Log lines.")

    _node: Node | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the file's positions, for the sections that other rooms parse."""
        self._node = context.get("node") if isinstance(context, dict) else None

    @field_validator("config_version")
    @classmethod
    def _known_version(cls, version: int) -> int:
        if version != CONFIG_VERSION:
            raise SettingProblem(codes.WRONG_VERSION, found=version, known=CONFIG_VERSION)
        return version

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_agencies()
        self._check_sinks()
        if len(set(self.adapters)) < len(self.adapters):
            index = next(i for i, path in enumerate(self.adapters) if path in self.adapters[:i])
            raise SettingProblem(
                codes.DUPLICATE_ADAPTER, below=("adapters", index), path=self.adapters[index]
            )
        if self.environment is Environment.PRODUCTION and _has_password(self.broker.url):
            raise SettingProblem(codes.INLINE_SECRET, below=("broker", "url"))
        return self

    def _check_agencies(self) -> None:
        seen: set[str] = set()
        for index, agency in enumerate(self.agencies):
            for code in agency.codes:
                if code in seen:
                    raise SettingProblem(
                        codes.DUPLICATE_AGENCY, below=("agencies", index), code=code
                    )
                seen.add(code)

    def _check_sinks(self) -> None:
        for index, sink in enumerate(self.sinks):
            for place, code in enumerate(sink.serves):
                if code not in self.served:
                    raise SettingProblem(
                        codes.SINK_FOR_UNSERVED,
                        below=("sinks", index, "serves", place),
                        code=code,
                        served=", ".join(self.served),
                    )

    @property
    def seal_worker_count(self) -> int | None:
        """How many processes seal packets beside the daemon, None if the machine decides."""
        return None if self.seal_workers == _AUTO else int(self.seal_workers)

    @property
    def served(self) -> tuple[str, ...]:
        """All codes whose documents this node delivers."""
        return tuple(code for agency in self.agencies for code in agency.codes)

    def agency(self, code: str) -> AgencyConfig | None:
        """Return the agency of the node with this code, None if there is none."""
        return next((agency for agency in self.agencies if agency.code == code), None)

    def agency_serving(self, code: str) -> AgencyConfig | None:
        """Return the agency of the node that serves a code, None if there is none."""
        return next((agency for agency in self.agencies if code in agency.codes), None)

    def section(self, *loc: str | int) -> Node:
        """Return one part of the file with its places, for the room that parses it."""
        return (self._node or Node(Path("connector.yaml"), {})).at(loc)

    def key_section(self, index: int) -> Node:
        """Return the `key` part of the agency at `index` of `agencies`."""
        return self.section("agencies", index, "key")

    def sink_section(self, index: int) -> Node:
        """Return the settings of the sink at `index` without `serves`, which is the node's."""
        return self.section("sinks", index).without("serves")


def load_node(path: Path) -> NodeConfig:
    """Read connector.yaml; relative paths count from its directory.

    Raises NoInputError if it is not there, ConfigError with all findings if it is wrong.
    """
    return parse(NodeConfig, load_yaml(path))


def node_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of connector.yaml."""
    return draft07(NodeConfig, "connector.yaml")


def _has_password(url: str) -> bool:
    user, at, _ = url.partition("://")[2].partition("@")
    return bool(at) and ":" in user
