"""The models that are served, by name: each opened at its first use, once, and closed together.

Knows nothing of how a model is opened; it is given a function for that, or a Provider.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from workbench.backend import ModelFacts, Provider
from workbench.errors import EngineUnavailable, ModelNotFound

Opener = Callable[[], Awaitable[Provider]]


class ModelPool:
    """Names to Providers. The pool owns them all, those it was given among them."""

    def __init__(self, models: Mapping[str, Provider | Opener]) -> None:
        self.created = int(time.time())
        self._openers = {name: model for name, model in models.items() if not isinstance(model, Provider)}
        self._opened = {name: model for name, model in models.items() if isinstance(model, Provider)}
        self._opening: dict[str, asyncio.Task[Provider]] = {}
        self._names = tuple(models)
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def facts(self, name: str) -> ModelFacts | None:
        """What the model says of itself, or None while it is not open. Raises ModelNotFound."""
        self._check(name)
        provider = self._opened.get(name)
        return provider.facts if provider else None

    async def provider(self, name: str) -> Provider:
        """The model of that name, opened if need be; a load goes on when the one who asked goes away.

        Raises ModelNotFound, and whatever opening raises; the next call then tries again.
        """
        self._check(name)
        if name in self._opened:
            return self._opened[name]
        if self._closed:
            raise EngineUnavailable("The models are being unloaded.", "Start the server again.")
        if name not in self._opening:
            self._opening[name] = asyncio.create_task(self._open(name))
        return await asyncio.shield(self._opening[name])

    async def open_all(self) -> None:
        """Open one after the other, in the order given."""
        for name in self._names:
            await self.provider(name)

    async def close(self) -> None:
        """Stop every load and close every model. Idempotent."""
        self._closed = True
        loads = list(self._opening.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for name in list(self._opened):
            await self._opened.pop(name).close()

    async def _open(self, name: str) -> Provider:
        try:
            provider = await self._openers[name]()
            self._opened[name] = provider
            return provider
        finally:
            del self._opening[name]

    def _check(self, name: str) -> None:
        if name not in self._names:
            served = ", ".join(self._names) or "none"
            raise ModelNotFound(f"No model is served as {name[:200]!r}.", f"Ask for one of: {served}.")
