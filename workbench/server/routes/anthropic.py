"""POST /v1/messages and /v1/messages/count_tokens: Anthropic's API over the same models."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

from msgspec.json import Decoder
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.anthropic_dialect.error_body import anthropic_error
from workbench.anthropic_dialect.message import TokenCount
from workbench.anthropic_dialect.reply import MessageReply
from workbench.anthropic_dialect.request import MessagesRequest, TokenCountRequest
from workbench.anthropic_dialect.stream_events import Ping
from workbench.generation import Generation
from workbench.openai_dialect.constraint_faults import naming_constraints
from workbench.openai_dialect.error_body import error_body, status_of
from workbench.openai_dialect.wire import decode
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.event_stream import EventStream, named
from workbench.server.answers.json_response import json_response
from workbench.server.answers.translation import gather, naming, translated
from workbench.server.request_body import read_body

_MESSAGES = Decoder(MessagesRequest)
_COUNTED = Decoder(TokenCountRequest)


class MessageStream(EventStream):
    """Ends with the last event of the message, or with an event that holds the error."""

    keep_alive = named(Ping())

    def failure(self, error: Exception) -> bytes:
        return named(anthropic_error(error_body(error).error, status_of(error)))


async def create_message(request: Request) -> Response:
    state = request.app.state
    wire = decode(_MESSAGES, await read_body(request))
    generation = _generation(request, wire)
    faults = partial(naming_constraints, generation, "output_config.format.schema", "tools[{}].input_schema")
    reply = MessageReply(wire.model, shows_thinking=wire.shows_thinking)

    async def streamed(headers: MutableHeaders) -> AsyncGenerator[bytes]:
        return naming(translated(await state.models.provider(wire.model), generation, reply), faults)

    if wire.stream:
        loading = partial(state.models.loading, wire.model)
        return MessageStream(streamed, state.stopping, state.keep_alive_seconds, loading)
    provider = await while_wanted(state.models.provider(wire.model), request.receive, state.stopping)
    with faults():
        await while_wanted(gather(provider, generation, reply), request.receive, state.stopping)
    return json_response(reply.message)


async def count_tokens(request: Request) -> Response:
    wire = decode(_COUNTED, await read_body(request))
    state, generation = request.app.state, _generation(request, wire)
    provider = await while_wanted(state.models.provider(wire.model), request.receive, state.stopping)
    return json_response(TokenCount(await provider.prompt_length(generation)))


def _generation(request: Request, wire: TokenCountRequest) -> Generation:
    wire.fill_in(request.app.state.models.sampling(wire.model))
    return wire.generation()


ROUTES = (
    Route("/v1/messages", create_message, methods=["POST"]),
    Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
)
