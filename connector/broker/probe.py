"""Is the broker there, and does it let us in: one short connection, for `status` and `doctor`."""

from __future__ import annotations

from typing import Final

from pika import BlockingConnection, exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from connector.broker.link import connection_parameters
from connector.broker.settings import BrokerSettings, Endpoint
from connector.broker.trouble import explain
from connector.errors import Finding

__all__ = ["probe"]

_SECONDS = 3.0
_REFUSED: Final = (AMQPConnectorException, exceptions.AMQPError, OSError)
"""A port that takes the connection and never speaks AMQP is the first; it is no `AMQPError`."""


def probe(settings: BrokerSettings) -> Finding | None:
    """Return why no host of the broker takes this user, None if one does."""
    problem = None
    for endpoint in settings.endpoints():
        problem = _try(endpoint, settings)
        if problem is None:
            return None
    return problem


def _try(endpoint: Endpoint, settings: BrokerSettings) -> Finding | None:
    parameters = connection_parameters(settings, endpoint, "probe")
    parameters.blocked_connection_timeout = _SECONDS
    parameters.socket_timeout = parameters.stack_timeout = _SECONDS
    try:
        BlockingConnection(parameters).close()
    except _REFUSED as error:
        return explain(error, endpoint, opening=True)
    return None
