"""The border to pika: its exceptions become findings here and nowhere else."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Final

from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from connector.broker import codes, tls_codes
from connector.broker.message import Sent
from connector.errors import ConnectorError, Finding, Text

__all__ = ["NEEDS_PERSON", "culprits", "explain", "refusal"]

NEEDS_PERSON: Final = frozenset(
    text.code
    for text in (
        codes.AUTHENTICATION_FAILED,
        codes.VHOST_DENIED,
        codes.TLS_FAILED,
        *tls_codes.CATALOGUE,
        codes.QUEUE_NOT_FOUND,
        codes.QUEUE_DENIED,
        codes.CONSUMER_CANCELLED,
        codes.BUG,
    )
)
"""Codes of troubles that do not pass by themselves: they raise an alarm."""

_REFUSED_AT_HANDSHAKE: Final = (
    exceptions.ProbableAuthenticationError,
    exceptions.ProbableAccessDeniedError,
)
_TEXTS: Final[tuple[tuple[tuple[type[BaseException], ...], Text], ...]] = (
    ((exceptions.AMQPChannelError,), codes.CHANNEL_CLOSED),
    ((ssl.SSLError,), codes.TLS_FAILED),
    (
        (exceptions.AuthenticationError, exceptions.ProbableAuthenticationError),
        codes.AUTHENTICATION_FAILED,
    ),
    ((exceptions.ProbableAccessDeniedError,), codes.VHOST_DENIED),
    ((exceptions.ConnectionBlockedTimeout,), codes.BLOCKED),
    ((workflow.AMQPConnectorException, ConnectionRefusedError), codes.UNREACHABLE),
    ((exceptions.AMQPError, OSError), codes.CONNECTION_LOST),
)
_ALERT: Final = re.compile(r"\[SSL: \w*ALERT")
"""With TLS 1.3 a broker refuses our certificate after the handshake, in whatever pika does then."""

_BAD_REQUEST_CODES: Final = frozenset({403, 404, 406})
_SUBJECTS: Final[tuple[tuple[re.Pattern[str], Callable[[Sent], str]], ...]] = (
    (re.compile(r"user_id property set to '([^']*)'"), lambda message: message.user_id),
    (re.compile(r"message size (\d+)"), lambda message: str(message.size)),
    (re.compile(r"exchange '([^']*)'"), lambda message: message.exchange),
)


def explain(error: BaseException, broker: object, *, opening: bool = False) -> Finding:
    """Return the finding for what ended or prevented a connection or channel."""
    root = _root(error)
    if isinstance(root, ConnectorError):
        return root.findings[0]
    return _text(root, opening=opening).at(broker=broker, reason=_reason(root))


def refusal(error: BaseException) -> Finding | None:
    """Return why the broker closed the publishing channel over a message, None if it did not."""
    if not isinstance(error, exceptions.ChannelClosedByBroker):
        return None
    if error.reply_code not in _BAD_REQUEST_CODES:
        return None
    reason = error.reply_text
    return _refusal_text(error.reply_code, reason).at(reason=reason)


def culprits(finding: Finding) -> Callable[[Sent], bool]:
    """Return a test for the messages that a refusal can be about, by what the broker says."""
    text = finding.en
    for pattern, fact in _SUBJECTS:
        if match := pattern.search(text):
            said = match[1]
            return lambda message: fact(message) == said
    return lambda _message: True


def _refusal_text(reply_code: int, reason: str) -> Text:
    if reply_code == 404:
        return codes.NO_SUCH_EXCHANGE
    if reply_code == 403:
        return codes.PUBLISH_DENIED
    if "user_id" in reason:
        return codes.USER_ID_FORGED
    return codes.TOO_LARGE if "message size" in reason else codes.MESSAGE_REFUSED


def _text(error: BaseException, *, opening: bool) -> Text:
    if isinstance(error, exceptions.ChannelClosedByBroker):
        named = {404: codes.QUEUE_NOT_FOUND, 403: codes.QUEUE_DENIED}
        return named.get(error.reply_code, codes.CHANNEL_CLOSED)
    if _ALERT.search(str(error.args)):
        return codes.TLS_FAILED
    if isinstance(error, _REFUSED_AT_HANDSHAKE) and not _said_by_broker(error):
        return codes.UNREACHABLE
    for kinds, text in _TEXTS:
        if isinstance(error, kinds):
            return codes.UNREACHABLE if opening and text is codes.CONNECTION_LOST else text
    return codes.BUG


def _said_by_broker(error: BaseException) -> bool:
    # A server that goes down during the handshake looks to pika like a refused password.
    return "StreamLostError" not in str(error.args)


def _root(error: BaseException) -> BaseException:
    """Unwrap pika's nested connection workflow errors down to the cause."""
    while True:
        inner: object = None
        if isinstance(error, workflow.AMQPConnectionWorkflowFailed):
            inner = error.exceptions[-1] if error.exceptions else None
        elif isinstance(error, workflow.AMQPConnectorPhaseErrorBase):
            inner = error.exception
        elif isinstance(error, exceptions.AMQPError) and error.args:
            inner = error.args[0]
        if not isinstance(inner, BaseException):
            return error
        error = inner


def _reason(error: BaseException) -> str:
    if isinstance(error, exceptions.ChannelClosed | exceptions.ConnectionClosed):
        return f"{error.reply_code} {error.reply_text}"
    if isinstance(error, exceptions.AMQPError):
        return "; ".join((type(error).__name__, *map(str, error.args)))
    return str(error) or type(error).__name__
