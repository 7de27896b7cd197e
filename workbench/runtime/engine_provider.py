"""A Provider made of an Engine in a process of its own.

A process that died is replaced when the next request comes. Knows no engine by name.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import replace

from workbench.backend import Provider
from workbench.chat.answering import Answering
from workbench.chat.leg import Leg
from workbench.chat.media import mixed, shown
from workbench.embedding import Embeddings
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, Unsupported, WorkbenchError
from workbench.events import Event, Finished, Prefill, TextDelta
from workbench.generation import Generation
from workbench.runtime import messages
from workbench.runtime.engine_process import CallReply, EngineProcess
from workbench.sampler_trace import SamplerTrace


class EngineProvider(Provider):
    """One loaded model. `pid` is its process, for those who watch memory."""

    def __init__(self, command: messages.Open, process: EngineProcess) -> None:
        self._command = command
        self._process = process
        self._restarting = asyncio.Lock()
        self._closed = False
        self._watchers: list[Awaitable[object]] = []
        self.facts = process.facts

    @classmethod
    async def open(cls, command: messages.Open, progress: Callable[[float], None]) -> EngineProvider:
        return cls(command, await EngineProcess.start(command, progress))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def settings(self) -> EngineSettings:
        """How it was loaded, with what the engine decided."""
        return replace(self._command.settings, context_length=self.facts.context_length)

    @property
    def backend(self) -> str:
        return self._command.backend

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        answering = Answering(self.facts, generation)
        process = await self._live_process()
        leg, told = None, list[Event]()
        while leg is not answering.leg and not _ended(told):
            leg = answering.leg
            async with aclosing(_answer(process, generation, leg)) as events:
                async for event in events:
                    told = answering.take(event)
                    for one in told:
                        yield one
                    if leg is not answering.leg or _ended(told):
                        break

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        prompt = Answering(self.facts, generation).leg.prompt
        return shown(prompt) if isinstance(prompt, str) else prompt

    async def prompt_length(self, generation: Generation) -> int:
        leg = Answering(self.facts, generation).leg
        if not (leg.media and isinstance(leg.prompt, str)):
            return await super().prompt_length(generation)
        parts = mixed(leg.prompt, leg.media)
        reply = await self._ask(lambda number: messages.Measure(number, parts))
        assert isinstance(reply, messages.Tokens)
        return len(reply.tokens)

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        reply = await self._ask(lambda number: messages.Tokenize(number, text, special, add))
        assert isinstance(reply, messages.Tokens)
        return list(reply.tokens)

    async def tokenize_all(
        self, texts: Sequence[str], *, special: bool = False, add: bool | None = None
    ) -> list[list[int]]:
        given = tuple(texts)
        reply = await self._ask(lambda number: messages.TokenizeAll(number, given, special, add))
        assert isinstance(reply, messages.AllTokens)
        return reply.tokens

    async def detokenize(self, tokens: Sequence[int]) -> str:
        reply = await self._ask(lambda number: messages.Detokenize(number, tuple(tokens)))
        assert isinstance(reply, messages.Piece)
        return reply.data.decode(errors="replace")

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        reply = await self._ask(lambda number: messages.Divide(number, tuple(tokens)))
        assert isinstance(reply, messages.Pieces)
        return reply.data

    async def trace(self, generation: Generation, *, top: int = 10, draws: int = 0) -> SamplerTrace:
        leg = Answering(self.facts, generation).leg
        if leg.media or leg.constraint is not None:
            raise Unsupported(
                "Only answers to plain text are looked into.", "Leave media and the answer's form out."
            )
        sampling = generation.sampling
        reply = await self._ask(lambda number: messages.Trace(number, leg.prompt, sampling, top, draws))
        assert isinstance(reply, messages.TraceOf)
        return reply.trace

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        given = tuple(one if isinstance(one, str) else tuple(one) for one in inputs)
        return _embeddings(await self._ask(lambda number: messages.Embed(number, given)))

    async def rank(self, query: str, documents: Sequence[str]) -> Embeddings:
        return _embeddings(await self._ask(lambda number: messages.Rank(number, query, tuple(documents))))

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        reply = await self._ask(lambda number: messages.TimePasses(number, held, tokens, together))
        assert isinstance(reply, messages.PassSeconds)
        return reply.seconds

    def stay_for(self, watcher: Awaitable[object]) -> None:
        """Closing waits for what looks at the process, so that there is a process to look at."""
        self._watchers.append(watcher)

    async def close(self) -> None:
        self._closed = True
        await asyncio.gather(*self._watchers, return_exceptions=True)
        await self._process.close()

    async def _ask(self, make: Callable[[int], messages.Call]) -> CallReply:
        process = await self._live_process()
        number, replies = process.call(make)
        try:
            reply = await replies.get()
        finally:
            process.cancel(number)
        if isinstance(reply, WorkbenchError):
            raise reply
        return reply

    async def _live_process(self) -> EngineProcess:
        async with self._restarting:
            if self._closed:
                raise EngineDied("The model was unloaded.", "Load it again.")
            if not self._process.alive:
                await self._process.close()
                self._process = await EngineProcess.start(self._command, lambda share: None)
            return self._process


async def _answer(process: EngineProcess, generation: Generation, leg: Leg) -> AsyncGenerator[Event]:
    """One leg's events. Closing it cancels."""
    number, replies = process.call(
        lambda number: messages.Generate(
            number,
            "" if leg.media else leg.prompt,
            generation.sampling,
            leg.max_tokens,
            generation.stop,
            generation.logprobs,
            generation.ignore_end,
            leg.constraint,
            generation.speculation,
            leg.shown,
            mixed(leg.prompt, leg.media) if isinstance(leg.prompt, str) and leg.media else (),
        )
    )
    try:
        while True:
            event = _event(await replies.get())
            yield event
            if isinstance(event, Finished):
                return
    finally:
        process.cancel(number)


def _ended(events: Sequence[Event]) -> bool:
    return bool(events) and isinstance(events[-1], Finished)


def _embeddings(reply: CallReply) -> Embeddings:
    assert isinstance(reply, messages.Vectors)
    return Embeddings(tuple(array("f", data) for data in reply.vectors), reply.prompt_tokens)


def _event(reply: CallReply | WorkbenchError) -> Event:
    match reply:
        case WorkbenchError():
            raise copy(reply)
        case messages.PrefillAt(_, done, total, cached):
            return Prefill(done, total, cached)
        case messages.Text(_, text, tokens, logprobs):
            return TextDelta(text, tokens, logprobs)
        case messages.Ended(_, reason, usage, timings, stop_sequence):
            return Finished(reason, usage, timings, stop_sequence)
        case _:
            raise EngineDied(
                f"The engine answered a request with {type(reply).__name__}.", "Restart the program."
            )
