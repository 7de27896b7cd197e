"""Work that ends when nobody wants it any more: its client hung up, or the server is stopping.

Starlette cancels neither a handler that is computing its answer nor, under newer ASGI versions, a stream that
is waiting for its next piece, so both run through here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from workbench.errors import WorkbenchError

Result = TypeVar("Result")


class ClientGone(Exception):
    """The client closed its connection before it had its answer."""


class ServerStopping(WorkbenchError):
    """The server is shutting down and ends what runs."""

    kind = "server_stopping"


async def while_wanted(
    work: Coroutine[Any, Any, Result], receive: Receive, stopping: asyncio.Event
) -> Result:
    """The result of `work`. Otherwise it is cancelled, has ended, and ClientGone or ServerStopping is raised.

    `receive` must have delivered the whole request body before.
    """
    task = asyncio.create_task(work)
    hung_up = asyncio.create_task(_hung_up(receive))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, hung_up, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if hung_up.done():
            raise ClientGone
        raise ServerStopping("The server is stopping.", "Send the request again when it is back.")
    finally:
        await _end(task, hung_up, stopped)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
