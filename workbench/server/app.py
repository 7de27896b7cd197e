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
from starlette.middleware.cors import CORSMiddleware

from workbench.server.access.admission import Admission
from workbench.server.access.audit import AuditLog
from workbench.server.access.behalf import OnBehalf
from workbench.server.access.doors import Access, Doorway
from workbench.server.access.limits import Limits
from workbench.server.access.rate import RateLimiter
from workbench.server.access.rules import AccessRules
from workbench.server.answers.answer_stream import KEEP_ALIVE_SECONDS
from workbench.server.answers.error_responses import HANDLERS
from workbench.server.batch_runner import BatchRunner
from workbench.server.counting import Counting, metrics_of
from workbench.server.inside import caller_of
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_log import Logging, RequestLog
from workbench.server.routes import ROUTES
from workbench.server.storage import Storage

_EXPOSED = (
    "x-request-id",
    "retry-after",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
)


def create_app(
    models: ModelPool,
    *,
    rules: AccessRules = AccessRules(),  # noqa: B008 - a value that nothing changes
    limits: Limits = Limits(),  # noqa: B008
    logging: Logging | None = None,
    audit: AuditLog | None = None,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    data_folder: Path | None = None,
    metrics: bool = False,
) -> Starlette:
    """The ASGI application. Set its `state.stopping` to end every request that runs.

    With `metrics` it counts what it does, and tells it at /metrics. What is kept between requests is kept in
    `data_folder`, or else as long as the application runs.
    """
    rates = RateLimiter()
    measured = metrics_of(models, ROUTES) if metrics else None
    app = Starlette(
        routes=list(ROUTES),
        middleware=[
            *([Middleware(Counting, metrics=measured)] if measured else []),
            *_middleware(rules, rates, limits, logging),
        ],
        exception_handlers=dict(HANDLERS),
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.models = models
    app.state.metrics = measured
    app.state.stopping = asyncio.Event()
    app.state.limits = limits
    app.state.audit = audit
    app.state.keep_alive_seconds = keep_alive_seconds
    app.state.storage = Storage(data_folder)
    on_behalf = OnBehalf(caller_of(app), rules, rates)
    app.state.batch_runner = BatchRunner(app.state.storage, on_behalf.of, models.serves)
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    batches = asyncio.create_task(app.state.batch_runner.run())
    try:
        yield
    finally:
        batches.cancel()
        await asyncio.gather(batches, return_exceptions=True)
        app.state.storage.close()


def _middleware(
    rules: AccessRules, rates: RateLimiter, limits: Limits, logging: Logging | None
) -> list[Middleware]:
    """The outermost first: preflight requests bring no key, and are answered before one is asked for."""
    pages = Middleware(
        CORSMiddleware,
        allow_origins=rules.origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),
        allow_credentials="*" not in rules.origins,
        allow_private_network=True,
        expose_headers=_EXPOSED,
    )
    return [
        Middleware(RequestLog, logging=logging),
        Middleware(Doorway, rules=rules),
        *([pages] if rules.origins else []),
        Middleware(Access, rules=rules, rates=rates),
        Middleware(Admission, limits=limits),
    ]
