"""Attached files of a record: by path beside the export, or as bytes in a column."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, Self

from pydantic import Field, model_validator

from connector.config.settings import SettingProblem, Settings
from connector.config.suggest import did_you_mean
from connector.edxml.kinds import HEAD, contradiction, is_program
from connector.errors import Finding, RecordError
from connector.mapping import attachment_codes, codes, value_codes
from connector.mapping.text import checked
from connector.mapping.undecided import UNDECIDED
from connector.mapping.values import Refusal, is_empty, shown, text_of
from connector.model.content import BytesContent, Content
from connector.model.envelope import Attachment
from connector.model.identity import name_based
from connector.model.record import Record

__all__ = ["CONTENT_TYPES", "Attach", "AttachmentSettings", "LoadedFile", "attached", "load_files"]

Attach = Callable[[Record, str], Content]
"""Opens a file that a record names; raises RecordError (see `sources.base.Source.attachment`)."""

_NAMESPACE: Final = uuid.UUID("0d7c5ad2-3c0e-5d5e-9d6b-3f1b7a6c2e44")

CONTENT_TYPES: Final = MappingProxyType(
    {
        "pdf": "application/pdf",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "rtf": "application/rtf",
        "xml": "application/xml",
        "zip": "application/zip",
        "rar": "application/vnd.rar",
        "7z": "application/x-7z-compressed",
        "txt": "text/plain",
        "csv": "text/csv",
        "html": "text/html",
        "htm": "text/html",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "gif": "image/gif",
        "bmp": "image/bmp",
        "tif": "image/tiff",
        "tiff": "image/tiff",
    }
)
"""Content type by the extension of a file's name."""


class AttachmentSettings(Settings):
    """One place where files of a record are named or held."""

    column: str | None = Field(
        default=None,
        title="Cột đường dẫn tệp",
        description="Column with paths under the source's attachments_directory.",
        min_length=1,
    )
    split: str | None = Field(
        default=None,
        title="Dấu phân cách",
        description="Text between two paths in the column.",
        min_length=1,
    )
    blob: str | None = Field(
        default=None,
        title="Cột nội dung tệp",
        description="Column with the bytes of one file.",
        min_length=1,
    )
    name: str | None = Field(
        default=None,
        title="Cột tên tệp",
        description="Column with the file's name; needed for blob.",
        min_length=1,
    )
    content_type: str | None = Field(
        default=None,
        title="Loại nội dung",
        description="Content type of all these files; by default from the name's extension.",
        pattern=r"^[a-z0-9.+-]+/[A-Za-z0-9.+-]+$",
    )
    description: str | None = Field(
        default=None, title="Mô tả", description="Description of each file.", min_length=1
    )
    required: bool = Field(
        default=False, title="Bắt buộc", description="Whether every record must have such a file."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if UNDECIDED in self.columns:
            raise SettingProblem(value_codes.UNDECIDED)
        if (self.column is None) == (self.blob is None):
            raise SettingProblem(codes.NOT_ONE_SOURCE, names="column, blob")
        if (self.blob is None) != (self.name is None):
            raise SettingProblem(codes.NOT_ONE_SOURCE, names="column, blob + name")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the export must have for this."""
        return tuple(name for name in (self.column, self.blob, self.name) if name is not None)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file of a record before the document's id is known."""

    name: str
    content_type: str
    content: Content
    description: str | None


def load_files(
    settings: AttachmentSettings, record: Record, attach: Attach, findings: list[Finding]
) -> list[LoadedFile]:
    """Return the files of one entry; what is wrong is added to `findings`."""
    place = f"{record.place} [{settings.column or settings.blob}]"
    absent = [column for column in settings.columns if column not in record.values]
    if absent:
        findings.extend(
            codes.COLUMN_ABSENT.at(place, column=column, **did_you_mean(column, record.values))
            for column in absent
        )
        return []
    loaded: list[LoadedFile] = []
    before = len(findings)
    try:
        loaders = _loaders(settings, record, attach)
    except Refusal as refusal:
        findings.append(refusal.at(place))
        return []
    for load in loaders:
        try:
            loaded.append(load())
        except Refusal as refusal:
            findings.append(refusal.at(place))
        except RecordError as error:
            findings.extend(error.findings)
    if settings.required and not loaded and len(findings) == before:
        title = "Tệp đính kèm"
        findings.append(codes.MISSING_FIELD.at(place, field="attachments", title=title))
    return loaded


def attached(files: list[LoadedFile], document_id: str) -> tuple[Attachment, ...]:
    """Return the attachments; an id depends on document, position and content alone."""
    return tuple(
        Attachment(
            content_id=name_based(_NAMESPACE, f"{document_id}\n{index}\n{file.content.sha256}"),
            name=file.name,
            content_type=file.content_type,
            content=file.content,
            description=file.description,
        )
        for index, file in enumerate(files)
    )


def _loaders(
    settings: AttachmentSettings, record: Record, attach: Attach
) -> list[Callable[[], LoadedFile]]:
    """Return what loads each file, so that one that fails does not hide the next."""
    value = record.values[settings.column or settings.blob or ""]
    if is_empty(value):
        return []
    if settings.blob is not None:
        return [partial(_from_column, settings, record)]
    references = _references(text_of(value), settings.split)
    return [partial(_from_path, settings, record, attach, one) for one in references]


def _from_path(
    settings: AttachmentSettings, record: Record, attach: Attach, reference: str
) -> LoadedFile:
    checked(reference)
    return _loaded(settings, _last(reference), attach(record, reference))


def _from_column(settings: AttachmentSettings, record: Record) -> LoadedFile:
    content = record.values[settings.blob or ""]
    if not isinstance(content, bytes | bytearray | memoryview):
        raise Refusal(attachment_codes.NOT_BYTES, column=settings.blob)
    given = record.values[settings.name or ""]
    if is_empty(given):
        raise Refusal(attachment_codes.UNNAMED, column=settings.blob)
    name = _last(text_of(given).strip())
    return _loaded(settings, name, BytesContent(bytes(content)))


def _last(reference: str) -> str:
    """Return the last step of a path with slashes of either kind."""
    path = reference.replace("\\", "/")
    last = path.rpartition("/")[2]
    # A path object takes many times as long, and is only needed where the path ends oddly.
    return PurePosixPath(path).name if last in {"", "."} else last


def _references(text: str, split: str | None) -> list[str]:
    parts = text.split(split) if split is not None else [text]
    return [part.strip() for part in parts if part.strip()]


def _loaded(settings: AttachmentSettings, given: str, content: Content) -> LoadedFile:
    name = checked(given).strip()
    if not name:
        raise Refusal(attachment_codes.UNNAMED, column=settings.column or settings.blob)
    if content.size == 0:
        raise Refusal(attachment_codes.EMPTY, name=shown(name))
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    content_type = settings.content_type or CONTENT_TYPES.get(extension)
    if content_type is None:
        if is_program(b"", name, ""):
            raise Refusal(attachment_codes.PROGRAM, name=shown(name))
        known = ", ".join(CONTENT_TYPES)
        raise Refusal(attachment_codes.EXTENSION, name=shown(name), known=known)
    if settings.content_type is not None:
        _hold_to(content_type, name, content)
    return LoadedFile(name, content_type, content, settings.description)


def _hold_to(content_type: str, name: str, content: Content) -> None:
    """Refuse a file that belies the type which the adapter gives to all of them."""
    with content.open() as stream:
        head = stream.read(HEAD)
    if is_program(head, name, content_type):
        raise Refusal(attachment_codes.PROGRAM, name=shown(name))
    found = contradiction(head, name, content_type)
    if found is None:
        return
    claim, kind = found
    facts = {"content_type": content_type, "name": shown(name), "kind": kind.value}
    if "/" in claim:  # it is the type itself, no ending
        raise Refusal(attachment_codes.TYPE, **facts)
    raise Refusal(attachment_codes.KIND, claim=shown(claim), **facts)
