"""adapter.yaml: how the records of one legacy export become documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, PrivateAttr, field_validator, model_validator

from connector.config import codes as config_codes
from connector.config.agency import OrganizationConfig, check_code
from connector.config.load import parse
from connector.config.schema import draft07
from connector.config.settings import Scalar, SettingProblem, SettingProblems, Settings
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Node, load_yaml
from connector.errors import ConfigError, Finding
from connector.mapping import codes, value_codes
from connector.mapping.attachments import AttachmentSettings
from connector.mapping.conditions import Condition
from connector.mapping.fields import FIELDS, parts_of
from connector.mapping.python_functions import Function, PythonSettings, load_functions
from connector.mapping.secrecy import SecrecySettings, check_table, looks_secret
from connector.mapping.start import StartSettings
from connector.mapping.tables import CodeTable, TableSettings, load_tables
from connector.mapping.transforms import TransformCall, TransformSetting
from connector.mapping.undecided import UNDECIDED
from connector.mapping.working_days import WorkingDays, check_holidays
from connector.model.packet import AttachmentEncoding, ChildOrder, CodeScheme

__all__ = [
    "ADAPTER_FILE",
    "AdapterSettings",
    "FieldSettings",
    "RouteSettings",
    "adapter_json_schema",
    "check_columns",
    "load_adapter",
]

ADAPTER_FILE: Final = "adapter.yaml"
_VERSION: Final = 1


class FieldSettings(Settings):
    """Where a field comes from and what is done to it."""

    column: str | None = Field(
        default=None, title="Cột", description="Column of the export.", min_length=1
    )
    columns: tuple[str, ...] | None = Field(
        default=None,
        title="Nhiều cột",
        description="Columns whose values make a list; empty ones are left out.",
        min_length=1,
    )
    value: Scalar | None = Field(
        default=None,
        title="Giá trị cố định",
        description="The same value for every record.",
        min_length=1,
    )
    transforms: tuple[TransformSetting, ...] = Field(
        default=(), title="Các phép biến đổi", description="Applied one after the other."
    )
    default: Scalar | None = Field(
        default=None,
        title="Giá trị mặc định",
        description="Value before the transforms where the record has none.",
        min_length=1,
    )
    required: bool | None = Field(
        default=None,
        title="Bắt buộc",
        description="Whether a record without it is refused; fields of every document always are.",
    )
    when: Condition | None = Field(
        default=None,
        title="Điều kiện",
        description="Where it does not hold, the field has no value (but its default).",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        for name in ("column", "value", "default"):
            if getattr(self, name) == UNDECIDED:
                raise SettingProblem(value_codes.UNDECIDED, below=(name,))
        if sum(given is not None for given in (self.column, self.columns, self.value)) != 1:
            raise SettingProblem(codes.NOT_ONE_SOURCE, names="column, columns, value")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that the field reads."""
        return (self.column,) if self.column is not None else self.columns or ()


class RouteSettings(Settings):
    """How the packets of this adapter are written."""

    order: ChildOrder = Field(
        default=ChildOrder.QCVN,
        title="Thứ tự phần tử",
        description="Order of the header's elements: QCVN 102, or the axis operator's Java SDK.",
    )
    attachment_encoding: AttachmentEncoding = Field(
        default=AttachmentEncoding.ZIP,
        title="Dạng tệp đính kèm",
        description="zip: single stored entry, which every receiver reads; raw: the file itself.",
    )
    code_scheme: CodeScheme = Field(
        default=CodeScheme.QD20,
        title="Cách viết mã cơ quan",
        description="Spelling of agency codes in packets: QĐ 20/2020 or QCVN 102:2016.",
    )


def _known_field(path: str) -> str:
    if path not in FIELDS:
        raise SettingProblem(
            codes.UNKNOWN_FIELD, of_key=True, field=path, **did_you_mean(path, FIELDS)
        )
    return path


FieldPath = Annotated[str, AfterValidator(_known_field)]


class AdapterSettings(Settings):
    """adapter.yaml: one legacy export, the agency that sends, and the mapping."""

    adapter_version: int = Field(
        title="Phiên bản cấu hình",
        description="Version of this file's format.",
        json_schema_extra={"const": _VERSION},
    )
    name: str = Field(
        title="Tên adapter",
        description="Short name in logs and in the store; never change it later.",
        pattern=r"^[a-z0-9][a-z0-9-]{0,59}$",
    )
    agency: str = Field(title="Cơ quan gửi", description="Code of the sending agency.")
    organization: OrganizationConfig = Field(
        default=OrganizationConfig(),
        title="Thông tin cơ quan gửi",
        description="Particulars of the sender that differ from the node's.",
    )
    source: dict[str, Any] = Field(
        title="Nguồn dữ liệu", description="The export; its settings depend on its type."
    )
    key: tuple[str, ...] = Field(
        title="Cột khóa",
        description="Columns that tell a record from all others of the export.",
        min_length=1,
    )
    secrecy: SecrecySettings = Field(
        title="Độ mật", description="How secret records are told; they are refused."
    )
    tables: dict[str, TableSettings] = Field(
        default={}, title="Các bảng mã", description="Code tables by name."
    )
    fields: dict[FieldPath, FieldSettings] = Field(
        title="Các trường", description="Fields of the document by path."
    )
    attachments: tuple[AttachmentSettings, ...] = Field(
        default=(), title="Tệp đính kèm", description="Where the files of a record are."
    )
    python: PythonSettings | None = Field(
        default=None,
        title="Hàm Python",
        description="Functions of the adapter's own, for what no transform can do.",
    )
    route: RouteSettings = Field(
        default=RouteSettings(), title="Cách gửi", description="How packets are written."
    )
    start_from: StartSettings | None = Field(
        default=None,
        title="Bắt đầu từ",
        description="From where records are taken: everything, a day of promulgation, or the "
        "number of a record. Earlier ones are skipped.",
    )
    first_collect_limit: int = Field(
        default=100,
        title="Giới hạn lần đầu",
        description="Without start_from a first collect of more records waits until it is "
        "confirmed: connector resume ADAPTER --yes.",
        ge=0,
    )

    _node: Node | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the file's positions for what is parsed or checked later."""
        self._node = context.get("node") if isinstance(context, dict) else None

    @field_validator("adapter_version")
    @classmethod
    def _known_version(cls, version: int) -> int:
        if version != _VERSION:
            raise SettingProblem(config_codes.WRONG_VERSION, found=version, known=_VERSION)
        return version

    @field_validator("agency")
    @classmethod
    def _is_code(cls, code: str) -> str:
        if code == UNDECIDED:
            raise SettingProblem(value_codes.UNDECIDED)
        return check_code(code)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*_tables_named(self), *_coverage(self.fields)]
        if problems:
            raise SettingProblems(problems)
        return self

    @property
    def node(self) -> Node:
        """The file with its positions; `source` is parsed by the room of sources from it."""
        return self._node or Node(Path(ADAPTER_FILE), self.model_dump())

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the export that this adapter reads, each once."""
        named = [column for _, column in _named_columns(self)]
        return tuple(dict.fromkeys(named))

    def load_tables(self) -> dict[str, CodeTable]:
        """Return the code tables; raises ConfigError with every finding of them."""
        tables = load_tables(self.tables, self.node.at(("tables",)))
        findings = [*self._secrecy_findings(tables), *self._holiday_findings(tables)]
        if findings:
            raise ConfigError(*findings)
        return tables

    def load_functions(self) -> dict[str, Function]:
        """Run the adapter's own code and return its functions; raises ConfigError."""
        used = {
            call.function: self.node.place(loc)
            for loc, call in _calls(self)
            if call.function is not None
        }
        return load_functions(self.python, used, self.node.at(("python",)))

    def _holiday_findings(self, tables: dict[str, CodeTable]) -> list[Finding]:
        names = {call.table for _, call in _calls(self) if isinstance(call.parameters, WorkingDays)}
        return [
            problem.text.at(self.node.place(("tables", name)), **problem.facts)
            for name in names
            if name is not None
            for problem in check_holidays(tables[name])
        ]

    def _secrecy_findings(self, tables: dict[str, CodeTable]) -> list[Finding]:
        name = self.secrecy.table
        if name is None:
            return []
        place = self.node.place(("tables", name))
        return [problem.text.at(place, **problem.facts) for problem in check_table(tables[name])]


def load_adapter(directory: Path) -> AdapterSettings:
    """Read the adapter.yaml of a directory; raises NoInputError or ConfigError."""
    return parse(AdapterSettings, load_yaml(directory / ADAPTER_FILE))


def adapter_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of adapter.yaml."""
    schema = draft07(AdapterSettings, ADAPTER_FILE)
    schema["properties"]["fields"]["propertyNames"] = {"enum": list(FIELDS)}
    return schema


def check_columns(settings: AdapterSettings, columns: Iterable[str]) -> tuple[Finding, ...]:
    """Return what in adapter.yaml does not fit the columns that the export has."""
    known = tuple(columns)
    node = settings.node
    findings = [
        codes.UNKNOWN_COLUMN.at(
            node.place(loc), column=column, known=", ".join(known), **did_you_mean(column, known)
        )
        for loc, column in _named_columns(settings)
        if column not in known
    ]
    if settings.secrecy.not_exported is not None:
        place = node.place(("secrecy",))
        secret = filter(looks_secret, known)
        findings.extend(codes.SECRECY_COLUMN_PRESENT.at(place, column=name) for name in secret)
    return tuple(findings)


def _named_columns(settings: AdapterSettings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, column in enumerate(settings.key):
        yield ("key", index), column
    if settings.secrecy.column is not None:
        yield ("secrecy", "column"), settings.secrecy.column
    if settings.start_from is not None and settings.start_from.column is not None:
        yield ("start_from", "column"), settings.start_from.column
    yield from _columns_of_fields(settings.fields)
    for index, entry in enumerate(settings.attachments):
        for name in ("column", "blob", "name"):
            value = getattr(entry, name)
            if value is not None:
                yield ("attachments", index, name), value


def _columns_of_fields(
    fields: dict[str, FieldSettings],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for path, field in fields.items():
        if field.column is not None:
            yield ("fields", path, "column"), field.column
        for index, column in enumerate(field.columns or ()):
            yield ("fields", path, "columns", index), column
        if field.when is not None:
            yield ("fields", path, "when", "column"), field.when.column


def _tables_named(settings: AdapterSettings) -> Iterator[SettingProblem]:
    known = settings.tables
    if settings.secrecy.table is not None and settings.secrecy.table not in known:
        yield _unknown_table(settings.secrecy.table, known, ("secrecy", "table"))
    for below, call in _calls(settings):
        if call.table is not None and call.table not in known:
            yield _unknown_table(call.table, known, below)


def _calls(settings: AdapterSettings) -> Iterator[tuple[tuple[str | int, ...], TransformCall]]:
    """Yield every call of a transform with its place."""
    for path, field in settings.fields.items():
        for index, call in enumerate(field.transforms):
            yield ("fields", path, "transforms", index, call.transform.name), call


def _unknown_table(name: str, known: Iterable[str], below: tuple[str | int, ...]) -> SettingProblem:
    return SettingProblem(codes.UNKNOWN_TABLE, below=below, name=name, **did_you_mean(name, known))


def _coverage(fields: dict[str, FieldSettings]) -> Iterator[SettingProblem]:
    for path, field in FIELDS.items():
        if not field.required:
            continue
        parts = parts_of(path)
        if path not in fields and not (parts and all(part in fields for part in parts)):
            yield SettingProblem(
                codes.REQUIRED_UNMAPPED, below=("fields",), field=path, title=field.title
            )
        elif path in fields and fields[path].required is False:
            yield SettingProblem(
                codes.REQUIRED_BY_LAW,
                below=("fields", path, "required"),
                field=path,
                title=field.title,
            )
    yield from _overlaps(fields)


def _overlaps(fields: dict[str, FieldSettings]) -> Iterator[SettingProblem]:
    for path in ("code", "document_type", "signer"):
        for part in fields:
            if path in fields and part.startswith(f"{path}.") and part != "signer.full_name":
                yield SettingProblem(
                    codes.FIELD_AND_PART,
                    below=("fields", part),
                    of_key=True,
                    field=path,
                    part=part,
                )
