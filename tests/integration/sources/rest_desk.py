"""What the tests of REST have in common: settings, and a list that is served page by page."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import ConnectorError
from connector.sources.base import Batch
from tests.integration.sources.services import Asked, Reply, reply
from tests.unit.sources.conftest import Desk


def rows(*numbers: int) -> list[dict[str, Any]]:
    """Return records with an id and Vietnamese letters."""
    return [{"id": n, "trich_yeu": f"Về việc thứ {n}"} for n in numbers]


def ids(batches: list[Batch]) -> list[Any]:
    """Return the ids of all records."""
    return [record.values["id"] for batch in batches for record in batch.records]


def settings(url: str, more: str = "") -> str:
    """Return settings of a source at an address."""
    return f"type: rest, url: '{url}/api/van-ban'{more}"


def failure(desk: Desk, text: str) -> ConnectorError:
    """Return what reading raises."""
    with pytest.raises(ConnectorError) as caught:
        desk.read(text)
    return caught.value


class Register:
    """A list of records that the service gives page by page, in every manner."""

    def __init__(self, *numbers: int) -> None:
        self.records = rows(*numbers)

    def __call__(self, asked: Asked) -> Reply:
        """Answer with a page."""
        sent = asked.query if asked.method == "GET" else asked.json
        found = [one for one in self.records if one["id"] > int(sent.get("after", -1))]
        size = int(sent.get("size", 1000))
        if "page" in sent:
            start = (int(sent["page"]) - 1) * size
        else:
            start = int(sent.get("offset", sent.get("token", 0)))
        page, end = found[start : start + size], start + size
        more = end < len(found)
        same = "&".join(f"{name}={sent[name]}" for name in ("size", "after") if name in sent)
        answer: dict[str, Any] = {"data": {"items": page}, "next": None, "token": None}
        if more:
            answer |= {"token": str(end), "next": f"/api/van-ban?{same}&offset={end}"}
        link = f'<?{same}&offset={end}>; rel="next"' if more else '<x>; rel="prev"'
        return reply(answer, Link=link)
