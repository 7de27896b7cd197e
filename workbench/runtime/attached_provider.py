"""A model in a running server of this user, used as if it were loaded here.

Knows nothing of how it is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from workbench.backend import Provider
from workbench.errors import ModelNotFound, Unreachable, error_of_kind
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.runtime import attachment

_PATIENCE_SECONDS = 10.0
"""How long a server may say nothing of the model it is asked for; one that runs speaks at once."""
Progress = Callable[[float], None]


async def attached(model: Path, progress: Progress = lambda share: None) -> AttachedProvider | None:
    """The model at this path in a server that serves it; None where there is no such server.

    It may have to be loaded there first: `progress` is told the share, from 0 to 1. Raises as
    loading does.
    """
    for socket in attachment.sockets():
        try:
            return await AttachedProvider.of(socket, str(model), progress)
        except ModelNotFound:
            continue
        except Unreachable as error:
            if isinstance(error.__cause__, ConnectionRefusedError):  # its server was killed
                socket.unlink(missing_ok=True)
    return None


class AttachedProvider(Provider):
    """Closing it leaves the model where it is."""

    def __init__(self, socket: Path, model: str) -> None:
        self._socket = socket
        self._model = model

    @classmethod
    async def of(cls, socket: Path, model: str, progress: Progress) -> AttachedProvider:
        """Raises Unreachable where nobody answers, and ModelNotFound where the model is not served."""
        made = cls(socket, model)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS) as patience:
                async with aclosing(made._conversation(None)) as answers:
                    async for answer in answers:
                        patience.reschedule(None)
                        if isinstance(answer, attachment.Facts):
                            return made
                        if isinstance(answer, attachment.Loading):
                            progress(answer.share)
        except TimeoutError as error:
            raise gone() from error
        raise gone()

    async def ended(self) -> None:
        """Wait until the server is no longer there."""
        with suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(self._socket)
            try:
                attachment.write(writer, attachment.Stay())
                await reader.read()
            finally:
                writer.transport.abort()

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        async with aclosing(self._conversation(attachment.Generate(generation))) as answers:
            async for answer in answers:
                if isinstance(answer, attachment.Happened):
                    event = attachment.event_of(answer)
                    yield event
                    if isinstance(event, Finished):
                        return
        raise gone()

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        prompt = await self._value(attachment.Render(generation))
        return prompt if isinstance(prompt, str) else tuple(prompt)

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return list(await self._value(attachment.Tokenize(text, special, add)))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return str(await self._value(attachment.Detokenize(tuple(tokens))))

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        return float(await self._value(attachment.TimePasses(held, tokens, together)))

    async def close(self) -> None:
        """The server keeps the model."""

    async def _value(self, call: attachment.Ask) -> Any:
        async with aclosing(self._conversation(call)) as answers:
            async for answer in answers:
                if isinstance(answer, attachment.Value):
                    return answer.value
        raise gone()

    async def _conversation(self, call: attachment.Ask | None) -> AsyncGenerator[attachment.Answered]:
        """Facts, and then what the call brings."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError as error:
            raise gone() from error
        try:
            attachment.write(writer, attachment.UseModel(self._model))
            if call is not None:
                attachment.write(writer, call)
            async for answer in _answers(reader):
                if isinstance(answer, attachment.Facts):
                    self.facts = answer.facts
                yield answer
        finally:
            writer.transport.abort()


async def _answers(reader: asyncio.StreamReader) -> AsyncIterator[attachment.Answered]:
    """Until the server has said all. Raises the error that it tells, and Unreachable."""
    while True:
        try:
            body = await attachment.read(reader)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and not error.partial:
                return
            raise gone() from None
        answer: attachment.Answered = attachment.answered_decoder.decode(body)
        if isinstance(answer, attachment.Failed):
            raise error_of_kind(answer.kind, answer.message, answer.remedy)
        yield answer


def gone() -> Unreachable:
    """What is raised, or told, once the server is no longer there."""
    return Unreachable(
        "The server that had the model loaded went away.", "Ask again: the model is then loaded here."
    )
