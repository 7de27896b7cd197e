"""Run the endpoint until it is told to stop, and leave nothing behind.

SIGINT and SIGTERM end it in an orderly way: running requests are told, models closed, and `serve` returns.
Knows nothing of command lines and prints nothing.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import HANDLED_SIGNALS

from workbench.listening import listen, url_of
from workbench.server.access.audit import AuditLog
from workbench.server.access.descriptors import allow_many
from workbench.server.access.http_protocol import PatientProtocol
from workbench.server.access.limits import Limits
from workbench.server.access.rules import AccessRules
from workbench.server.access.tls import Tls
from workbench.server.app import create_app
from workbench.server.attaching import attachable
from workbench.server.pool.model_pool import ModelPool
from workbench.server.request_log import Logging

_KEEP_ALIVE_SECONDS = 75  # above what clients keep idle connections for, so that theirs is never half closed
_SHUTDOWN_SECONDS = 10


async def serve(
    models: ModelPool,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    rules: AccessRules = AccessRules(),  # noqa: B008 - a value that nothing changes
    limits: Limits = Limits(),  # noqa: B008
    logging: Logging | None = None,
    audit: AuditLog | None = None,
    tls: Tls | None = None,
    data_folder: Path | None = None,
    metrics: bool = False,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Open the models and answer requests until a signal comes.

    `ready` is told the address once they are open; who comes earlier waits for the model they ask for.
    Cancelling stops it as a signal does. Closes the models in any case. What is kept between requests is kept
    in `data_folder`.
    Raises WorkbenchError when the address is not to be had or a model cannot be opened.
    """
    allow_many()
    try:
        if tls is not None:
            tls.check()
        with listen(host, port) as listener:
            app = create_app(
                models,
                rules=rules,
                limits=limits,
                logging=logging,
                audit=audit,
                data_folder=data_folder,
                metrics=metrics,
            )
            async with attachable(models):
                await _run_loading(app, models, listener, ready, tls)
    finally:
        await models.close()


async def _run_loading(
    app: Starlette,
    models: ModelPool,
    listener: socket.socket,
    ready: Callable[[str], None],
    tls: Tls | None,
) -> None:
    listening = asyncio.get_running_loop().create_future()

    async def load() -> None:
        await models.open_all()
        ready(await listening)

    running = asyncio.create_task(run_app(app, listener, listening.set_result, tls))
    loading = asyncio.create_task(load())
    try:
        await asyncio.wait({running, loading}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
        await running
    finally:
        for task in (loading, running):
            task.cancel()
        await asyncio.gather(loading, running, return_exceptions=True)


async def run_app(
    app: Starlette, listener: socket.socket, ready: Callable[[str], None], tls: Tls | None = None
) -> None:
    """Answer requests that come to the listening socket, until a signal or a cancellation."""
    server = OrderlyServer(
        _config(app, tls), app.state.stopping, lambda: ready(url_of(listener, tls is not None))
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise


class OrderlyServer(uvicorn.Server):
    """uvicorn's server, which also ends running requests, and does not die of the signal that stopped it."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signal is not raised again afterwards: being told to stop is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _config(app: Starlette, tls: Tls | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
