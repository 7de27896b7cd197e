"""Work that waits for a network or a disk, done beside the app so that the screen goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """As asyncio.to_thread, in a thread that nobody waits for: not the next call, and not the end of the app.

    When this is cancelled the work goes on to its end, and what comes of it is forgotten.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(result)  # type: ignore[arg-type]
        else:
            outcome.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the app has ended in the meantime
            loop.call_soon_threadsafe(settle, result, failure)

    Thread(target=run, name="aside", daemon=True).start()
    return await outcome
