"""POST /api/chat, /api/generate, /api/embed and /api/embeddings: Ollama's API over the same models."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.json import Decoder
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.backend import Provider
from workbench.embedding import Embeddings
from workbench.generation import Generation
from workbench.models.tokens import truncated
from workbench.ollama_dialect.error_body import ollama_error
from workbench.ollama_dialect.keep_alive import seconds_kept
from workbench.ollama_dialect.reply import OllamaChatReply, OllamaGenerateReply, OllamaReply, nanoseconds
from workbench.ollama_dialect.requests import OllamaChatRequest, OllamaGenerateRequest, OllamaRequest
from workbench.ollama_dialect.vectors import (
    OllamaEmbedding,
    OllamaEmbeddingRequest,
    OllamaEmbeddings,
    OllamaEmbedRequest,
)
from workbench.openai_dialect.embeddings import shortened
from workbench.openai_dialect.error_body import error_body, status_of
from workbench.openai_dialect.wire import decode, encode
from workbench.server.answers.answer_stream import AnswerStream
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.json_response import json_response
from workbench.server.answers.translation import gather, translated
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_body import read_body
from workbench.server.routes.embeddings import check_embeds
from workbench.server.routes.model_endpoint import json_endpoint
from workbench.server.routes.ollama_loading import kept_provider, limited
from workbench.server.routes.ollama_names import served_name
from workbench.server.routes.pool import administered

Wire = TypeVar("Wire", bound=OllamaRequest)
Endpoint = Callable[[Request], Awaitable[Response]]


class JsonLines(AnswerStream):
    """Each message is a line. Clients can skip none, so nothing keeps the stream alive."""

    media_type = "application/x-ndjson"

    def failure(self, error: Exception) -> bytes:
        return _line(ollama_error(error_body(error).error, status_of(error)))


def _answering(wire_type: type[Wire], reply_type: type[OllamaReply]) -> Endpoint:
    decoder = Decoder(wire_type)

    async def answer(request: Request) -> Response:
        asked, state = time.monotonic(), request.app.state
        wire = decode(decoder, await read_body(request))
        name = await served_name(state.models, wire.model)
        wire.fill_in(state.models.sampling(name))
        generation = wire.generation()
        if generation is None:
            done = await _without_prompt(request, wire, name)
            return json_response(reply_type(wire.model, asked, time.monotonic()).empty(done))
        preparing = _prepared(state.models, name, wire, generation)
        provider, fitted = await while_wanted(preparing, request.receive, state.stopping)
        reply = reply_type(wire.model, asked, time.monotonic())
        if wire.streams:
            return JsonLines(
                partial(_lines, provider, fitted, reply), state.stopping, state.keep_alive_seconds
            )
        await while_wanted(gather(provider, fitted, reply), request.receive, state.stopping)
        return json_response(reply.whole())

    return answer


async def _prepared(
    models: ModelPool, name: str, wire: OllamaRequest, generation: Generation
) -> tuple[Provider, Generation]:
    """The model, and what it is asked for within the context that the request allows."""
    provider = await kept_provider(models, name, wire.keep_alive)
    wire.check(provider.facts)
    return provider, await limited(provider, generation, wire.context_limit)


async def _without_prompt(request: Request, wire: OllamaRequest, name: str) -> Literal["load", "unload"]:
    """Load the model, or with a `keep_alive` of 0 unload it."""
    state = request.app.state
    if wire.keep_alive is not None and seconds_kept(wire.keep_alive) == 0:
        await administered(request, "unload model", name, state.models.release)
        return "unload"
    opening = kept_provider(state.models, name, wire.keep_alive)
    await while_wanted(opening, request.receive, state.stopping)
    await while_wanted(state.models.load(name), request.receive, state.stopping)
    return "load"


async def embed(wire: OllamaEmbedRequest, models: ModelPool) -> OllamaEmbeddings:
    asked, texts = time.monotonic(), wire.texts()
    provider = await kept_provider(models, await served_name(models, wire.model), wire.keep_alive)
    loaded = time.monotonic()
    embedded, cut = await _embedded(provider, texts, may_cut=wire.truncate is not False)
    return OllamaEmbeddings(
        model=wire.model,
        embeddings=[list(shortened(vector, wire.dimensions)) for vector in embedded.vectors],
        total_duration=nanoseconds(time.monotonic() - asked),
        load_duration=nanoseconds(loaded - asked),
        prompt_eval_count=embedded.prompt_tokens,
        truncated=cut,
    )


async def embed_one(wire: OllamaEmbeddingRequest, models: ModelPool) -> OllamaEmbedding:
    provider = await kept_provider(models, await served_name(models, wire.model), wire.keep_alive)
    if not wire.prompt:
        return OllamaEmbedding([])
    embedded, _ = await _embedded(provider, [wire.prompt], may_cut=False)
    return OllamaEmbedding(list(embedded.vectors[0]))


async def _embedded(provider: Provider, texts: list[str], *, may_cut: bool) -> tuple[Embeddings, int]:
    """The vectors, and how many of the texts had to be cut to fit."""
    check_embeds(provider)
    if not texts:
        return Embeddings((), 0), 0
    if not may_cut:
        return await provider.embed(texts), 0
    most = provider.facts.known_context
    kept = [await truncated(provider, text, most, special=True) for text in texts]
    cut = sum(len(left) < len(whole) for left, whole in zip(kept, texts, strict=True))
    return await provider.embed(kept), cut


async def _lines(
    provider: Provider, generation: Generation, reply: OllamaReply, headers: MutableHeaders
) -> AsyncGenerator[bytes]:
    return translated(provider, generation, reply, _line)


def _line(message: Struct) -> bytes:
    return encode(message) + b"\n"


ROUTES = (
    Route("/api/chat", _answering(OllamaChatRequest, OllamaChatReply), methods=["POST"]),
    Route("/api/generate", _answering(OllamaGenerateRequest, OllamaGenerateReply), methods=["POST"]),
    Route("/api/embed", json_endpoint(OllamaEmbedRequest, embed), methods=["POST"]),
    Route("/api/embeddings", json_endpoint(OllamaEmbeddingRequest, embed_one), methods=["POST"]),
)
