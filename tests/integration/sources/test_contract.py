"""The kit's suite on queries of real servers: by id, by time of change, by marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigError
from connector.sources import codes
from connector.testing.contract import SourceContract
from connector.testing.exports import Export, Rows, SourceCase
from connector.testing.verdicts import raises, require_equal
from tests.integration.databases import Server

TABLE = "vanban"
WAYS = {
    "whole": "query: SELECT * FROM vanban ORDER BY {q}Trang{q}",
    "id": "cursor_column: Trang,"
    " query: SELECT * FROM vanban WHERE {q}Trang{q} > :cursor ORDER BY {q}Trang{q}",
    "time": "cursor_column: sua, id_column: Trang, cursor_start: '1970-01-01',"
    " query: SELECT * FROM vanban WHERE sua >= :cursor ORDER BY sua",
    "marks": "query: SELECT * FROM vanban WHERE da_chuyen = 0, sent: {{key_column: Trang,"
    " statement: UPDATE vanban SET da_chuyen = 1 WHERE {q}Trang{q} = :key}}",
}


def _case(server: Server, way: str) -> SourceCase:
    quote = '"' if server.kind == "postgresql" else "`"
    query = WAYS[way].format(q=quote).replace("query: ", "query: '").replace(", sent:", "', sent:")
    query += "" if "sent:" in query else "'"
    url = server.reader

    def write(directory: Path, content: Rows) -> None:
        columns = ("SoKyHieu varchar(50)", "TrichYeu varchar(200)", "Trang integer")
        written = ", ".join(
            f"{quote}{name}{quote} {kind}" for name, kind in map(str.split, columns)
        )
        who = "doc" if server.kind == "postgresql" else "doc@localhost"
        server.run(
            f"DROP TABLE IF EXISTS {TABLE}",
            f"CREATE TABLE {TABLE} ({written}, sua timestamp, da_chuyen integer DEFAULT 0)",
            f"GRANT SELECT, UPDATE ON {TABLE} TO {who}",
        )
        rows: list[dict[str, Any]] = [
            {"SoKyHieu": key, "TrichYeu": text, "Trang": n, "sua": f"2026-01-0{min(n, 3)} 08:00:00"}
            for key, text, n in content
        ]
        server.insert(TABLE, rows, quote)

    settings = f"{{type: sql, url: '{url}', attachments_directory: files, {query}}}"
    return SourceCase(settings, write, exact=False)


class TestServers(SourceContract):
    """Every way to read, on every server."""

    @pytest.fixture(params=WAYS)
    def export(self, request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Export:
        """Give one way after the other."""
        server.run(f"DROP TABLE IF EXISTS {TABLE}")
        return Export.under(tmp_path, _case(server, request.param))

    def test_an_absent_export_is_unavailable(self, export: Export) -> None:
        """A server that answers, but has no such table, has been asked the wrong thing."""
        with raises(ConfigError, "read() without a table") as caught:
            export.read()
        require_equal(caught[0].code, codes.BAD_QUERY.code, "the query is at fault")
