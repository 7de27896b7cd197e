"""A request's body, read within the server's limits. Knows nothing of its meaning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request

from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.server.access.limits import Limits
from workbench.server.access.nesting import is_nested_deeper


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises HTTPException 415 where it is compressed, 413 as soon as more has come than the limit and 408 when
    it takes too long to come, and InvalidParameter where it is nested too deeply.
    """
    if (coding := request.headers.get("content-encoding", "identity")) != "identity":
        raise HTTPException(415, f"A body in the coding {coding[:40]!r} is not read here. Send it as it is.")
    limits: Limits = request.app.state.limits
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in _in_time(request.stream(), limits.pause_seconds):
                body += piece
                if len(body) > limits.body_bytes:
                    message = f"The request is larger than {limits.body_bytes} bytes. Send less."
                    raise HTTPException(413, message)
    except TimeoutError:
        raise HTTPException(
            408, "The request took too long to arrive. Send it again.", {"connection": "close"}
        ) from None
    if is_nested_deeper(body, limits.nesting):
        raise InvalidParameter(
            f"The body is nested more than {limits.nesting} deep.", "Send a flatter JSON object."
        )
    return bytes(body)


async def _in_time(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(seconds):
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece
