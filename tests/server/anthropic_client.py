"""The official client of Anthropic's API over a real socket, and requests for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic

from tests.server.loopback import serving
from workbench.backend import Provider
from workbench.server import ModelPool, create_app

WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@asynccontextmanager
async def client_of(model: Provider, **options: Any) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with (
        serving(create_app(ModelPool({"guide": model}), **options)) as url,
        anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0) as client,
    ):
        yield client


def asking(content: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "guide", "max_tokens": 100, "messages": [{"role": "user", "content": content}], **fields}
