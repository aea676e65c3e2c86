"""Records of an Odoo database, by its JSON-RPC service: search_read, ordered by the cursor column.

Odoo writes `false` for an empty field and ``[id, name]`` for a many2one; the types of the fields
tell which is meant. Fields that lead to attachments become ``id/name``, and the attachment is
fetched when it is needed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.clock import Clock
from connector.config.secrets import resolve
from connector.errors import ConfigError, ConnectorError, RecordError, UnavailableError
from connector.model.content import BytesContent, Content
from connector.model.record import Cell, Record
from connector.sources import codes, remote_codes
from connector.sources.attachments import Attachments
from connector.sources.base import BATCH_SIZE, Batch
from connector.sources.embedded import Embedded
from connector.sources.files import Where
from connector.sources.json import parsed_json, tree_of
from connector.sources.paged import Page, PagedSource, Shape
from connector.sources.rest_settings import OdooSettings
from connector.sources.service import Service
from connector.sources.web import Request, Web, shown

__all__ = ["OdooSource", "open_odoo"]

_ATTACHMENTS: Final = "ir.attachment"
_OVERHEAD: Final = 4096
_FAULTS: Final = ("ValueError", "KeyError", "UserError", "ValidationError", "MissingError")
_LOGINS: Final = ("AccessError", "AccessDenied")


def open_odoo(settings: OdooSettings, *, where: Where, base: Path, clock: Clock) -> OdooSource:  # noqa: ARG001 - openers are called alike
    """Return the source of an Odoo adapter; nothing is asked yet."""
    service = Service(Web(settings.timeout_seconds, settings.ca_file, where), None, where)
    odoo = _Odoo(settings, service, where)
    shape = Shape(
        name=settings.model,
        tree=lambda value, place: tree_of(value, place, repr(value).encode()),
        cursor_column=settings.cursor_column,
        id_column="id" if settings.cursor_column == "write_date" else None,
    )
    directory = settings.attachments_directory
    files = Embedded(odoo if directory is None else Attachments(directory))
    return OdooSource(PagedSource(odoo, shape, files, where), odoo)


@dataclass(frozen=True, slots=True)
class OdooSource:
    """A `Source` over one model."""

    paged: PagedSource
    odoo: _Odoo

    def columns(self) -> tuple[str, ...]:
        """Return the fields that are read, those of many2one also with ``.id``."""
        return self.odoo.columns()

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the records that `cursor` does not cover."""
        return self.paged.read(cursor, batch_size=batch_size)

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the attachment of a reference ``id/name``."""
        return self.paged.attachment(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Change nothing: Odoo is only read."""

    def close(self) -> None:
        """Nothing stays open between requests."""


@dataclass(slots=True)
class _Odoo:
    settings: OdooSettings
    service: Service
    where: Where
    _user: int | None = None
    _types: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def chained(self) -> bool:
        """Tell that pages are asked for by their number."""
        return False

    def columns(self) -> tuple[str, ...]:
        """Return the fields, and ``NAME.id`` for those that lead to one record."""
        names: list[str] = []
        for name in self._names():
            names.append(name)
            if self._type(name) == "many2one":
                names.append(f"{name}.id")
        return tuple(names)

    def walk(self, cursor: Cell) -> Iterator[Page]:
        """Yield the pages of what was changed since, or made after, a cursor's value."""
        column = self.settings.cursor_column
        order = "id asc" if column == "id" else "write_date asc, id asc"
        options = {"fields": self._names(), "limit": self.settings.page_size, "order": order}
        offset = 0
        while True:
            found = self._call("search_read", [self._domain(cursor)], options | {"offset": offset})
            yield Page(tuple(self._plain(found)))
            offset += len(found)
            if len(found) < self.settings.page_size:
                return

    def content(self, record: Record, reference: str) -> Content:
        """Return the attachment of a reference ``id/name``.

        Raises RecordError if it is absent or empty, UnavailableError if Odoo does not answer.
        """
        number = reference.strip().partition("/")[0]
        if not (number.isascii() and number.isdigit()):
            raise RecordError(codes.ATTACHMENT_ABSENT.at(record.place, reference=shown(reference)))
        limit = self.settings.max_attachment_bytes
        found = self._read_attachments([int(number)], ["datas"], limit * 3 // 2 + _OVERHEAD)
        data = _bytes(found[0].get("datas")) if found else None
        if not isinstance(data, bytes):
            raise RecordError(codes.ATTACHMENT_ABSENT.at(record.place, reference=shown(reference)))
        if len(data) > limit:
            text = remote_codes.FILE_TOO_LARGE
            raise RecordError(text.at(record.place, reference=shown(reference), limit=limit))
        if not data:
            raise RecordError(codes.ATTACHMENT_EMPTY.at(record.place, reference=shown(reference)))
        return BytesContent(data)

    def _names(self) -> list[str]:
        return list(dict.fromkeys(("id", "write_date", *self.settings.fields)))

    def _domain(self, cursor: Cell) -> list[Any]:
        domain: list[Any] = json.loads(self.settings.domain)
        start = self.settings.cursor_start if cursor is None else cursor
        if start is None:
            return domain
        if self.settings.cursor_column == "id":
            return [*domain, ["id", ">", int(str(start))]]
        return [*domain, ["write_date", ">=", str(start)]]

    def _plain(self, found: Sequence[Any]) -> list[Any]:
        named = self._attachment_names(found)
        for record in found:
            for name in list(record):
                kind, value = self._type(name), record[name]
                if kind == "many2one":
                    record[name], record[f"{name}.id"] = (value or [None, None])[1::-1]
                elif self._leads_to_attachments(name):
                    record[name] = [f"{one}/{named.get(one, one)}" for one in value or ()]
                elif kind == "binary":
                    record[name] = _bytes(value)
                elif value is False and kind != "boolean":
                    record[name] = None
        return list(found)

    def _attachment_names(self, found: Sequence[Any]) -> dict[int, str]:
        wanted = {
            one
            for record in found
            for name in record
            if self._leads_to_attachments(name)
            for one in record[name] or ()
        }
        if not wanted:
            return {}
        return {
            one["id"]: str(one["name"]) for one in self._read_attachments(sorted(wanted), ["name"])
        }

    def _read_attachments(self, ids: list[int], names: list[str], limit: int = 0) -> list[Any]:
        wanted, options = [[["id", "in", ids]]], {"fields": names}
        found = self._call("search_read", wanted, options, _ATTACHMENTS, limit)
        return found if isinstance(found, list) else []

    def _leads_to_attachments(self, name: str) -> bool:
        facts = self._facts().get(name, {})
        many = facts.get("type") in {"many2many", "one2many"}
        return many and facts.get("relation") == _ATTACHMENTS

    def _type(self, name: str) -> str:
        return str(self._facts().get(name, {}).get("type", ""))

    def _facts(self) -> dict[str, Mapping[str, Any]]:
        if not self._types:
            wanted = self._names()
            found = self._call("fields_get", [wanted], {"attributes": ["type", "relation"]})
            absent = [name for name in wanted if name not in found]
            if absent:
                reason = f"{self.settings.model}: {', '.join(absent)}?"
                place = self.where("fields")
                raise ConfigError(remote_codes.REQUEST_REFUSED.at(place, reason=reason))
            self._types = found
        return self._types

    def _call(
        self,
        method: str,
        arguments: list[Any],
        options: Mapping[str, Any],
        model: str = "",
        limit: int = 0,
    ) -> Any:
        used, secret = self.settings, resolve(self.settings.secret)
        if self._user is None:
            login = [used.database, used.user, secret, {}]
            found = self._rpc("common", "authenticate", login)
            if not isinstance(found, int) or isinstance(found, bool):
                reason = f"{used.user} @ {used.database}"
                place = self.where("secret")
                raise ConfigError(remote_codes.LOGIN_REFUSED.at(place, reason=reason))
            self._user = found
        call = [used.database, self._user, secret, model or used.model, method]
        return self._rpc("object", "execute_kw", [*call, arguments, dict(options)], limit)

    def _rpc(self, service: str, method: str, arguments: list[Any], limit: int = 0) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        sent = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        url = f"{self.settings.url.rstrip('/')}/jsonrpc"
        request = Request(url, "POST", body=json.dumps(sent).encode())
        answer = self.service.ask(request, limit or self.settings.max_page_bytes)
        try:
            value = parsed_json(answer.body.decode("utf-8"))
            error = value.get("error")
            if error is None:
                return value["result"]
        except (ValueError, LookupError, AttributeError) as error:
            raise self._strange(f"{method}: {type(error).__name__}") from error
        raise self._refused(error)

    def _strange(self, reason: str) -> UnavailableError:
        return UnavailableError(remote_codes.BAD_ANSWER.at(self.where("url"), reason=reason))

    def _refused(self, error: Any) -> ConnectorError:
        data = error.get("data") if isinstance(error, dict) else None
        facts = data if isinstance(data, dict) else {}
        name, message = str(facts.get("name", "")), str(facts.get("message", error))
        reason = shown(" ".join(message.split()))
        if name.endswith(_LOGINS):
            return ConfigError(remote_codes.LOGIN_REFUSED.at(self.where("secret"), reason=reason))
        if name.endswith(_FAULTS):
            return ConfigError(remote_codes.REQUEST_REFUSED.at(self.where("model"), reason=reason))
        return UnavailableError(remote_codes.SERVER_FAILED.at(self.where("url"), reason=reason))


def _bytes(value: Any) -> Any:
    """Return the bytes of a binary field; what is not base64 stays, so that it is refused."""
    if value is False or value is None:
        return None
    try:
        return base64.b64decode("".join(str(value).split()), validate=True)
    except (binascii.Error, ValueError):
        return value
