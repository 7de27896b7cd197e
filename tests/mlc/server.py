"""Stands in for `mlc_llm serve`: its command line and its routes, around the double of its engine."""

from __future__ import annotations

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from double import Refused, checked, chunks


class Handler(BaseHTTPRequestHandler):
    """One server of one model."""

    model = ""
    key = ""
    context = 0

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        body = {"object": "list", "data": [{"id": self.model, "object": "model", "owned_by": "MLC-LLM"}]}
        self._json(200, body) if found else self._json(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            if self.headers["authorization"] != f"Bearer {self.key}":
                raise Refused(401, {"detail": "Invalid API Key"})
            if self.path not in ("/v1/chat/completions", "/v1/completions"):
                raise Refused(404, {"detail": "Not Found"})
            self._stream(checked(body, self.model, self.context))
        except Refused as refused:
            self._json(refused.status, refused.body)
        except ConnectionError:
            """Whoever asked went away."""

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for chunk in chunks(body):
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def _json(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    for name in ("--device", "--mode", "--overrides", "--host", "--api-key"):
        parser.add_argument(name)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    config = Path(given.model) / "mlc-chat-config.json"
    if not config.is_file():
        sys.exit("error: no mlc-chat-config.json")
    overrides = dict(one.split("=") for one in given.overrides.split(";"))
    usual = json.loads(config.read_text())["context_window_size"]
    Handler.context = int(overrides.get("context_window_size", usual))
    Handler.model, Handler.key = given.model, given.api_key
    ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
