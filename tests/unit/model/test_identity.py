"""Ids that are made of names."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from connector.model.identity import name_based


@given(st.uuids(), st.text(st.characters(codec="utf-8")))
def test_a_name_based_id_is_that_of_the_library(namespace: uuid.UUID, name: str) -> None:
    """RFC 9562 version 5, letter by letter."""
    assert name_based(namespace, name) == str(uuid.uuid5(namespace, name))
