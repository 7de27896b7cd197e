"""A program that serves like an engine's: it answers every chat, and ends when it is told `die`.

    python program.py HOST PORT FILE

FILE says what goes wrong: `refuse` ends it at once with an error.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Wants the key of the environment."""

    def do_GET(self) -> None:
        known = {"/v1/models": {"data": [{"id": "m", "context_length": 64}]}}
        self._send(200 if self.path in known else 404, known.get(self.path, {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"die" in body:
            os._exit(3)
        message = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
        known = self.path == "/v1/chat/completions"
        usage = {"usage": {"prompt_tokens": 1, "completion_tokens": 1}}
        self._send(200 if known else 404, message | usage if known else {})

    def _send(self, status: int, body: object) -> None:
        allowed = self.headers["authorization"] == f"Bearer {os.environ['PROGRAM_KEY']}"
        content = json.dumps(body if allowed else {"error": "Wrong key."}).encode()
        self.send_response(status if allowed else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    if Path(sys.argv[3]).read_text() == "refuse":
        sys.exit("error: this model is not to my taste")
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
