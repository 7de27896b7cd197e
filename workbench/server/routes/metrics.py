"""GET /metrics: what was counted, for Prometheus."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.openai_dialect.parameter_errors import NotFound

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """Raises NotFound where nothing is counted."""
    counted = request.app.state.metrics
    if counted is None:
        raise NotFound("This server counts nothing.", "Start it with --metrics.")
    return Response(counted.text(), media_type=_CONTENT_TYPE)


ROUTES = (Route("/metrics", metrics),)
