"""The endpoint over real sockets, beside the test in one event loop, and clients for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import openai
from starlette.applications import Starlette

from workbench.backend import Provider
from workbench.listening import listen
from workbench.server import ModelPool, create_app
from workbench.server.access.key_ring import KeyRing
from workbench.server.access.keys import KeyFile
from workbench.server.access.rules import AccessRules
from workbench.server.serving import run_app


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """The address, while the app answers there."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with listen("127.0.0.1", 0) as listener:
        server = asyncio.create_task(run_app(app, listener, address.set_result))
        try:
            yield await address
        finally:
            server.cancel()
            with suppress(asyncio.CancelledError):
                await server


@asynccontextmanager
async def client_of(
    *models: Provider, names: tuple[str, ...] = ("guide",), **options: Any
) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official client of an endpoint that serves the models under these names."""
    pool = ModelPool(dict(zip(names, models, strict=True)))
    async with (
        serving(create_app(pool, **options)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def locked(key: str, *, loopback: bool = True) -> AccessRules:
    """The rules of a server that wants this key."""
    return AccessRules(
        keys=KeyRing(KeyFile(Path(__file__).with_name("no-keys.json")), key), loopback=loopback
    )


async def exchange(url: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes and read the answer to its end: status, headers by lower-case name, and body."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


def http(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One request that asks for the connection to be closed."""
    usual = {"host": "localhost", "connection": "close", "content-length": str(len(body))}
    fields = usual | (headers or {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def chat(text: str, **fields: Any) -> dict[str, Any]:
    """The body of a chat request with one message."""
    return {"model": "guide", "messages": [{"role": "user", "content": text}], **fields}


def error_of(body: bytes) -> dict[str, Any]:
    """The error object, checked to have OpenAI's four members and no other."""
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str) and error["message"]
    return dict(error)
