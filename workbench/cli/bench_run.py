"""One model opened and measured, here or in a server of its own. Knows nothing of tables."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psutil

from workbench.benchmark import Run, Workload, run
from workbench.benchmark.workload import with_room
from workbench.cli.bench_server import NAME, served
from workbench.cli.loading import open_told, with_paths
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.models import LocalModel
from workbench.runtime import open_model
from workbench.runtime.attached_provider import AttachedProvider
from workbench.runtime.attachment import socket_of


def measured(
    model: LocalModel,
    settings: EngineSettings,
    backend: str | None,
    workload: Workload,
    *,
    through_server: bool = False,
) -> Run:
    """Raises InvalidRequest for a context that is too small for the tests, and whatever loading raises."""
    settings = _for_server(settings, workload) if model.address else with_room(settings, workload)
    here = _through_server if through_server else _alone
    return asyncio.run(here(model, settings, backend, workload))


def _for_server(settings: EngineSettings, workload: Workload) -> EngineSettings:
    """How long its context is, is for the server to choose; what else was chosen it will refuse."""
    return replace(settings, parallel=workload.parallel)


async def _alone(model: LocalModel, settings: EngineSettings, backend: str | None, workload: Workload) -> Run:
    status = StatusLine()
    provider = await open_told(model, settings, backend, recorded=False)
    try:
        return await run(
            provider,
            workload,
            model=model.name,
            path=model.location,
            settings=settings,
            progress=status.show,
        )
    finally:
        status.clear()
        await provider.close()


async def _through_server(
    model: LocalModel, settings: EngineSettings, backend: str | None, workload: Workload
) -> Run:
    """Bare, by way of the socket that the server has for programs of this user, and by its endpoint."""
    status, path = StatusLine(), str(model.path)
    status.show(f"loading {model.name} in a server")
    try:
        async with served(path, with_paths(settings), backend) as server:
            engine = await AttachedProvider.of(socket_of(server.pid), path, lambda share: None)
            address = f"{server.url}/v1#{NAME}"
            endpoint = await open_model(address, EngineSettings(parallel=workload.parallel), backend="remote")
            endpoint.facts = replace(endpoint.facts, vocabulary_size=engine.facts.vocabulary_size)
            try:
                return await run(
                    engine,
                    workload,
                    model=model.name,
                    path=path,
                    settings=settings,
                    progress=status.show,
                    endpoint=endpoint,
                    pids=_family(server.pid),
                )
            finally:
                await endpoint.close()
    finally:
        status.clear()


def _family(pid: int) -> list[int]:
    """The process and what it started."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return [pid]
