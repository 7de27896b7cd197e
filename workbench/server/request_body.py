"""A request's body, read up to a limit. Knows nothing of its meaning."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

BODY_LIMIT_BYTES = 32 * 1024 * 1024


async def read_body(request: Request) -> bytes:
    """Raises HTTPException 413 as soon as more has come than the application's limit."""
    limit: int = request.app.state.body_limit_bytes
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise HTTPException(
                413, f"The request is larger than {limit} bytes. Send less.", {"connection": "close"}
            )
    return bytes(body)
