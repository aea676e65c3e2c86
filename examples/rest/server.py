"""A sample service of a legacy system: pages of JSON, a token, files; to try things out."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

HERE = Path(__file__).resolve().parent
TOKEN = "mau-token"  # noqa: S105 - a sample


class Handler(BaseHTTPRequestHandler):
    """Answers /api/van-ban-di?page=&size=&sau_id= and /tep/NAME."""

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b"{}")
        elif parts.path == "/api/van-ban-di":
            self._send(200, self._page(parse_qs(parts.query)))
        else:
            path = HERE / "tep" / Path(unquote(parts.path)).name
            good = parts.path.startswith("/tep/") and path.is_file()
            self._send(200 if good else 404, path.read_bytes() if good else b"")

    def _page(self, query: dict[str, list[str]]) -> bytes:
        def number(name: str, default: int) -> int:
            return int(query.get(name, [str(default)])[0])

        documents = json.loads((HERE / "van-ban.json").read_text(encoding="utf-8"))
        found = [one for one in documents if one["id"] > number("sau_id", 0)]
        size = number("size", 10)
        start = (number("page", 1) - 1) * size
        return json.dumps({"data": found[start : start + size]}).encode()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
