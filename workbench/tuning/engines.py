"""A few engines with the same model and different settings, kept open so that they can be measured in turns.

They rest while they are not measured. Knows nothing of speed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit

Open = Callable[[EngineSettings], Awaitable[Provider]]


class Engines:
    """At most so many at once; the one that was used longest ago makes room."""

    def __init__(self, open_engine: Open, most: int) -> None:
        self._open = open_engine
        self._most = most
        self._open_ones: OrderedDict[EngineSettings, Provider] = OrderedDict()

    async def get(self, settings: EngineSettings) -> tuple[Provider, bool]:
        """An engine with these settings, and whether it was opened just now. Raises as opening does."""
        if settings in self._open_ones:
            self._open_ones.move_to_end(settings)
            return self._open_ones[settings], False
        while len(self._open_ones) >= self._most:
            await self._close_oldest()
        try:
            provider = await self._open(settings)
        except DoesNotFit:
            if not self._open_ones:
                raise
            await self.close()
            provider = await self._open(settings)
        self._open_ones[settings] = provider
        return provider, True

    async def close(self) -> None:
        """All of them."""
        while self._open_ones:
            await self._close_oldest()

    async def _close_oldest(self) -> None:
        _, provider = self._open_ones.popitem(last=False)
        await provider.close()
