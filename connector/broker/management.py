"""Own small client of RabbitMQ's management API."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from connector.broker import codes
from connector.broker.settings import BrokerSettings
from connector.errors import ConfigError, ConnectorError, UnavailableError

__all__ = ["Management"]

_JSON: Final = "application/json"
_REASON_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Management:
    """The API of one broker as one user, looking at one virtual host.

    Raises UnavailableError if nobody answers, ConfigError if the user or request is refused.
    """

    url: str
    user: str
    password: str = field(repr=False)
    vhost: str = "/"
    timeout_seconds: float = 10.0

    @classmethod
    def from_settings(cls, settings: BrokerSettings) -> Self:
        """Return the client for a node's settings.

        User and password of `management_url`, if it has them, go before those of `url`.
        """
        parts = urlsplit(settings.management_url or "")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            reason = "it is not given" if not settings.management_url else "no http(s) URL"
            raise ConfigError(codes.MANAGEMENT_URL.at("broker.management_url", reason=reason))
        endpoint = settings.endpoints()[0]
        user, password = endpoint.user, endpoint.password
        if parts.username:
            user, password = unquote(parts.username), unquote(parts.password or "")
        host = parts.netloc.rpartition("@")[2]
        url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        return cls(url, user, password, endpoint.vhost)

    def at(self, vhost: str) -> Management:
        """Return the same client looking at another virtual host."""
        return replace(self, vhost=vhost)

    def overview(self) -> dict[str, Any]:
        """Return the broker's versions, node and totals."""
        return self._object("overview")

    def alarms(self) -> list[dict[str, Any]]:
        """Return the memory and disk alarms that are in force."""
        return [
            {"node": node["name"], "alarm": alarm}
            for node in self._list("nodes")
            for alarm in ("mem_alarm", "disk_free_alarm")
            if node.get(alarm)
        ]

    def put_vhost(self) -> None:
        """Create the virtual host; nothing happens if it exists."""
        self._put(["vhosts", self.vhost], {})

    def has_vhost(self) -> bool:
        """Return whether the virtual host exists."""
        return self._get(["vhosts", self.vhost]) is not None

    def delete_vhost(self) -> None:
        """Delete the virtual host with everything in it."""
        self._delete(["vhosts", self.vhost])

    def exchanges(self) -> list[dict[str, Any]]:
        """Return all exchanges of the virtual host."""
        return self._list(["exchanges", self.vhost])

    def put_exchange(self, name: str, facts: Mapping[str, Any]) -> None:
        """Declare an exchange; ConfigError if it exists with other arguments."""
        self._put(["exchanges", self.vhost, name], facts)

    def delete_exchange(self, name: str) -> None:
        """Delete an exchange, if it is there."""
        self._delete(["exchanges", self.vhost, name])

    def queues(self) -> list[dict[str, Any]]:
        """Return all queues of the virtual host with their counts."""
        return self._list(["queues", self.vhost])

    def queue(self, name: str) -> dict[str, Any] | None:
        """Return one queue, None if there is none."""
        found = self._get(["queues", self.vhost, name])
        return found if isinstance(found, dict) else None

    def put_queue(self, name: str, facts: Mapping[str, Any]) -> None:
        """Declare a queue; ConfigError if it exists with other arguments."""
        self._put(["queues", self.vhost, name], facts)

    def delete_queue(self, name: str) -> None:
        """Delete a queue with its messages, if it is there."""
        self._delete(["queues", self.vhost, name])

    def bindings(self) -> list[dict[str, Any]]:
        """Return all bindings of the virtual host."""
        return self._list(["bindings", self.vhost])

    def put_binding(self, source: str, kind: str, destination: str, key: str) -> None:
        """Bind a queue (`kind` "q") or exchange ("e") to an exchange."""
        path = ["bindings", self.vhost, "e", source, kind, destination]
        self._call("POST", path, {"routing_key": key, "arguments": {}})

    def delete_binding(self, source: str, kind: str, destination: str, props: str) -> None:
        """Remove a binding, named by its `properties_key`."""
        self._delete(["bindings", self.vhost, "e", source, kind, destination, props])

    def policies(self) -> list[dict[str, Any]]:
        """Return all policies of the virtual host."""
        return self._list(["policies", self.vhost])

    def put_policy(self, name: str, facts: Mapping[str, Any]) -> None:
        """Create or replace a policy."""
        self._put(["policies", self.vhost, name], facts)

    def delete_policy(self, name: str) -> None:
        """Delete a policy, if it is there."""
        self._delete(["policies", self.vhost, name])

    def users(self) -> list[dict[str, Any]]:
        """Return all users of the broker."""
        return self._list("users")

    def put_user(self, name: str, facts: Mapping[str, Any]) -> None:
        """Create or replace a user: tags, and password or password_hash."""
        self._put(["users", name], facts)

    def delete_user(self, name: str) -> None:
        """Delete a user, if there is one."""
        self._delete(["users", name])

    def permissions(self) -> list[dict[str, Any]]:
        """Return the permissions of all users in the virtual host."""
        return self._list(["vhosts", self.vhost, "permissions"])

    def put_permissions(self, user: str, configure: str, write: str, read: str) -> None:
        """Set what a user may do in the virtual host, as regular expressions over names."""
        facts = {"configure": configure, "write": write, "read": read}
        self._put(["permissions", self.vhost, user], facts)

    def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        """Import definitions of the whole broker."""
        self._call("POST", "definitions", definitions)

    def _get(self, path: str | list[str]) -> Any:
        return self._call("GET", path)

    def _list(self, path: str | list[str]) -> list[dict[str, Any]]:
        found = self._get(path)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self._strange("a list was expected")
        return found

    def _object(self, path: str | list[str]) -> dict[str, Any]:
        found = self._get(path)
        if not isinstance(found, dict):
            raise self._strange("an object was expected")
        return found

    def _put(self, path: list[str], facts: Mapping[str, Any]) -> None:
        self._call("PUT", path, facts)

    def _delete(self, path: list[str]) -> None:
        self._call("DELETE", path)

    def _call(
        self, method: str, path: str | list[str], facts: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the answer's JSON; None for an empty answer, and for 404 unless it is a POST."""
        parts = [path] if isinstance(path, str) else path
        address = "/".join((self.url, "api", *(quote(part, safe="") for part in parts)))
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  # http(s) only, see from_settings
            address,
            data=None if facts is None else json.dumps(facts).encode(),
            headers={"Authorization": f"Basic {login}", "Content-Type": _JSON},
            method=method,
        )
        # No proxy from the environment: the broker is in our own network.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.timeout_seconds) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.client.NOT_FOUND and method in {"GET", "DELETE"}:
                    return None
                raise self._refused(error.code, error.read()) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UnavailableError(
                codes.MANAGEMENT_UNREACHABLE.at(url=self.url, reason=reason)
            ) from error
        return self._parsed(body)

    def _parsed(self, body: bytes) -> Any:
        try:
            return json.loads(body) if body else None
        except ValueError as error:
            raise self._strange("no JSON") from error

    def _strange(self, reason: str) -> ConfigError:
        return ConfigError(codes.MANAGEMENT_ANSWER.at(url=self.url, reason=reason))

    def _refused(self, status: int, body: bytes) -> ConnectorError:
        reason = _reason(body)
        if status == http.client.UNAUTHORIZED:
            if "access" in reason.lower() or "not management" in reason.lower():
                return ConfigError(codes.MANAGEMENT_FORBIDDEN.at(url=self.url, reason=reason))
            return ConfigError(codes.MANAGEMENT_DENIED.at(url=self.url))
        if status == http.client.FORBIDDEN:
            return ConfigError(codes.MANAGEMENT_FORBIDDEN.at(url=self.url, reason=reason))
        finding = codes.MANAGEMENT_REFUSED.at(url=self.url, status=status, reason=reason)
        crashed = status >= 500 or "failed with {'EXIT'" in reason
        return UnavailableError(finding) if crashed else ConfigError(finding)


def _reason(body: bytes) -> str:
    """Return the start of what RabbitMQ's error object says, or of the text, in one line."""
    try:
        found = json.loads(body)
    except ValueError:
        found = body.decode(errors="replace")
    if isinstance(found, dict):
        found = found.get("reason") or found.get("error") or found
    return " ".join(str(found).split())[:_REASON_LENGTH]
