"""The configurations of adapters by their hash, so that a packet can be made again with its own."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, select

from connector.store.columns import moment_text, to_json
from connector.store.statements import Statement, insert_into
from connector.store.tables import adapter_config

__all__ = ["config", "keep_config"]

_GET: Final = Statement(
    select(adapter_config.c.files).where(adapter_config.c.config_hash == bindparam("key")), "key"
)
_ADD: Final = insert_into(adapter_config, ("config_hash", "files", "kept_at"))


def keep_config(
    tx: Connection, config_hash: str, files: Mapping[str, bytes], now: dt.datetime
) -> bool:
    """Keep the files of a configuration by name; False if they are kept already."""
    if _GET.first(tx, config_hash) is not None:
        return False
    plain = {name: base64.b64encode(data).decode("ascii") for name, data in files.items()}
    _ADD.change(tx, config_hash, zlib.compress(to_json(plain).encode()), moment_text(now))
    return True


def config(tx: Connection, config_hash: str) -> dict[str, bytes] | None:
    """Return the files of a configuration by name, None if it was never kept."""
    row = _GET.first(tx, config_hash)
    if row is None:
        return None
    plain: dict[str, str] = json.loads(zlib.decompress(bytes(row[0])))
    return {name: base64.b64decode(data) for name, data in plain.items()}
