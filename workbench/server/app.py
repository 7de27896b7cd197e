"""The application: groups of routes, error bodies and access, over a pool of models.

Knows nothing of sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from workbench.server import (
    anthropic_routes,
    embedding_routes,
    generation_routes,
    model_routes,
    pool_routes,
    responses_routes,
    token_routes,
)
from workbench.server.access import Access
from workbench.server.answer_stream import KEEP_ALIVE_SECONDS
from workbench.server.error_responses import HANDLERS
from workbench.server.model_pool import ModelPool
from workbench.server.request_body import BODY_LIMIT_BYTES
from workbench.server.storage import Storage

ROUTES = (
    *model_routes.ROUTES,
    *pool_routes.ROUTES,
    *generation_routes.ROUTES,
    *embedding_routes.ROUTES,
    *token_routes.ROUTES,
    *anthropic_routes.ROUTES,
    *responses_routes.ROUTES,
)


def create_app(
    models: ModelPool,
    *,
    api_key: str | None = None,
    loopback_only: bool = True,
    body_limit_bytes: int = BODY_LIMIT_BYTES,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    data_folder: Path | None = None,
) -> Starlette:
    """The ASGI application. Set its `state.stopping` to end every request that runs.

    `loopback_only` refuses requests that call the server by another name than localhost. What is kept between
    requests is kept in `data_folder`, or else as long as the application runs.
    """
    app = Starlette(
        routes=list(ROUTES),
        middleware=[Middleware(Access, api_key=api_key, loopback_only=loopback_only)],
        exception_handlers=dict(HANDLERS),
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.models = models
    app.state.stopping = asyncio.Event()
    app.state.body_limit_bytes = body_limit_bytes
    app.state.keep_alive_seconds = keep_alive_seconds
    app.state.storage = Storage(data_folder)
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    try:
        yield
    finally:
        app.state.storage.close()
