"""POST /v1/chat/completions and /v1/completions: one path, since the wire structs know the difference."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

from msgspec import Struct
from msgspec.json import Decoder
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
from workbench.server.cancellation import while_wanted
from workbench.server.choices import choices, collect
from workbench.server.event_stream import EventStream, comment, data
from workbench.server.json_response import json_response
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
        provider, reply = await while_wanted(_prepare(request, wire), request.receive, state.stopping)
        if wire.stream:
            messages = _naming_faults(wire, _messages(provider, generations, reply))
            return EventStream(messages, state.stopping, state.keep_alive_seconds)
        with wire.naming_faults():
            answers = await while_wanted(collect(provider, generations), request.receive, state.stopping)
        return json_response(reply.whole(answers))

    return answer


ROUTES = (
    Route("/v1/chat/completions", _endpoint(ChatRequest), methods=["POST"]),
    Route("/v1/completions", _endpoint(CompletionRequest), methods=["POST"]),
)


async def _prepare(request: Request, wire: GenerationRequest) -> tuple[Provider, Reply]:
    provider = await request.app.state.models.provider(wire.model)
    preface = [await _text(provider, prompt) for prompt in wire.echoed()]
    return provider, wire.reply(fingerprint(provider.facts), preface)


async def _text(provider: Provider, prompt: str | Sequence[int]) -> str:
    return prompt if isinstance(prompt, str) else await provider.detokenize(prompt)


def fingerprint(facts: ModelFacts) -> str:
    """Changes with the program, the model and where it runs: whatever may change a seeded answer."""
    parts = (__version__, facts.architecture, facts.quantization, facts.parameters, facts.placement)
    return "fp_" + hashlib.blake2s(repr(parts).encode(), digest_size=5).hexdigest()


async def _messages(
    provider: Provider, generations: Sequence[Generation], reply: Reply
) -> AsyncGenerator[bytes]:
    """Server-sent events of the answer. What opens a choice travels with its first text or its end."""
    unopened = set(range(len(generations)))
    usages = [Usage()] * len(generations)
    async with aclosing(choices(provider, generations)) as events:
        async for index, event in events:
            opening = b""
            if not isinstance(event, Prefill) and index in unopened:
                unopened.remove(index)
                opening = _event(reply.opening(index))
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


async def _naming_faults(wire: GenerationRequest, messages: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    with wire.naming_faults():
        async with aclosing(messages):
            async for message in messages:
                yield message


def _event(chunk: Struct | None) -> bytes:
    return data(encode(chunk)) if chunk is not None else b""
