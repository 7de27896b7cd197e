"""Counts every request by its route, its status and its model. Knows nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_model import notes

if TYPE_CHECKING:
    from workbench.server.metrics import Metrics

_UNKNOWN = "other"
_GONE = "gone"


def metrics_of(models: ModelPool, routes: Iterable[Route]) -> Metrics:
    """prometheus-client is imported for who wants it alone."""
    from workbench.server.metrics import Metrics

    return Metrics(models, {route.endpoint: route.path for route in routes})


class Counting:
    """`status` is "gone" where the client went away before there was one."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, models = _GONE, notes()

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            route = self._metrics.routes.get(scope.get("endpoint", self), _UNKNOWN)
            self._metrics.requests.labels(route, status, models[0] if models else "").inc()
