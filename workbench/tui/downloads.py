"""The one download queue of the app, as its screens see it.

Made when first needed and closed with the app, which keeps what has arrived. Nothing here waits for the disk
or the network on the event loop. Knows nothing of screens; those who want to know of changes subscribe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from workbench.models.transfer.queue import Download, DownloadQueue
from workbench.tui.aside import aside

Entries = tuple[Download, ...]

CLOSING_SECONDS = 2.0
"""A transfer that waits for a server is not waited for longer; it may be ended at any moment."""


class Downloads:
    """Takes in what the queue does whenever `look` is called, and changes it, one change after the other."""

    def __init__(self, make_queue: Callable[[], DownloadQueue]) -> None:
        self.entries: Entries = ()
        self._make_queue = make_queue
        self._queue: DownloadQueue | None = None
        self._turn = asyncio.Lock()
        self._subscribers: list[Callable[[Entries], None]] = []

    def subscribe(self, subscriber: Callable[[Entries], None]) -> None:
        """Call with the present downloads at once, and with each later state of them."""
        self._subscribers.append(subscriber)
        subscriber(self.entries)

    def unsubscribe(self, subscriber: Callable[[Entries], None]) -> None:
        self._subscribers.remove(subscriber)

    def look(self) -> None:
        """Take in how the downloads are now."""
        entries = () if self._queue is None else tuple(self._queue.downloads())
        if entries != self.entries:
            self.entries = entries
            for subscriber in list(self._subscribers):
                subscriber(entries)

    async def open(self) -> None:
        """Have what earlier runs of the app left undone among the downloads."""
        await self.change(lambda queue: None)

    async def change(self, act: Callable[[DownloadQueue], object]) -> None:
        """Do something to the queue. Raises WorkbenchError."""
        async with self._turn:
            if self._queue is None:
                self._queue = await aside(self._make_queue)
            queue = self._queue
            await aside(lambda: act(queue))
        self.look()

    async def close(self) -> None:
        """Stop what runs, keeping what has arrived."""
        queue, self._queue = self._queue, None
        if queue is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(aside(queue.close), CLOSING_SECONDS)
