"""A server on loopback that answers as it is told, with any quirk, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

MODELS = {"data": [{"id": "m", "context_length": 4096}]}


@dataclass
class Answer:
    """A status and a body: JSON, raw bytes, or the events of a stream, which may end too soon."""

    body: Any
    status: int = 200
    cut: bool = False

    @property
    def content(self) -> bytes:
        if isinstance(self.body, list):
            return b"".join(one if isinstance(one, bytes) else event(one) for one in self.body)
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    @property
    def kind(self) -> str:
        return "text/event-stream" if isinstance(self.body, list) else "application/json"


Rule = Callable[[dict[str, Any]], Answer]


@dataclass
class Double:
    """`answer` is asked for every completion; every other route but the list of models is missing.

    Completions take `delay` seconds. What `hangs` says nothing, or no more after half of an answer, until it
    is `freed`.
    """

    answer: Rule
    models: Answer = field(default_factory=lambda: Answer(MODELS))
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    key: str = ""
    vectors: Answer | None = None
    delay: float = 0.0
    hangs: Literal["", "at once", "midway"] = ""
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.headers.append(headers)
            if self.hangs == "at once":
                await self.freed.wait()
            path = head[0].split()[1]
            answer = self._answer(path, headers, json.loads(body or b"{}"))
            if path.endswith("/completions"):
                await asyncio.sleep(self.delay)
            length = len(answer.content) + (100 if answer.cut else 0)
            writer.write(
                f"HTTP/1.1 {answer.status} X\r\ncontent-type: {answer.kind}\r\ncontent-length: {length}\r\n"
                f"connection: close\r\n\r\n".encode()
            )
            is_held = self.hangs == "midway" and answer.kind == "text/event-stream"
            writer.write(answer.content[: len(answer.content) // 2] if is_held else answer.content)
            await writer.drain()
            if is_held:
                await self.freed.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return Answer(
                {"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}}, 401
            )
        if path == "/v1/models":
            return self.models
        if path == "/v1/embeddings" and self.vectors is not None:
            return self.vectors
        if path.endswith("/completions"):
            self.asked.append(body)
            return self.answer(body)
        return Answer({"detail": "Not Found"}, 404)


def event(chunk: Any) -> bytes:
    return b"data: " + (chunk.encode() if isinstance(chunk, str) else json.dumps(chunk).encode()) + b"\n\n"


def delta(**members: Any) -> dict[str, Any]:
    """A chunk that adds this to the message."""
    return {"choices": [{"index": 0, "delta": members, "finish_reason": None}]}


def end(reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason, **members}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
HELLO = [
    delta(role="assistant", content=""),
    delta(content="Hel"),
    delta(content="lo"),
    end(),
    USAGE,
    "[DONE]",
]


@asynccontextmanager
async def double(answer: Rule, **members: Any) -> AsyncIterator[Double]:
    made = Double(answer, **members)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield made
        made.freed.set()
