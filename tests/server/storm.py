"""Requests of every kind, good and bad, each of which can tell its own answer from any other's.

A request makes one token, which no other has at the time, the only one the model can draw, so its answer is
that token's text again and again. What came of it is one of `Outcome`.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any, Literal

from tests.server.loopback import http

Outcome = Literal["own answer", "clear error", "dropped"]
PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Token:
    """An id of the vocabulary and its text."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Storm:
    """Where requests go, and the tokens that they take turns to have."""

    host: str
    port: int
    tokens: asyncio.Queue[Token]
    chance: random.Random

    async def request(self) -> tuple[str, Outcome]:
        """One request of a kind that chance picks. Raises AssertionError for what is no proper outcome."""
        kinds = {
            self._whole: 30,
            self._stream: 20,
            self._slow_stream: 5,
            self._dropped: 33,
            self._malformed: 12,
        }
        (kind,) = self.chance.choices(list(kinds), list(kinds.values()))
        token = await self.tokens.get()
        try:
            async with asyncio.timeout(PATIENCE):
                return kind.__name__.strip("_"), await kind(token)
        finally:
            self.tokens.put_nowait(token)

    async def _whole(self, token: Token) -> Outcome:
        status, body = _parted(await self._exchange(_request(token, self.chance)))
        if status != 200:
            return _clear(json.loads(body))
        choice = json.loads(body)["choices"][0]
        return _own(choice["text"], token)

    async def _stream(self, token: Token) -> Outcome:
        return _streamed(await self._exchange(_request(token, self.chance, stream=True)), token)

    async def _slow_stream(self, token: Token) -> Outcome:
        answer = await self._exchange(_request(token, self.chance, stream=True), pause=0.05)
        return _streamed(answer, token)

    async def _dropped(self, token: Token) -> Outcome:
        """Hangs up somewhere between the request's first byte and the middle of its answer."""
        request = _request(token, self.chance, stream=self.chance.random() < 0.8, max_tokens=200)
        reader, writer = await asyncio.open_connection(self.host, self.port)
        if self.chance.random() < 0.2:
            writer.write(request[: self.chance.randrange(1, len(request))])
        else:
            writer.write(request)
            await asyncio.wait({asyncio.ensure_future(reader.read(400))}, timeout=self.chance.random())
        writer.transport.abort()
        return "dropped"

    async def _malformed(self, token: Token) -> Outcome:
        good = json.dumps(_body(token, self.chance)).encode()
        bad = self.chance.choice(
            [
                good[:-1],
                b"\xff\xfe",
                b"[" * 5000,
                good.replace(b'"max_tokens"', b'"max_tokens": "x", "b"'),
                b"",
            ]
        )
        status, body = _parted(await self._exchange(http("POST", "/v1/completions", bad)))
        assert status == 400, (status, body)
        return _clear(json.loads(body))

    async def _exchange(self, request: bytes, pause: float = 0.0) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1024)
        try:
            writer.write(request)
            await writer.drain()
            answer = bytearray()
            while piece := await reader.read(256):
                answer += piece
                await asyncio.sleep(pause)
            return bytes(answer)
        finally:
            writer.close()


def _body(token: Token, chance: random.Random, **fields: Any) -> dict[str, Any]:
    prompt = " ".join(chance.choices(["model", "memory", "token", "layer"], k=chance.randrange(4, 60)))
    usual = {"model": "guide", "prompt": prompt, "temperature": 0, "max_tokens": 12, "ignore_eos": True}
    return usual | {"logit_bias": {str(token.id): 100}} | fields


def _request(token: Token, chance: random.Random, **fields: Any) -> bytes:
    return http("POST", "/v1/completions", json.dumps(_body(token, chance, **fields)).encode())


def _parted(answer: bytes) -> tuple[int, bytes]:
    head, found, body = answer.partition(b"\r\n\r\n")
    assert found, answer
    chunked = b"transfer-encoding: chunked" in head.lower()
    return int(head.split()[1]), _joined(body) if chunked else body


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        if not (length := int(size, 16)):
            return body
        body, chunks = body + rest[:length], rest[length + 2 :]
    raise AssertionError("The stream ends in the middle.")


def _streamed(answer: bytes, token: Token) -> Outcome:
    status, body = _parted(answer)
    if status != 200:
        return _clear(json.loads(body))
    events = [line.removeprefix(b"data: ") for line in body.split(b"\n\n") if line.startswith(b"data: ")]
    last = events[-1]
    chunks = [json.loads(event) for event in events if event != b"[DONE]"]
    said = "".join(chunk["choices"][0]["text"] for chunk in chunks if "choices" in chunk)
    assert said == token.text * said.count(token.text), (said, token)
    return _own(said, token) if last == b"[DONE]" else _clear(chunks[-1])


def _own(said: str, token: Token) -> Outcome:
    assert said.strip() == (token.text * 12).strip(), (said, token)
    return "own answer"


def _clear(body: dict[str, Any]) -> Outcome:
    error = body["error"]
    assert error["message"] and error["type"] and error["code"] not in (None, "internal_error"), body
    return "clear error"
