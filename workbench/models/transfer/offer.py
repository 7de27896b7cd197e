"""What a plain address offers: how many bytes, and of which edition. Fetches no more than one byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.errors import Unreachable
from workbench.models.transfer.connections import Connections
from workbench.models.transfer.redirects import follow, refusal, release

_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d{1,19})")


@dataclass(frozen=True, slots=True)
class Offer:
    """The file's size, and its strong ETag or "" where the server gives none."""

    size: int
    validator: str


def offered(url: str, connections: Connections) -> Offer:
    """Ask the server about the file. Raises TryAgain, or WorkbenchError where trying is no use."""
    address, response = follow(url, {"Range": "bytes=0-0"}, connections, {}, url)
    try:
        if response.status not in (200, 206, 416):
            raise refusal(response, address, signed=False)
        headers = response.headers
        size = _size(response.status, headers.get("Content-Range"), headers.get("Content-Length"))
        validator = headers.get("ETag") or ""
    finally:
        release(response)
    if size is None:
        raise Unreachable(
            "The server does not say how large the file is, so it cannot be told when it is whole.",
            "Fetch it from another server.",
        )
    return Offer(size, "" if validator.startswith("W/") else validator)


def _size(status: int, content_range: str | None, content_length: str | None) -> int | None:
    if status != 200:
        found = _TOTAL.fullmatch((content_range or "").strip())
        return int(found[1]) if found else None
    return int(content_length) if content_length and content_length.isdecimal() else None
