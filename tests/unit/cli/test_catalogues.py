"""No message is forgotten: what any module can report stands in the list of messages."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import connector
from connector.cli.catalogues import all_texts
from connector.errors import Text


def modules() -> Iterator[ModuleType]:
    """Yield every module of the program but its start and Alembic's scripts, which run at once."""
    for found in pkgutil.walk_packages(connector.__path__, "connector."):
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            yield importlib.import_module(found.name)


def test_every_text_of_every_module_is_listed() -> None:
    """Each constant of a message is in its module's catalogue, and each catalogue in the list."""
    listed = {text.code: text for text in all_texts()}
    catalogues = [module for module in modules() if hasattr(module, "CATALOGUE")]
    names = {module.__name__.removeprefix("connector.") for module in catalogues}
    assert {"trust.codes", "trust.key_codes", "trust.data_codes", "sources.file_codes"} <= names
    for module in catalogues:
        for text in module.CATALOGUE:
            assert listed[text.code] is text, f"{module.__name__}: {text.code}"


def test_no_text_is_outside_of_a_catalogue() -> None:
    """Also a message that is written elsewhere than in a module of codes is listed."""
    listed = {id(text) for text in all_texts()}
    found = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, Text) and id(value) not in listed
    ]
    assert found == []
