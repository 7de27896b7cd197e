"""A stand-in that is open: written to memory where the system has files there, and measured test by test.

Knows nothing of what its figures are for.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from workbench import paths
from workbench.backend import Provider
from workbench.benchmark.trials import Passes, Requests, Trials
from workbench.benchmark.workload import RandomTokens, SpeedTest
from workbench.cgroup import free_memory
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, Unsupported
from workbench.gguf import Header
from workbench.ports import StandIns
from workbench.runtime import open_model


class StandIn:
    """Bound to one provider. Each repetition reads fresh tokens."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._tokens = RandomTokens(provider.facts.vocabulary_size, seed=0)
        self._trials: dict[SpeedTest, Trials] = {}

    async def seconds(self, test: SpeedTest) -> float:
        """For each token of the test, run once: passes alone, where the engine times them."""
        trials = self._trials.get(test) or self._begun(test, Passes)
        try:
            return await _repeated(trials)
        except Unsupported:
            if isinstance(trials, Requests):
                raise
            return await _repeated(self._begun(test, Requests))

    def _begun(self, test: SpeedTest, kind: type[Trials]) -> Trials:
        trials = kind(self._provider, test, self._tokens.take(test.depth), self._tokens)
        self._trials[test] = trials
        return trials


async def _repeated(trials: Trials) -> float:
    await trials.prepare()
    return 1 / (await trials.run()).tokens_per_second


@asynccontextmanager
async def opened(
    header: Header, stand_ins: StandIns, settings: EngineSettings, backend: str
) -> AsyncIterator[StandIn]:
    """A model of this header. Raises DoesNotFit, Unsupported, and as StandIns.write and open_model."""
    _check_room(header)
    with _place() as path:
        await asyncio.to_thread(stand_ins.write, header, path)
        provider = await open_model(str(path), settings, backend=backend)
        try:
            if "generate" not in provider.facts.capabilities:
                raise Unsupported("This model does not continue text.", "Only such models are predicted.")
            yield StandIn(provider)
        finally:
            await provider.close()


def _check_room(header: Header) -> None:
    if header.weights_bytes > (free := free_memory()):
        raise DoesNotFit(
            f"Measuring a part of the model takes {header.weights_bytes / 2**30:.1f} GiB of memory, "
            f"and {free / 2**30:.1f} GiB is free.",
            "Close other programs, or predict a smaller quantization.",
        )


@contextmanager
def _place() -> Iterator[Path]:
    """A file that is gone afterwards, however this process ends where it lies in memory."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("stand-in")
        try:
            yield Path(f"/proc/{os.getpid()}/fd/{handle}")
        finally:
            os.close(handle)
        return
    folder = paths.cache_folder() / "stand-ins"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".gguf") as file:
        yield Path(file.name)
