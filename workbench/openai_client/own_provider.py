"""A Provider of a server that is a process of ours: when it dies, the next request starts it anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar, cast

from workbench.backend import LoadProgress, ModelFacts
from workbench.errors import Unreachable
from workbench.events import Event
from workbench.generation import Generation
from workbench.openai_client.connecting import probed
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.endpoints import Endpoints
from workbench.openai_client.own_server import OwnServer
from workbench.openai_client.provider import OpenAIProvider

Answered = TypeVar("Answered")


class OwnProvider(OpenAIProvider):
    """`pid` is the server's process, for those who watch memory."""

    @classmethod
    def open(
        cls, server: OwnServer, facts: Callable[[ModelFacts], ModelFacts], progress: LoadProgress
    ) -> OwnProvider:
        """Start the server; call it off the event loop. `facts` adds what is known of the model here.

        Raises as OwnServer.start does, and what asking the server raises.
        """
        server.start(progress)
        try:
            endpoint = Endpoint(server.url, key=server.key)
            told = probed(endpoint)
            progress(1.0)
            made = cls(
                Endpoints([endpoint]), replace(facts(told.facts), placement="this machine"), told.tokenizer
            )
        except BaseException:
            server.close()
            raise
        made._server, made._starting = server, asyncio.Lock()
        return made

    _server: OwnServer
    _starting: asyncio.Lock

    @property
    def pid(self) -> int:
        return self._server.pid

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        await self._live()
        try:
            async with aclosing(cast(AsyncGenerator[Event], super().generate(generation))) as events:
                async for event in events:
                    yield event
        except Unreachable as error:
            raise await self._explained(error) from None

    async def close(self) -> None:
        await super().close()
        await asyncio.to_thread(self._server.close)

    async def _asked(self, ask: Callable[[Endpoint], Awaitable[Answered]]) -> Answered:
        await self._live()
        try:
            return await super()._asked(ask)
        except Unreachable as error:
            raise await self._explained(error) from None

    async def _live(self) -> None:
        self._check_open()
        async with self._starting:
            if not self._server.alive:
                await asyncio.to_thread(self._server.start)

    async def _explained(self, error: Unreachable) -> Exception:
        """The process's death, where that is the reason."""
        death = await asyncio.to_thread(self._server.death)
        return error if self._server.alive else death
