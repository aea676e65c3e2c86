"""A disk that is full at the moment of a commit: what the transaction did is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.errors import StorageError
from connector.flow.node import Node
from connector.store.codes import DISK_FULL
from connector.store.store import Transaction

__all__ = ["full_disk"]


@contextmanager
def full_disk(node: Node) -> Iterator[None]:
    """Let no transaction of a node become durable meanwhile."""
    begin = node.store.begin

    @contextmanager
    def in_vain() -> Iterator[Transaction]:
        with begin() as tx:
            yield tx
            raise StorageError(DISK_FULL.at("state", reason="No space left on device"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.store, "begin", in_vain)
        yield
