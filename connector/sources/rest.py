"""Records of a web service with JSON: pages, login, files by address or in base64."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from connector.clock import Clock
from connector.errors import ConfigError, Finding, UnavailableError
from connector.model.content import BytesContent, Content
from connector.model.record import Cell, Record
from connector.sources import file_codes, remote_codes
from connector.sources.attachments import Attachments
from connector.sources.base import Refused
from connector.sources.embedded import Embedded, RecordWithFiles
from connector.sources.files import Where
from connector.sources.json import parsed_json, tree_of
from connector.sources.paged import Page, PagedSource, Shape, value_at
from connector.sources.rest_files import WebFiles
from connector.sources.rest_settings import FilesSettings, PagingSettings, RestSettings
from connector.sources.service import Service
from connector.sources.table import refused
from connector.sources.tree import Tree
from connector.sources.web import Answer, Request, Web, origin, shown
from connector.text.normalise import nfc

__all__ = ["decoded_base64", "open_rest"]

_WHOLE: Final = re.compile("0|-?[1-9][0-9]*")
_LINK: Final = re.compile(r'<([^<>]*)>[^,]*;\s*rel="?next"?', re.IGNORECASE)


def open_rest(settings: RestSettings, *, where: Where, base: Path, clock: Clock) -> PagedSource:  # noqa: ARG001 - openers are called alike
    """Return the source of a REST adapter; nothing is asked yet."""
    web = Web(settings.timeout_seconds, settings.ca_file, where)
    service = Service(web, settings.auth, where)
    if settings.attachments_url is not None:
        url = settings.attachments_url
        beside: Any = WebFiles(service, url, settings.max_attachment_bytes)
    else:
        beside = Attachments(settings.attachments_directory)
    start = settings.cursor_start
    shape = Shape(
        name=_name(settings.url),
        tree=_Trees(settings.files),
        columns=tuple(settings.columns) if settings.columns else None,
        separator=settings.list_separator,
        cursor_column=settings.cursor_column,
        cursor_start=int(start) if _WHOLE.fullmatch(start) else start,
        id_column=settings.id_column,
        finish=_Decoded(tuple(settings.base64_columns)),
    )
    return PagedSource(_RestPages(settings, service, where), shape, Embedded(beside), where)


@dataclass(frozen=True, slots=True)
class _RestPages:
    settings: RestSettings
    service: Service
    where: Where

    @property
    def chained(self) -> bool:
        return self.settings.paging is not None and self.settings.paging.by in {"link", "token"}

    def walk(self, cursor: Cell) -> Iterator[Page]:
        mark: object = None
        seen: set[object] = set()
        while True:
            page, digest = self._fetch(cursor, mark)
            if (page.values and digest in seen) or page.following in seen:
                raise ConfigError(remote_codes.PAGES_WITHOUT_END.at(self.where("paging")))
            seen.add(digest)
            yield page
            if page.following is None:
                return
            mark = page.following
            if self.chained:
                seen.add(mark)

    def _fetch(self, cursor: Cell, mark: object) -> tuple[Page, str]:
        answer = self.service.ask(self._request(cursor, mark), self.settings.max_page_bytes)
        value = _json(answer, self.where)
        found = value_at(value, self.settings.records) if self.settings.records else value
        if not isinstance(found, list):
            path = self.settings.records or "."
            raise ConfigError(file_codes.JSON_PATH.at(self.where("records"), path=path))
        following = self._following(mark, found, value, answer)
        return Page(tuple(found), following), hashlib.sha256(answer.body).hexdigest()

    def _request(self, cursor: Cell, mark: object) -> Request:
        used = self.settings
        paging = used.paging
        if paging is not None and paging.by == "link" and isinstance(mark, str):
            return Request(mark, used.method, used.headers, self._body({}))
        sent: dict[str, str | int] = dict(used.parameters)
        if used.cursor_parameter is not None:
            sent[used.cursor_parameter] = _parameter(cursor)
        sent |= _page_parameters(paging, mark)
        if used.method == "GET":
            return Request(_with_query(used.url, sent), "GET", used.headers)
        return Request(used.url, "POST", used.headers, self._body(sent))

    def _body(self, sent: Mapping[str, str | int]) -> bytes | None:
        if self.settings.method == "GET":
            return None
        return json.dumps(json.loads(self.settings.body or "{}") | dict(sent)).encode()

    def _following(self, mark: object, found: list[Any], value: Any, answer: Answer) -> object:
        paging = self.settings.paging
        if paging is None or (not found and paging.by in {"page", "offset"}):
            return None
        if paging.by == "page":
            return (mark if isinstance(mark, int) else paging.first) + 1
        if paging.by == "offset":
            return (mark if isinstance(mark, int) else 0) + len(found)
        told = value_at(value, paging.path) if paging.path else _link(answer)
        if told is None or told in {"", False}:
            return None
        if isinstance(told, bool) or not isinstance(told, str | int):
            finding = remote_codes.BAD_ANSWER.at(self.where("paging"), reason=f"{paging.path}")
            raise UnavailableError(finding)
        return told if paging.by == "token" else self._own_link(str(told))

    def _own_link(self, told: str) -> str:
        """Return the address of the next page, which must be on the same server."""
        url = self.settings.url
        try:
            following = urljoin(url, told)
            if origin(following) == origin(url) and following.isascii() and following.isprintable():
                return following.replace(" ", "%20")
        except ValueError:
            pass
        place = self.where("paging")
        raise ConfigError(remote_codes.NEXT_ELSEWHERE.at(place, location=shown(told)))


def _page_parameters(paging: PagingSettings | None, mark: object) -> dict[str, str | int]:
    if paging is None:
        return {}
    sent: dict[str, str | int] = {}
    if paging.size_parameter is not None:
        sent[paging.size_parameter] = paging.size
    if paging.parameter is not None and paging.by in {"page", "offset"}:
        first = paging.first if paging.by == "page" else 0
        sent[paging.parameter] = mark if isinstance(mark, int) else first
    elif paging.parameter is not None and isinstance(mark, str | int):
        sent[paging.parameter] = mark
    return sent


def _with_query(url: str, sent: Mapping[str, str | int]) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(sent))))
    return urlunsplit(parts._replace(query=query))


def _parameter(cursor: Cell) -> str | int:
    return cursor if isinstance(cursor, int) else str(cursor)


def _link(answer: Answer) -> str | None:
    match = _LINK.search(answer.headers.get("link", ""))
    return match[1] if match else None


def _name(url: str) -> str:
    """Return how places name a service: the last name of its path, else its host."""
    parts = urlsplit(url)
    return parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or url


def _json(answer: Answer, where: Where) -> Any:
    try:
        return parsed_json(answer.body.decode("utf-8-sig"))
    except ValueError as error:
        reason = shown(str(error)) if not isinstance(error, UnicodeError) else "not UTF-8"
        raise UnavailableError(remote_codes.BAD_ANSWER.at(where("url"), reason=reason)) from error


@dataclass(frozen=True, slots=True)
class _Trees:
    """Makes trees of records, whose files in base64 stand beside the values."""

    files: FilesSettings | None

    def __call__(self, value: Any, place: str) -> Tree | Refused:
        raw = repr(value).encode("utf-8", "backslashreplace")
        findings: list[Finding] = []
        held = _taken(self.files, value, place, findings) if self.files else {}
        if findings:
            return refused(place, raw, *findings)
        tree = tree_of(value, place, raw)
        if self.files is None or not isinstance(tree, Tree):
            return tree
        content = f"{self.files.path}.{self.files.content}"
        values = {name: cells for name, cells in tree.values.items() if name != content}
        return Tree(place, values, held)


def _taken(
    files: FilesSettings, value: Any, place: str, findings: list[Finding]
) -> dict[str, Content]:
    """Return the files that a record brings along, by their names."""
    held: dict[str, Content] = {}
    found = value_at(value, files.path)
    for one in found if isinstance(found, list) else ():
        if not isinstance(one, dict):
            continue
        content = one.get(files.content)
        name = nfc(str(one.get(files.name) or "")).strip()
        data = decoded_base64(content, f"{files.path}.{files.content}", place, findings)
        if name in held:
            findings.append(file_codes.FILE_TWICE.at(place, reference=name))
        if data is not None:
            held[name] = BytesContent(data)
    return held


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Turns cells with base64 into bytes."""

    columns: tuple[str, ...]

    def __call__(self, row: Record | Refused | None) -> Record | Refused | None:
        if not isinstance(row, Record) or not self.columns:
            return row
        findings: list[Finding] = []
        values: dict[str, Cell] = dict(row.values)
        for column in self.columns:
            if values.get(column) is not None:
                values[column] = decoded_base64(values[column], column, row.place, findings)
        if findings:
            return refused(row.place, repr(row.values).encode(), *findings)
        if isinstance(row, RecordWithFiles):
            return replace(row, values=values)
        return Record(row.place, values)


def decoded_base64(value: Any, column: str, place: str, findings: list[Finding]) -> bytes | None:
    """Return the bytes of a text in base64, line breaks allowed; else add a finding."""
    reason = "no text"
    if isinstance(value, str):
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            reason = str(error)
    findings.append(remote_codes.BAD_BASE64.at(place, column=column, reason=reason))
    return None
