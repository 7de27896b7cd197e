"""/, /api/tags, /api/ps, /api/show and /api/version: what is served, as Ollama's clients ask for it."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from workbench import __version__
from workbench.ollama_dialect.model_list import (
    API_VERSION,
    OllamaModels,
    OllamaShown,
    OllamaShowRequest,
    OllamaVersion,
    RunningModels,
    listed,
    running,
    shown,
)
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.server.answers.json_response import json_response
from workbench.server.pool.model_pool import ModelPool
from workbench.server.routes.model_endpoint import json_endpoint
from workbench.server.routes.ollama_names import served_name


async def greeting(request: Request) -> Response:
    """Some clients look here first, to see whether anybody is there."""
    return PlainTextResponse("The workbench is running.")


async def tags(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    await models.refresh()
    return json_response(
        OllamaModels([listed(name, models.created, models.facts(name)) for name in models.names])
    )


async def running_models(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    now = time.time() - time.monotonic()
    running_ones = []
    for name in models.names:
        facts, expires = models.facts(name), models.model(name).expires
        if facts is not None:
            running_ones.append(running(name, facts, None if expires is None else now + expires))
    return json_response(RunningModels(running_ones))


async def show(wire: OllamaShowRequest, models: ModelPool) -> OllamaShown:
    """A model that was never loaded is loaded, since nothing else says what it is."""
    name = wire.model or wire.name
    if name is None:
        raise InvalidParameter("The parameter model is missing.", "Send model.", "model")
    provider = await models.provider(await served_name(models, name))
    return shown(models.created, provider.facts)


async def version(request: Request) -> Response:
    return json_response(OllamaVersion(API_VERSION, __version__))


ROUTES = (
    Route("/", greeting),
    Route("/api/tags", tags),
    Route("/api/ps", running_models),
    Route("/api/show", json_endpoint(OllamaShowRequest, show), methods=["POST"]),
    Route("/api/version", version),
)
