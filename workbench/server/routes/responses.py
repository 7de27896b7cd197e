"""/v1/responses: OpenAI's Responses API, with responses that are kept and gone on from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.backend import Provider
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.openai_dialect.constraint_faults import naming_constraints
from workbench.openai_dialect.kept_objects import Deleted
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.wire import decode
from workbench.responses_dialect.input_items import InputItem
from workbench.responses_dialect.reply import ResponseReply
from workbench.responses_dialect.request import ResponsesRequest, check_included
from workbench.responses_dialect.stream_events import StreamEvent
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.context_policy import ContextCare
from workbench.server.answers.event_stream import EventStream, named
from workbench.server.answers.json_response import json_response
from workbench.server.answers.translation import gather, naming, translated
from workbench.server.kept_responses import (
    earlier_items,
    found,
    keep,
    page_of,
    resolved,
    told_events,
)
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_body import read_body
from workbench.server.response_store import ResponseStore
from workbench.server.routes.query import choice_in_query, count_in_query

MOST_EVENTS = 10**9
_REQUEST = Decoder(ResponsesRequest)


class InputTokens(Struct, kw_only=True):
    """The answer of /v1/responses/input_tokens."""

    object: Literal["response.input_tokens"] = "response.input_tokens"
    input_tokens: int


class KeptReply(ResponseReply):
    """Keeps the response before its last event is sent, so that whoever reads that can go on from it."""

    def __init__(self, wire: ResponsesRequest, items: Sequence[InputItem], store: ResponseStore) -> None:
        super().__init__(wire.response())
        self._items, self._store = items, store
        self._told: list[bytes] = []

    def take(self, event: Event) -> list[StreamEvent]:
        made = super().take(event)
        if self.response.store:
            self._told += map(named, made)
            if isinstance(event, Finished):
                keep(self._store, self.response, self._items, self._told)
        return made


class ResponseStream(EventStream):
    """Ends with the last event of the response, or with one that says how it failed."""

    reply: ResponseReply

    def failure(self, error: Exception) -> bytes:
        return b"".join(map(named, self.reply.failed(error)))


async def create_response(request: Request) -> Response:
    state = request.app.state
    wire = decode(_REQUEST, await read_body(request))
    items, generation = _asked(request, wire)
    faults = partial(naming_constraints, generation, "text.format.schema", "tools[{}].parameters")
    reply = KeptReply(wire, items, state.storage.responses)
    prepare = partial(_prepared, state.models, wire, generation)

    async def streamed(headers: MutableHeaders) -> AsyncGenerator[bytes]:
        provider, fitted, care = await prepare()
        headers.update(_told(care, reply))
        return naming(translated(provider, fitted, reply), faults)

    if wire.stream:
        loading = partial(state.models.loading, wire.model)
        stream = ResponseStream(streamed, state.stopping, state.keep_alive_seconds, loading)
        stream.reply = reply
        return stream
    provider, fitted, care = await while_wanted(prepare(), request.receive, state.stopping)
    headers = _told(care, reply)
    with faults():
        await while_wanted(gather(provider, fitted, reply), request.receive, state.stopping)
    return json_response(reply.response, headers=headers)


async def count_input(request: Request) -> Response:
    wire = decode(_REQUEST, await read_body(request))
    state, (_, generation) = request.app.state, _asked(request, wire)
    preparing = _prepared(state.models, wire, generation)
    provider, fitted, _ = await while_wanted(preparing, request.receive, state.stopping)
    return json_response(InputTokens(input_tokens=await provider.prompt_length(fitted)))


def _asked(request: Request, wire: ResponsesRequest) -> tuple[list[InputItem], Generation]:
    """The request's own items, and all that is to be answered."""
    state = request.app.state
    wire.fill_in(state.models.sampling(wire.model))
    items = resolved(state.storage.responses, wire.items())
    earlier = earlier_items(state.storage.responses, wire.previous_response_id)
    return items, wire.generation([*earlier, *items])


async def _prepared(
    models: ModelPool, wire: ResponsesRequest, generation: Generation
) -> tuple[Provider, Generation, ContextCare | None]:
    """What answers, the question as it fits, and what was left out where that was allowed."""
    provider = await models.provider(wire.model)
    if wire.truncation != "auto":
        return provider, generation, None
    care = ContextCare("truncate")
    [fitted] = await care.fitted(provider, [generation])
    return provider, fitted, care


def _told(care: ContextCare | None, reply: ResponseReply) -> dict[str, str]:
    """Headers that say what was left out; the response says so too."""
    if care is None:
        return {}
    reply.response.context = care.report()
    return care.headers


async def show_response(request: Request) -> Response:
    """The response, or with `stream` the events that it was told in, after the number `starting_after`."""
    query = request.query_params
    check_included([*query.getlist("include"), *query.getlist("include[]")])
    kept = found(request.app.state.storage.responses, request.path_params["id"])
    if choice_in_query(request, "stream", ("false", "true")) == "false":
        return Response(kept.body, media_type="application/json")
    first = count_in_query(request, "starting_after", 0, MOST_EVENTS, least=0) + 1
    events = told_events(kept)[first if "starting_after" in query else 0 :]
    return Response(b"".join(events), media_type=ResponseStream.media_type)


async def delete_response(request: Request) -> Response:
    store: ResponseStore = request.app.state.storage.responses
    kept = found(store, request.path_params["id"])
    store.delete(kept.id)
    return json_response(Deleted(id=kept.id, object="response"))


async def list_input(request: Request) -> Response:
    kept = found(request.app.state.storage.responses, request.path_params["id"])
    limit = count_in_query(request, "limit", 20, 100)
    order = choice_in_query(request, "order", ("desc", "asc"))
    return json_response(page_of(kept, limit, order, request.query_params.get("after")))


async def cancel_response(request: Request) -> Response:
    found(request.app.state.storage.responses, request.path_params["id"])
    raise InvalidParameter("Only background responses can be cancelled, and there are none here.", "", "id")


ROUTES = (
    Route("/v1/responses", create_response, methods=["POST"]),
    Route("/v1/responses/input_tokens", count_input, methods=["POST"]),
    Route("/v1/responses/{id}", show_response),
    Route("/v1/responses/{id}", delete_response, methods=["DELETE"]),
    Route("/v1/responses/{id}/cancel", cancel_response, methods=["POST"]),
    Route("/v1/responses/{id}/input_items", list_input),
)
