"""One model of a pool: whether it is loaded, who uses it, and who waits for it.

Knows nothing of other models. Whoever loads it says so with `admit` or `refuse`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal

from workbench.backend import Provider
from workbench.errors import WorkbenchError
from workbench.server.access.limits import Overloaded
from workbench.server.pool.model_offer import ModelOffer

State = Literal["idle", "loading", "loaded", "unloading"]
MOST_WAITING = 256
"""Requests that may wait for one model to be loaded."""


class ServedModel:
    """A model that is lent out: while somebody uses it, it is not unloaded.

    Attributes:
        wanted: Called when somebody waits for it and it is not loaded.
        provider: The loaded model, or None.
        users: Requests that use it now.
        last_used: When it was last asked for or given back, by the monotonic clock.
        share: How much of it is loaded, from 0 to 1, while a load is under way or waits for its turn.
        ttl: Seconds that it stays after its last use, None for as long as there is room; until it is
            unloaded, a request may change what its offer says.
    """

    def __init__(self, name: str, offer: ModelOffer, wanted: Callable[[ServedModel], None]) -> None:
        self.name = name
        self.offer = offer
        self.wanted = wanted
        self.provider: Provider | None = None
        self.users = 0
        self.last_used = time.monotonic()
        self.share: float | None = None
        self.ttl = offer.ttl
        self._leaving = False
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._unused = asyncio.Event()
        self._unused.set()
        self._unloading = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._expiries: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        if self._leaving:
            return "unloading"
        if self.provider is not None:
            return "loaded"
        return "idle" if self.share is None else "loading"

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    @property
    def expires(self) -> float | None:
        """When it is unloaded if nobody uses it again, by the monotonic clock; None for never."""
        if self.ttl is None or self.offer.pinned:
            return None
        return (time.monotonic() if self.users else self.last_used) + self.ttl

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Provider]:
        """The model, loaded if need be and kept until the context is left.

        Raises Overloaded where too many wait, and whatever loading raises.
        """
        await self._take()
        assert self.provider is not None
        try:
            yield self.provider
        finally:
            self._give_back()

    def load_at(self, share: float) -> None:
        """So much of it is loaded; what is told too late changes nothing."""
        if self.share is not None:
            self.share = share

    def admit(self, provider: Provider) -> None:
        """It is loaded: everyone who waits has it now, before anybody can take it away again."""
        self.provider = provider
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._count_user()
                waiter.set_result(None)
        self._watch_time()

    def refuse(self, error: Exception) -> None:
        """It cannot be loaded: everyone who waits is told, each with an error of their own."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(_again(error))

    async def unload(self) -> None:
        """Let nobody else in, wait until nobody uses it, and close it; those who come meanwhile wait."""
        async with self._unloading:
            self._leaving = True
            try:
                while self.users:
                    await self._unused.wait()
                provider, self.provider = self.provider, None
                self.ttl = self.offer.ttl
            finally:
                self._leaving = False
            if provider is not None:
                await provider.close()

    async def settle(self) -> None:
        """Wait until an unloading that is under way is over."""
        async with self._unloading:
            pass

    async def close(self) -> None:
        """Close it now, whoever uses it."""
        self._stop_timer()
        for expiry in list(self._expiries):
            expiry.cancel()
        await asyncio.gather(*self._expiries, return_exceptions=True)
        provider, self.provider = self.provider, None
        if provider is not None:
            await provider.close()

    async def _take(self) -> None:
        if self.provider is not None and not self._leaving:
            self._count_user()
            return
        if len(self._waiters) >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING} requests already wait for {self.name}.")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self.wanted(self)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back()  # it was handed over in the moment in which its taker went away
            raise
        finally:
            with suppress(ValueError):
                self._waiters.remove(waiter)

    def _count_user(self) -> None:
        self._stop_timer()
        self.users += 1
        self.last_used = time.monotonic()
        self._unused.clear()

    def _give_back(self) -> None:
        self.users -= 1
        self.last_used = time.monotonic()
        if self.users == 0:
            self._unused.set()
            self._watch_time()

    def _watch_time(self) -> None:
        self._stop_timer()
        if self.ttl is not None and not self.offer.pinned and self.users == 0:
            self._timer = asyncio.get_running_loop().call_later(self.ttl, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        expiry = asyncio.create_task(self.unload())
        self._expiries.add(expiry)
        expiry.add_done_callback(self._expiries.discard)


def _again(error: Exception) -> Exception:
    """The same error, so that no two requests share one traceback."""
    return type(error)(error.message, error.remedy) if isinstance(error, WorkbenchError) else error
