"""A request and an answer as values, and the refusals of the hub with the headers that its clients read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub.content import Blob

Port = Literal["hub", "cdn"]


@dataclass(frozen=True)
class Request:
    """What one client asked on one port; the names of headers are in lower case."""

    port: Port
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def raw_path(self) -> str:
        return urlsplit(self.target).path

    @cached_property
    def path(self) -> str:
        return unquote(self.raw_path)

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def parameter(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def flag(self, name: str) -> bool:
        return self.parameter(name).lower() in ("1", "true")

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def ends_connection(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"

    @property
    def token(self) -> str | None:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else None

    @property
    def file(self) -> str:
        """The file of a signed address: repository and path."""
        return self.parameter("file") if self.port == "cdn" else ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a pattern may match: the path, the file of a signed address, and the last part of either."""
        return self.path, self.file, self.path.rpartition("/")[2], self.file.rpartition("/")[2]


@dataclass(slots=True)
class Response:
    """An answer before ranges and faults; its body is the blob's where there is one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    blob: Blob | None = None

    @property
    def size(self) -> int:
        return self.blob.size if self.blob else len(self.body)

    def head(self) -> bytes:
        reasons = {status.value: status.phrase for status in HTTPStatus}
        lines = [f"HTTP/1.1 {self.status} {reasons.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Refusal(Exception):
    """The hub says no, with the code in X-Error-Code by which its client tells the reasons apart."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        named = {"X-Error-Message": message, "X-Request-Id": "Root=1-loopback"} | headers
        self.response = in_json({"error": message}, status, named | ({"X-Error-Code": code} if code else {}))


def in_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, kind | (headers or {}), json.dumps(value).encode())
