"""A web service with a login: what its statuses mean to who reads an export."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from connector.config.secrets import resolve
from connector.errors import ConfigError, ConnectorError, UnavailableError
from connector.sources import remote_codes as codes
from connector.sources.files import Where
from connector.sources.rest_settings import AuthSettings
from connector.sources.web import Answer, Request, TooLargeError, Web

__all__ = ["Service"]

_LOGIN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Service:
    """Sends requests with the login, and raises what an answer other than 200 means."""

    web: Web
    auth: AuthSettings | None
    where: Where

    def ask(self, request: Request, limit: int) -> Answer:
        """Return the answer to a request for JSON.

        Raises:
            ConfigError: redirect, refused login or request, too large.
            UnavailableError: no answer, or one that may be another later.
        """
        asked = replace(request, headers=self.headers(request))
        try:
            answer = self.web.ask(asked, limit)
        except TooLargeError as error:
            place = self.where("max_page_bytes")
            raise ConfigError(codes.ANSWER_TOO_LARGE.at(place, limit=limit)) from error
        if answer.status != HTTPStatus.OK:
            raise self.refusal(answer)
        return answer

    def headers(self, request: Request) -> Mapping[str, str]:
        """Return the headers of a request, those of the login too; ConfigError without secret."""
        json = {"Accept": "application/json"}
        if request.body is not None:
            json["Content-Type"] = "application/json; charset=utf-8"
        return {**json, **request.headers, **self.login()}

    def login(self) -> Mapping[str, str]:
        """Return the header that shows who asks; the secret is read anew each time."""
        auth = self.auth
        if auth is None:
            return {}
        secret = resolve(auth.secret)
        if auth.scheme == "basic":
            pair = f"{auth.user}:{secret}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if not secret.isascii() or not secret.isprintable():
            reason = "the secret has characters that no header may have"
            raise ConfigError(codes.LOGIN_REFUSED.at(self.where("auth"), reason=reason))
        if auth.scheme == "bearer":
            return {"Authorization": f"Bearer {secret}"}
        return {auth.name or "": secret}

    def refusal(self, answer: Answer) -> ConnectorError:
        """Return the error of an answer whose status is not 200."""
        status, place = answer.status, self.where("url")
        if 300 <= status < 400:
            return ConfigError(self.web.redirected(answer))
        if status in _LOGIN:
            reason = f"status {status}"
            return ConfigError(codes.LOGIN_REFUSED.at(self.where("auth"), reason=reason))
        if 400 <= status < 500 and status not in _LATER:
            return ConfigError(codes.REQUEST_REFUSED.at(place, reason=f"status {status}"))
        return UnavailableError(codes.SERVER_BUSY.at(place, status=status))
