"""Routes that answer one JSON document, made by the model that the request names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response

from workbench.backend import Provider
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.wire import decode
from workbench.server.cancellation import while_wanted
from workbench.server.json_response import json_response
from workbench.server.model_pool import ModelPool
from workbench.server.request_body import read_body

Wire = TypeVar("Wire", bound=Struct)
Endpoint = Callable[[Request], Awaitable[Response]]


def model_endpoint(wire_type: type[Wire], work: Callable[[Wire, Provider], Awaitable[object]]) -> Endpoint:
    """A route that answers with what `work` makes of the request's body and of the model it names.

    Where the body's `model` is "", it is the only model there is.
    """
    decoder: Decoder[Wire] = Decoder(wire_type)

    async def answer(request: Request) -> Response:
        state = request.app.state
        wire = decode(decoder, await read_body(request))
        working = _worked(state.models, wire, work)
        return json_response(await while_wanted(working, request.receive, state.stopping))

    return answer


async def _worked(
    models: ModelPool, wire: Wire, work: Callable[[Wire, Provider], Awaitable[object]]
) -> object:
    name: str = wire.model or only_model(models)  # type: ignore[attr-defined]
    return await work(wire, await models.provider(name))


def only_model(models: ModelPool) -> str:
    """Raises InvalidParameter where there are several."""
    if len(models.names) != 1:
        raise InvalidParameter("The parameter model is missing.", "Send model.", "model")
    return models.names[0]
