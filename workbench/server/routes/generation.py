"""POST /v1/chat/completions and /v1/completions: one path, since the wire structs know the difference."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.json import Decoder
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench import __version__
from workbench.backend import ModelFacts, Provider
from workbench.events import Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from workbench.generation import Generation
from workbench.openai_dialect.chat_request import ChatRequest
from workbench.openai_dialect.completion_request import CompletionRequest
from workbench.openai_dialect.generation_request import GenerationRequest
from workbench.openai_dialect.reply import Reply
from workbench.openai_dialect.wire import decode, encode
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.choices import Answerer, choices, collect
from workbench.server.answers.context_policy import ContextCare
from workbench.server.answers.event_stream import ChunkStream, comment, data
from workbench.server.answers.json_response import json_response
from workbench.server.answers.translation import naming
from workbench.server.answers.unanswered import Unanswered
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_body import read_body

Wire = TypeVar("Wire", bound=GenerationRequest)
Endpoint = Callable[[Request], Awaitable[Response]]


def _endpoint(wire_type: type[Wire]) -> Endpoint:
    decoder = Decoder(wire_type)

    async def answer(request: Request) -> Response:
        state = request.app.state
        wire = decode(decoder, await read_body(request))
        wire.fill_in(state.models.sampling(wire.model))
        generations = wire.generations()
        prepare = partial(_prepare, state.models, wire, generations)
        if wire.stream:
            loading = partial(state.models.loading, wire.model)
            streamed = partial(_streamed, prepare, wire)
            return ChunkStream(streamed, state.stopping, state.keep_alive_seconds, loading)
        ready = await while_wanted(prepare(), request.receive, state.stopping)
        with wire.naming_constraints(generations[0]):
            gathered = collect(ready.answerer, ready.generations)
            answers = await while_wanted(gathered, request.receive, state.stopping)
        return json_response(ready.reply.whole(answers), headers=ready.headers)

    return answer


ROUTES = (
    Route("/v1/chat/completions", _endpoint(ChatRequest), methods=["POST"]),
    Route("/v1/completions", _endpoint(CompletionRequest), methods=["POST"]),
)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request that can be answered."""

    answerer: Answerer
    generations: Sequence[Generation]
    reply: Reply
    care: ContextCare | None = None

    @property
    def headers(self) -> dict[str, str]:
        return self.care.headers if self.care else {}


async def _prepare(models: ModelPool, wire: GenerationRequest, generations: Sequence[Generation]) -> _Ready:
    provider = await models.provider(wire.model)
    wire.check(provider.facts)
    preface = [await _text(provider, prompt) for prompt in wire.echoed()]
    reply = wire.reply(fingerprint(provider.facts), preface)
    if wire.token_limit() == 0:
        return _Ready(Unanswered(provider), generations, reply)
    if wire.context_policy in (None, "error"):
        return _Ready(provider, generations, reply)
    care = ContextCare(wire.context_policy)
    reply.context = care.report
    return _Ready(care.answerer(provider), await care.fitted(provider, generations), reply, care)


async def _text(provider: Provider, prompt: str | Sequence[int]) -> str:
    return prompt if isinstance(prompt, str) else await provider.detokenize(prompt)


def fingerprint(facts: ModelFacts) -> str:
    """Changes with the program, the model and where it runs: whatever may change a seeded answer."""
    parts = (__version__, facts.architecture, facts.quantization, facts.parameters, facts.placement)
    return "fp_" + hashlib.blake2s(repr(parts).encode(), digest_size=5).hexdigest()


async def _messages(ready: _Ready) -> AsyncGenerator[bytes]:
    """Server-sent events of the answer. What opens a choice travels with its first text or its end."""
    reply = ready.reply
    unopened = set(range(len(ready.generations)))
    usages = [Usage()] * len(ready.generations)
    async with aclosing(choices(ready.answerer, ready.generations)) as events:
        async for index, event in events:
            opening = b""
            if not isinstance(event, Prefill) and index in unopened:
                unopened.remove(index)
                opening = _event(reply.opening(index, event))
            match event:
                case Prefill(done, total):
                    if done < total:
                        yield comment(f"prompt {done}/{total}")
                case TextDelta() | ReasoningDelta() | ToolCallDelta():
                    yield opening + _event(reply.delta(index, event))
                case Finished():
                    usages[index] = event.usage
                    yield opening + _event(reply.ending(index, event))
    if reply.include_usage:
        yield _event(reply.usage(usages))


async def _streamed(
    prepare: Callable[[], Awaitable[_Ready]], wire: GenerationRequest, headers: MutableHeaders
) -> AsyncGenerator[bytes]:
    ready = await prepare()
    headers.update(ready.headers)
    return naming(_messages(ready), lambda: wire.naming_constraints(ready.generations[0]))


def _event(chunk: Struct | None) -> bytes:
    return data(encode(chunk)) if chunk is not None else b""
