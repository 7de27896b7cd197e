"""Requests to the hub without a client library's help, so that a test sees what went over the wire."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.hub.hub import FakeHub

TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What arrived, and the error that ended it early; the names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: Exception | None = None

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_whole(self) -> bool:
        """Whether it ended in order: neither broken nor shorter than its Content-Length."""
        promised = self.headers.get("content-length", len(self.body))
        return self.error is None and len(self.body) == int(promised)


def ask(url: str, method: str = "GET", *, timeout: float = TIMEOUT, **headers: str) -> Answer:
    """One request on a connection of its own; `if_range=` is If-Range, and redirects are not followed."""
    parts = urlsplit(url)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request(method, url.removeprefix(f"{parts.scheme}://{parts.netloc}"), headers=fields)
        return receive(connection)
    finally:
        connection.close()


def receive(connection: http.client.HTTPConnection) -> Answer:
    """The next answer on the connection."""
    with connection.getresponse() as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        body, error = bytearray(), None
        try:
            while part := response.read1(1 << 16):
                body += part
        except (OSError, http.client.HTTPException) as broken:
            error = broken
        return Answer(response.status, headers, bytes(body), error)


def file_url(hub: FakeHub, file: str, revision: str = "main") -> str:
    """The address of `organisation/name/path` on the hub."""
    organisation, name, path = file.split("/", 2)
    return f"{hub.endpoint}/{organisation}/{name}/resolve/{revision}/{path}"


def cdn_url(hub: FakeHub, file: str) -> str:
    """The signed address to which the hub redirects for a large file."""
    return ask(file_url(hub, file), "HEAD").headers["location"]
