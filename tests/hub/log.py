"""What was asked and what was sent: one record for each request."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.hub.messages import Port, Request


@dataclass(slots=True)
class Record:
    """A request, and its answer as far as that has gone out."""

    port: Port
    method: str
    target: str
    path: str
    file: str
    headers: dict[str, str]
    range: str | None
    at: float = field(default_factory=time.monotonic)
    ended: float | None = None
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    is_file: bool = False
    bytes_sent: int = 0


def record_of(request: Request) -> Record:
    return Record(
        port=request.port,
        method=request.method,
        target=request.target,
        path=request.path,
        file=request.file,
        headers=request.headers,
        range=request.range,
    )
