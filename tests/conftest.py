"""Fixtures for everything that talks to a real RabbitMQ.

By default one private node is started for the whole run. With CONNECTOR_BROKER_URL and
CONNECTOR_BROKER_MANAGEMENT_URL (an administrator) that broker is used instead.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def broker_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSettings]:
    """Administrator's settings of the broker of this test run; do not stop or freeze it."""
    url = os.environ.get("CONNECTOR_BROKER_URL")
    if url:
        management_url = os.environ.get("CONNECTOR_BROKER_MANAGEMENT_URL")
        yield BrokerSettings(url=url, management_url=management_url)
        return
    with PrivateNode(tmp_path_factory.mktemp("broker"), disposable=True) as node:
        yield node.settings()


@pytest.fixture
def vhost(broker_node: BrokerSettings) -> Iterator[Sandbox]:
    """Give each test a virtual host of its own: connect agencies, take their settings."""
    with Sandbox(broker_node, f"test-{uuid.uuid4().hex[:12]}") as sandbox:
        yield sandbox
