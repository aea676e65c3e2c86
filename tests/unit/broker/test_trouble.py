"""Every exception of pika becomes a finding; an unmapped one would be reported as our bug."""

from __future__ import annotations

import inspect
import ssl

import pytest
from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from connector.broker import codes, tls_codes
from connector.broker.trouble import NEEDS_PERSON, explain, refusal
from connector.errors import ConfigError, Text

_ALERT = "StreamLostError: SSLError(1, '[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] alert (_ssl.c:2)')"
_CONNECTION_ENDS = (
    exceptions.ConnectionClosed,
    exceptions.ChannelClosed,
)
# Not connection or channel troubles: pika's complaint about a wrong call of its own API.
_MISUSE = {exceptions.ChannelError, exceptions.ReentrancyError, exceptions.DuplicateGetOkCallback}


def _kinds() -> list[type[Exception]]:
    found = [
        kind
        for module in (exceptions, workflow)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    ]
    return [kind for kind in found if kind not in _MISUSE]


def _made(kind: type[Exception]) -> Exception:
    if issubclass(kind, _CONNECTION_ENDS):
        return kind(320, "CONNECTION_FORCED")
    if issubclass(kind, workflow.AMQPConnectionWorkflowFailed):
        return kind([OSError("no")])
    if issubclass(kind, exceptions.UnroutableError | exceptions.NackError):
        return kind([])
    return kind("why")


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
def test_no_exception_of_pika_is_unmapped(kind: type[Exception]) -> None:
    """Whatever pika raises has a finding of its own."""
    finding = explain(_made(kind), "mq:5672")
    assert finding.code != codes.BUG.code
    assert finding.en
    assert finding.vi


def test_misuse_of_pika_is_reported_as_our_bug() -> None:
    """What only a mistake of ours can cause asks to be reported."""
    assert explain(TypeError("x"), "mq").code == codes.BUG.code


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            exceptions.AMQPConnectionError(
                workflow.AMQPConnectionWorkflowFailed(
                    [workflow.AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "no"))]
                )
            ),
            codes.UNREACHABLE,
        ),
        (
            workflow.AMQPConnectionWorkflowFailed(
                [workflow.AMQPConnectorTransportSetupError(ssl.SSLCertVerificationError("bad"))]
            ),
            codes.TLS_FAILED,
        ),
        (
            exceptions.ProbableAuthenticationError("ConnectionClosedByBroker: (403) 'REFUSED'"),
            codes.AUTHENTICATION_FAILED,
        ),
        (exceptions.ProbableAuthenticationError("StreamLostError: ('eof',)"), codes.UNREACHABLE),
        (
            exceptions.ProbableAccessDeniedError("ConnectionClosedByBroker: (530) 'no vhost'"),
            codes.VHOST_DENIED,
        ),
        (exceptions.ConnectionBlockedTimeout("blocked"), codes.BLOCKED),
        (exceptions.AMQPHeartbeatTimeout("silent"), codes.CONNECTION_LOST),
        (exceptions.StreamLostError("reset"), codes.CONNECTION_LOST),
        (exceptions.ConnectionClosedByBroker(320, "shutdown"), codes.CONNECTION_LOST),
        (exceptions.ChannelClosedByBroker(404, "no queue"), codes.QUEUE_NOT_FOUND),
        (exceptions.ChannelClosedByBroker(403, "no access"), codes.QUEUE_DENIED),
        (exceptions.ChannelClosedByBroker(406, "unknown tag"), codes.CHANNEL_CLOSED),
    ],
)
def test_causes_are_told_apart(error: Exception, text: Text) -> None:
    """A refused password, a missing server and a lost line are three different things."""
    assert explain(error, "mq:5672").code == text.code


def test_a_failed_attempt_is_not_a_lost_connection() -> None:
    """While opening, a cut line means that the server does not answer."""
    finding = explain(OSError("network unreachable"), "mq", opening=True)
    assert finding.code == codes.UNREACHABLE.code
    assert "network unreachable" in finding.en


@pytest.mark.parametrize(
    ("reply_code", "reply_text", "text"),
    [
        (404, "NOT_FOUND - no exchange 'x' in vhost '/'", codes.NO_SUCH_EXCHANGE),
        (403, "ACCESS_REFUSED - access to exchange 'x' refused", codes.PUBLISH_DENIED),
        (406, "PRECONDITION_FAILED - user_id property set to 'a'", codes.USER_ID_FORGED),
        (406, "PRECONDITION_FAILED - message size 9 is larger", codes.TOO_LARGE),
        (406, "PRECONDITION_FAILED - something else", codes.MESSAGE_REFUSED),
    ],
)
def test_refusals_name_their_cause(reply_code: int, reply_text: str, text: Text) -> None:
    """The integrator reads what is wrong with the message, in the broker's words too."""
    finding = refusal(exceptions.ChannelClosedByBroker(reply_code, reply_text))
    assert finding is not None
    assert finding.code == text.code
    assert reply_text in finding.en


def test_only_refusals_are_the_message_s_fault() -> None:
    """An internal error or a lost connection says nothing against a message."""
    assert refusal(exceptions.ChannelClosedByBroker(541, "INTERNAL_ERROR")) is None
    assert refusal(exceptions.StreamLostError("reset")) is None


def test_troubles_that_pass_by_themselves_raise_no_alarm() -> None:
    """A restart of the broker calls nobody, a wrong password does."""
    assert codes.AUTHENTICATION_FAILED.code in NEEDS_PERSON
    assert codes.CONNECTION_LOST.code not in NEEDS_PERSON
    assert codes.UNREACHABLE.code not in NEEDS_PERSON


@pytest.mark.parametrize("kind", [exceptions.StreamLostError, exceptions.IncompatibleProtocolError])
@pytest.mark.parametrize("opening", [True, False])
def test_refused_client_certificate_is_named_as_such(kind: type[Exception], opening: bool) -> None:
    """With TLS 1.3 it is refused after the handshake, wherever pika happens to be: an alarm."""
    finding = explain(kind(_ALERT), "broker", opening=opening)
    assert finding.code == codes.TLS_FAILED.code
    assert "CERTIFICATE_EXPIRED" in finding.en
    assert finding.code in NEEDS_PERSON


def test_unusable_certificate_files_are_a_finding_of_their_own() -> None:
    """Files are read at each connection: what is half replaced is told, not taken for a bug."""
    error = ConfigError(tls_codes.TLS_FILES.at("broker.tls", reason="no start line"))
    assert explain(error, "broker").code == tls_codes.TLS_FILES.code
    assert tls_codes.TLS_FILES.code in NEEDS_PERSON
