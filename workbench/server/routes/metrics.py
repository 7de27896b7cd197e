"""GET /metrics: what was counted, of all models, for Prometheus."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.errors import AccessDenied
from workbench.openai_dialect.parameter_errors import NotFound
from workbench.server.access.caller import caller

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """Raises NotFound where nothing is counted, and AccessDenied for a key that is for certain models."""
    counted = request.app.state.metrics
    if counted is None:
        raise NotFound("This server counts nothing.", "Start it with --metrics.")
    if caller().models is not None:
        raise AccessDenied("A key for certain models cannot read what all of them do.", "Use another key.")
    return Response(counted.text(), media_type=_CONTENT_TYPE)


ROUTES = (Route("/metrics", metrics),)
