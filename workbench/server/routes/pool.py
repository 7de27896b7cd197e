"""POST /v1/models/{id}/load and /unload: what an administrator does with the models that are served."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.errors import WorkbenchError
from workbench.server.access.audit import AuditLog
from workbench.server.access.caller import require_admin
from workbench.server.answers.cancellation import while_wanted
from workbench.server.answers.json_response import json_response
from workbench.server.pool.model_pool import ModelPool
from workbench.server.pool.served_model import State

Work = Callable[[str], Coroutine[Any, Any, None]]


class ModelState(Struct, kw_only=True):
    """A model by its own name, and whether it is loaded; a load or unload has ended when this is sent."""

    id: str
    object: str = "model"
    state: State


async def load_model(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    return await _done(request, "load model", models.load)


async def unload_model(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    return await _done(request, "unload model", models.unload)


async def _done(request: Request, action: str, do: Work) -> Response:
    name = request.path_params["id"]
    await administered(request, action, name, do)
    models: ModelPool = request.app.state.models
    return json_response(ModelState(id=models.model(name).name, state=models.state(name)))


async def administered(request: Request, action: str, name: str, do: Work) -> None:
    """Do it with the model of that name, and note what came of it.

    Raises AccessDenied where the caller may not, and whatever `do` raises.
    """
    state = request.app.state
    audit: AuditLog | None = state.audit
    outcome = "failed"
    try:
        require_admin()
        await while_wanted(do(name), request.receive, state.stopping)
        outcome = "done"
    except WorkbenchError as error:
        outcome = error.kind
        raise
    finally:
        if audit is not None:
            audit.note(action, name[:200], outcome)


ROUTES = (
    Route("/v1/models/{id:path}/load", load_model, methods=["POST"]),
    Route("/v1/models/{id:path}/unload", unload_model, methods=["POST"]),
)
