"""The socket through which other programs of this user use the models that a server has loaded.

Only this user can open it. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import assert_never, cast

import msgspec

from workbench.backend import Provider
from workbench.errors import ModelNotFound, WorkbenchError
from workbench.events import Event
from workbench.runtime import attachment
from workbench.server.pool.model_pool import ModelPool
from workbench.server.pool.served_model import ServedModel

_LOOK_SECONDS = 0.1


@asynccontextmanager
async def attachable(models: ModelPool) -> AsyncIterator[None]:
    """Listen while the context lasts; where there are no such sockets, do without."""
    place = attachment.socket_of(os.getpid())
    host = _Host(models)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(host.serve, place)
        finally:
            os.umask(before)
    except (OSError, AttributeError):  # the folder cannot be written, or its name is too long for a socket
        yield
        return
    try:
        yield
    finally:
        server.close()
        place.unlink(missing_ok=True)
        host.end()


class _Host:
    """Answers one call on each connection."""

    def __init__(self, models: ModelPool) -> None:
        self._models = models
        self._connections: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    def end(self) -> None:
        for connection in self._connections:
            connection.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except WorkbenchError as error:
            attachment.write(writer, attachment.Failed(error.kind, error.message, error.remedy))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = attachment.asked_decoder.decode(await attachment.read(reader))
        if isinstance(asked, attachment.Stay):
            await reader.read(1)
        if not isinstance(asked, attachment.UseModel):
            return
        model = self._models.at(asked.path)
        if model is None:
            raise ModelNotFound(f"This server does not serve {asked.path}.")
        async with _lent(model, writer) as provider:
            attachment.write(writer, attachment.Facts(provider.facts))
            await writer.drain()
            call = attachment.asked_decoder.decode(await attachment.read(reader))
            answering = asyncio.create_task(_call(provider, call, writer))
            hung_up = asyncio.create_task(reader.read(1))
            try:
                await asyncio.wait({answering, hung_up}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    answering.result()
            finally:
                for task in (answering, hung_up):
                    task.cancel()
                await asyncio.gather(answering, hung_up, return_exceptions=True)


@asynccontextmanager
async def _lent(model: ServedModel, writer: asyncio.StreamWriter) -> AsyncIterator[Provider]:
    """The loaded model; meanwhile whoever waits for it is told how far it is."""
    telling = asyncio.create_task(_tell(model, writer))
    try:
        async with model.lent() as provider:
            telling.cancel()
            yield provider
    finally:
        telling.cancel()


async def _tell(model: ServedModel, writer: asyncio.StreamWriter) -> None:
    told = None
    while True:
        if model.share not in (None, told):
            told = model.share
            attachment.write(writer, attachment.Loading(told or 0.0))
        await asyncio.sleep(_LOOK_SECONDS)


async def _call(provider: Provider, call: attachment.Asked, writer: asyncio.StreamWriter) -> None:
    match call:
        case attachment.Generate(generation):
            async with aclosing(cast(AsyncGenerator[Event], provider.generate(generation))) as events:
                async for event in events:
                    attachment.write(writer, attachment.happened(event))
                    await writer.drain()
        case attachment.Render(generation):
            attachment.write(writer, attachment.Value(await provider.rendered(generation)))
        case attachment.Tokenize(text, special, add):
            tokens = await provider.tokenize(text, special=special, add=add)
            attachment.write(writer, attachment.Value(tokens))
        case attachment.Detokenize(tokens):
            attachment.write(writer, attachment.Value(await provider.detokenize(tokens)))
        case attachment.TimePasses(held, tokens, together):
            seconds = await provider.time_passes(held, tokens, together=together)
            attachment.write(writer, attachment.Value(seconds))
        case attachment.UseModel() | attachment.Stay():
            pass
        case _:
            assert_never(call)
