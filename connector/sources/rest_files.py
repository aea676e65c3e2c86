"""Attachments that a web service has, fetched from one server and nowhere else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urljoin

from connector.errors import RecordError, Text
from connector.model.content import Content
from connector.model.record import Record
from connector.sources import codes, remote_codes
from connector.sources.fetched import Fetching
from connector.sources.service import Service
from connector.sources.web import Request, TooLargeError, origin, shown

__all__ = ["WebFiles"]

_RESERVED: Final = "/:?#[]@!$&'()*+,;=%~"
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class WebFiles:
    """The files below an address; `limit` in bytes."""

    service: Service
    url: str
    limit: int

    def content(self, record: Record, reference: str) -> Content:
        """Return the file of a reference, which is an address or a path from `url`.

        Raises:
            RecordError: absent, empty, too large, or not on this server.
            UnavailableError: the server does not answer.
            ConfigError: the server refuses the login, or sends elsewhere.
        """
        url = self._address(record, reference)
        with closing(Fetching()) as fetching:
            request = Request(url, headers={"Accept": "*/*", **self.service.login()})
            try:
                answer = self.service.web.ask(request, self.limit, fetching.take)
            except TooLargeError as error:
                text, limit = remote_codes.FILE_TOO_LARGE, self.limit
                finding = text.at(record.place, reference=shown(reference), limit=limit)
                raise RecordError(finding) from error
            if answer.status in _GONE:
                finding = remote_codes.FILE_REFUSED.at(
                    record.place, reference=shown(reference), reason=f"status {answer.status}"
                )
                raise RecordError(finding)
            if answer.status != HTTPStatus.OK:
                raise self.service.refusal(answer)
            if not fetching.size:
                raise _refuse(codes.ATTACHMENT_EMPTY, record, reference)
            return fetching.content()

    def _address(self, record: Record, reference: str) -> str:
        written = reference.strip()
        if not written or any(not char.isprintable() for char in written):
            raise _refuse(codes.ATTACHMENT_ABSENT, record, reference)
        try:
            url = urljoin(self.url, quote(written, safe=_RESERVED))
            if origin(url) == origin(self.url):
                return url
        except ValueError:
            pass
        raise _refuse(remote_codes.FILE_ELSEWHERE, record, reference)


def _refuse(text: Text, record: Record, reference: str) -> RecordError:
    return RecordError(text.at(record.place, reference=shown(reference)))
