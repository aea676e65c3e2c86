"""Is the broker there, and does it let us in: one short connection, for `status` and `doctor`."""

from __future__ import annotations

from pika import BlockingConnection, exceptions

from connector.broker.link import connection_parameters
from connector.broker.settings import BrokerSettings, Endpoint
from connector.broker.trouble import explain

__all__ = ["probe"]

_SECONDS = 3.0


def probe(settings: BrokerSettings) -> str | None:
    """Return why no host of the broker takes this user, None if one does."""
    problem = None
    for endpoint in settings.endpoints():
        problem = _try(endpoint, settings)
        if problem is None:
            return None
    return problem


def _try(endpoint: Endpoint, settings: BrokerSettings) -> str | None:
    parameters = connection_parameters(settings, endpoint, "probe")
    parameters.blocked_connection_timeout = _SECONDS
    parameters.socket_timeout = parameters.stack_timeout = _SECONDS
    try:
        BlockingConnection(parameters).close()
    except (exceptions.AMQPError, OSError) as error:
        return explain(error, endpoint, opening=True).en
    return None
