"""Works on the batches beside everything else, as long as the server runs: the oldest first, one at a time.

Of several servers that share a folder one works at a time, on batches that were given to it and on those for
models that it serves. Each is answered for its owner.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable

from filelock import FileLock, Timeout

from workbench.batches.batch_run import BatchRun, fail, is_over
from workbench.batches.running import Answer
from workbench.batches.storage import BatchStorage
from workbench.errors import WorkbenchError
from workbench.openai_dialect.batch_object import BatchObject
from workbench.server.storage import Storage

CONCURRENCY = 2
_IDLE_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


class BatchRunner:
    """`run` it as a task; `wake` it when there is something to do. `serves` tells whether it has a model."""

    def __init__(
        self,
        storage: Storage,
        answer_for: Callable[[str], Answer],
        serves: Callable[[str], bool],
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._storage, self._answer_for, self._concurrency = storage, answer_for, concurrency
        self._serves = serves
        self._given: set[str] = set()
        self._woken = asyncio.Event()

    def take(self, id: str) -> None:
        """Work on that batch, whatever its model is."""
        self._given.add(id)
        self.wake()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until it is cancelled, which may be at any time."""
        while True:
            self._woken.clear()
            try:
                if self._storage.has_batches:
                    await self._work(self._storage.batches)
            except (OSError, sqlite3.Error) as error:  # the disk may be better in a while
                _LOG.error("The record of batches cannot be used.", exc_info=error)
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._woken.wait()
            except TimeoutError:  # another server may have ended meanwhile, and left work
                continue

    async def _work(self, storage: BatchStorage) -> None:
        if self._next(storage) is None:
            return
        lock = FileLock(storage.lock_file)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return
        try:
            while batch := self._next(storage):
                answer = self._answer_for(storage.batches.owner(batch.id))
                await self._advance(BatchRun(storage, answer, self._concurrency), batch)
        finally:
            lock.release()

    def _next(self, storage: BatchStorage) -> BatchObject | None:
        return next(filter(self._is_ours, storage.batches.unfinished()), None)

    def _is_ours(self, batch: BatchObject) -> bool:
        if batch.model is None or batch.id in self._given or is_over(batch):
            return True
        return self._serves(batch.model)

    async def _advance(self, run: BatchRun, batch: BatchObject) -> None:
        try:
            await run.advance(batch)
        except Exception as error:  # whatever it is, the other batches must go on
            if not isinstance(error, WorkbenchError):
                _LOG.error("A batch failed.", exc_info=error)
            why = str(error) if isinstance(error, WorkbenchError) else "The server's log says why."
            run.storage.batches.change(batch.id, lambda batch: fail(batch, why))
