"""Routes that answer one JSON document, most of them made by the model that the request names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response

from workbench.backend import Provider
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.wire import decode
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.json_response import json_response
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_body import read_body

Wire = TypeVar("Wire", bound=Struct)
Endpoint = Callable[[Request], Awaitable[Response]]
Work = Callable[[Wire, ModelPool], Coroutine[Any, Any, object]]


def model_endpoint(wire_type: type[Wire], work: Callable[[Wire, Provider], Awaitable[object]]) -> Endpoint:
    """A route that answers with what `work` makes of the request's body and of the model it names.

    Where the body's `model` is "", it is the only model there is.
    """

    async def with_model(wire: Wire, models: ModelPool) -> object:
        name: str = wire.model or only_model(models)  # type: ignore[attr-defined]
        return await work(wire, await models.provider(name))

    return json_endpoint(wire_type, with_model)


def json_endpoint(
    wire_type: type[Wire], work: Callable[[Wire, ModelPool], Coroutine[Any, Any, object]]
) -> Endpoint:
    """A route that answers with what `work` makes of the request's body and of the models."""
    decoder: Decoder[Wire] = Decoder(wire_type)

    async def answer(request: Request) -> Response:
        state = request.app.state
        wire = decode(decoder, await read_body(request))
        working = work(wire, state.models)
        return json_response(await while_wanted(working, request.receive, state.stopping))

    return answer


def only_model(models: ModelPool) -> str:
    """Raises InvalidParameter where there are several."""
    if len(models.names) != 1:
        raise InvalidParameter("The parameter model is missing.", "Send model.", "model")
    return models.names[0]
