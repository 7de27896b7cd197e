"""POST /v1/models/{id}/load and /unload: what an administrator does with the models that are served."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.server.cancellation import while_wanted
from workbench.server.json_response import json_response
from workbench.server.model_pool import ModelPool
from workbench.server.served_model import State


class ModelState(Struct, kw_only=True):
    """A model by its own name, and whether it is loaded; a load or unload has ended when this is sent."""

    id: str
    object: str = "model"
    state: State


async def load_model(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    name: str = request.path_params["id"]
    await while_wanted(models.load(name), request.receive, request.app.state.stopping)
    return _state(models, name)


async def unload_model(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    name: str = request.path_params["id"]
    await while_wanted(models.unload(name), request.receive, request.app.state.stopping)
    return _state(models, name)


def _state(models: ModelPool, name: str) -> Response:
    return json_response(ModelState(id=models.model(name).name, state=models.state(name)))


ROUTES = (
    Route("/v1/models/{id:path}/load", load_model, methods=["POST"]),
    Route("/v1/models/{id:path}/unload", unload_model, methods=["POST"]),
)
