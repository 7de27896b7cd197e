"""A server that claims to be a hub and answers every question with what the test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Claimant(ThreadingHTTPServer):
    """The answer to GET is `body`, to HEAD `head`; `asked` are the requests so far."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = b""
        self.headers: dict[str, str] = {}
        self.head: dict[str, str] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, value: Any) -> None:
        self.body = json.dumps(value).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Claimant

    def do_GET(self) -> None:
        self._answer(self.server.status, self.server.headers, self.server.body)

    def do_HEAD(self) -> None:
        self._answer(200, self.server.head, b"")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""


@contextmanager
def claimant() -> Iterator[Claimant]:
    with Claimant() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
