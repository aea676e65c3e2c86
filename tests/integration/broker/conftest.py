"""Nodes that tests may kill, freeze and fill."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox


@pytest.fixture(scope="session")
def fragile_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Give tests a node that they may kill and freeze, if they leave it running; 64 KiB at most."""
    directory = tmp_path_factory.mktemp("fragile")
    extra = {"max_message_size": "65536"}
    with PrivateNode(directory, disposable=True, extra=extra) as node:
        yield node


@pytest.fixture
def fragile_vhost(fragile_node: PrivateNode) -> Iterator[Sandbox]:
    """Give a test a virtual host on the fragile node."""
    with Sandbox(fragile_node.settings(), f"test-{uuid.uuid4().hex[:12]}") as sandbox:
        yield sandbox
