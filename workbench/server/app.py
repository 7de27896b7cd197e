"""The application: routes, error bodies and access, over a pool of models. Knows nothing of sockets."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from workbench.server.access import Access
from workbench.server.error_responses import HANDLERS
from workbench.server.event_stream import KEEP_ALIVE_SECONDS
from workbench.server.generation_routes import chat_completions, completions
from workbench.server.model_pool import ModelPool
from workbench.server.model_routes import health, list_models, show_model
from workbench.server.request_body import BODY_LIMIT_BYTES


def create_app(
    models: ModelPool,
    *,
    api_key: str | None = None,
    loopback_only: bool = True,
    body_limit_bytes: int = BODY_LIMIT_BYTES,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
) -> Starlette:
    """The ASGI application. Set its `state.stopping` to end every request that runs.

    `loopback_only` refuses requests that call the server by another name than localhost.
    """
    app = Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", list_models),
            Route("/v1/models/{id:path}", show_model),
            Route("/v1/chat/completions", chat_completions, methods=["POST"]),
            Route("/v1/completions", completions, methods=["POST"]),
        ],
        middleware=[Middleware(Access, api_key=api_key, loopback_only=loopback_only)],
        exception_handlers=dict(HANDLERS),
    )
    app.router.redirect_slashes = False
    app.state.models = models
    app.state.stopping = asyncio.Event()
    app.state.body_limit_bytes = body_limit_bytes
    app.state.keep_alive_seconds = keep_alive_seconds
    return app
