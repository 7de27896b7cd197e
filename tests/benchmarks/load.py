"""A light client of /v1/completions: streams over a bare socket and notes when each piece of text came.

It shares the cores with the server it measures, so pieces are only stamped while they arrive and read
afterwards. Knows nothing of servers' names or of statistics.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """When a request was sent, when each text event arrived, and when the stream ended, in seconds."""

    sent: float
    arrivals: Sequence[float]
    ended: float

    @property
    def time_to_first_token(self) -> float:
        """Until the first text; a lone token that is no whole character shows itself only by the end."""
        return (self.arrivals[0] if self.arrivals else self.ended) - self.sent

    def gaps(self, since: float = 0, until: float = float("inf")) -> list[float]:
        """Seconds between neighbouring events of which the later arrived in that span."""
        pairs = zip(self.arrivals, self.arrivals[1:], strict=False)
        return [later - earlier for earlier, later in pairs if since <= later <= until]


async def complete(
    port: int,
    prompt: str,
    max_tokens: int,
    fields: Mapping[str, object],
    on_piece: Callable[[], object] = lambda: None,
) -> Answer:
    """Stream one greedy completion. Raises RuntimeError when it is refused or shorter than asked for."""
    body = {
        "model": "",
        "prompt": prompt,
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        **fields,
    }
    sent = perf_counter()
    pieces = []
    async for piece in _post(port, json.dumps(body).encode()):
        pieces.append((perf_counter(), piece))
        on_piece()
    ended = perf_counter()
    choices = [(at, choice) for at, event in _events(pieces) for choice in event["choices"]]
    reasons = [choice["finish_reason"] for _, choice in choices if choice["finish_reason"]]
    if reasons != ["length"]:
        raise RuntimeError(f"An answer of {max_tokens} tokens ended with {reasons}.")
    return Answer(sent, [at for at, choice in choices if choice["text"]], ended)


async def _post(port: int, body: bytes) -> AsyncIterator[bytes]:
    """The pieces of the answer's body, as they arrive."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    try:
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in answer.splitlines()[0] or b"transfer-encoding: chunked" not in answer:
            raise RuntimeError((answer + await reader.read()).decode(errors="replace"))
        while size := int(await reader.readline(), 16):
            yield (await reader.readexactly(size + 2))[:-2]
    finally:
        writer.close()


def _events(pieces: Sequence[tuple[float, bytes]]) -> Iterator[tuple[float, dict[str, Any]]]:
    """The stream's JSON events, each with the time at which it was complete."""
    buffer = b""
    for at, piece in pieces:
        *events, buffer = (buffer + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        for event in events:
            if event.startswith(b"data: {"):
                yield at, json.loads(event.removeprefix(b"data: "))
