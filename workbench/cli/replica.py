"""What a cluster starts many of: the endpoint over one model, which is loaded where it runs.

`workbench deploy ray` writes the configuration that names `ray_application`. Each replica loads its model as
`workbench serve` would on that machine. Knows nothing of other replicas, nor of who sends requests to which.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from workbench import paths
from workbench.cli.offers import Manner, Offers, named_offers
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, ModelNotFound, WorkbenchError
from workbench.fleet.ray_serve import DEPLOYMENT
from workbench.fleet.replicas import Replicas, read_replicas
from workbench.models import model_named
from workbench.models.transfer.pulling import PullRequest, pull
from workbench.server import ModelPool, create_app
from workbench.server.access.audit import AuditLog
from workbench.server.access.key_ring import KeyRing
from workbench.server.access.keys import KeyFile
from workbench.server.access.rules import AccessRules, rules_for


def ray_application(args: Mapping[str, Any]) -> Any:
    """The application that Ray Serve runs; `args` are those of its configuration. Raises InvalidRequest."""
    from ray import serve

    return serve.deployment(name=DEPLOYMENT)(serve.ingress(Replica(read_replicas(args)))()).bind()


class Replica:
    """An ASGI application whose model is loaded once the server that runs it has started it."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._app: Starlette | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self._app is not None, "requests come after the start"
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except WorkbenchError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        pool = ModelPool(await asyncio.to_thread(_offers, self._replicas))
        try:
            await pool.open_all()
            self._app = create_app(
                pool,
                rules=_rules(self._replicas),
                audit=AuditLog(paths.audit_file()),
                data_folder=paths.data_folder(),
            )
            async with self._app.router.lifespan_context(self._app):
                yield
                self._app.state.stopping.set()
        finally:
            await pool.close()


def _offers(replicas: Replicas) -> Offers:
    _fetch(replicas.preset.model)
    return named_offers(
        [replicas.preset.name], [replicas.preset], Manner(EngineSettings(), replicas.backend, None)
    )


def _fetch(model: str) -> None:
    """Bring the model onto this machine where the hub has it and no replica before has brought it."""
    try:
        model_named(model)
    except ModelNotFound as missing:
        try:
            pull(PullRequest(name=model), lambda progress: None, Event())
        except InvalidRequest:
            raise missing from None


def _rules(replicas: Replicas) -> AccessRules:
    """The keys are those of the machine it runs on, and of its environment."""
    keys = KeyRing(KeyFile(paths.keys_file()), os.environ.get("WORKBENCH_API_KEY"))
    return rules_for(
        replicas.host, keys, no_key=replicas.no_key, hosts=replicas.hosts, origins=replicas.origins
    )
