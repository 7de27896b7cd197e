"""The endpoint with one model, in a process of its own, for `bench --through-server`.

    python -m workbench.cli.bench_server    serves what its input names in a line, and tells its address

It ends with its input, so that no server outlives whoever asked for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, WorkbenchError, error_of_kind

NAME = "model"
_ENDING_SECONDS = 15.0


class Wanted(msgspec.Struct, frozen=True):
    """What to serve."""

    path: str
    backend: str | None
    settings: EngineSettings


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it is served, or why it is not."""

    url: str = ""
    kind: str = ""
    message: str = ""
    remedy: str = ""


class Served(msgspec.Struct, frozen=True):
    """A running server: its address, and its process."""

    url: str
    pid: int


@asynccontextmanager
async def served(path: str, settings: EngineSettings, backend: str | None) -> AsyncIterator[Served]:
    """A server with the model loaded. Raises as loading does, and EngineDied."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workbench.cli.bench_server", stdin=pipe, stdout=pipe
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(msgspec.json.encode(Wanted(path, backend, settings)) + b"\n")
        line = await process.stdout.readline()
        if not line:
            raise EngineDied(
                "The server ended before it served anything.", "Measure without --through-server."
            )
        told = msgspec.json.decode(line, type=Told)
        if not told.url:
            raise error_of_kind(told.kind, told.message, told.remedy)
        yield Served(told.url, process.pid)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _ENDING_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _serve(wanted: Wanted) -> None:
    from workbench.server import ModelPool, serve
    from workbench.server.pool.model_offer import ModelOffer, Progress
    from workbench.tuning.opening import open_tuned

    async def opened(progress: Progress) -> Provider:
        return await open_tuned(
            wanted.path, wanted.settings, backend=wanted.backend, recorded=False, progress=progress
        )

    pool = ModelPool({NAME: ModelOffer(open=opened, path=wanted.path)})
    await serve(pool, port=0, ready=lambda url: _tell(Told(url=url)))


def _tell(told: Told) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted)
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        asyncio.run(_serve(wanted))
    except WorkbenchError as error:
        _tell(Told(kind=error.kind, message=error.message, remedy=error.remedy))


if __name__ == "__main__":
    main()
