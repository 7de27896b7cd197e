"""One batch from its input to its output, a step at a time; each step may be begun again after a kill.

Knows nothing of servers. What it may do at once, and what answers, it is told.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial

from workbench.batches.file_store import USUAL_SECONDS
from workbench.batches.request_lines import LineFault, read_lines
from workbench.batches.results import Results
from workbench.batches.running import Answer, answer_lines
from workbench.batches.storage import BatchStorage
from workbench.batches.validation import validated
from workbench.errors import InvalidRequest
from workbench.openai_dialect.batch_object import BatchError, BatchErrors, BatchObject, RequestCounts

_LOOK_SECONDS = 0.25
_EXPIRED = "This request could not be executed before the completion window expired."


@dataclass(frozen=True, slots=True)
class BatchRun:
    """Takes batches on. `concurrency` requests are answered at once."""

    storage: BatchStorage
    answer: Answer
    concurrency: int

    async def advance(self, batch: BatchObject) -> None:
        """Take an unfinished batch to its next state."""
        match batch.status:
            case "validating":
                await self._validate(batch)
            case "in_progress":
                await self._answer(batch)
            case _:
                await self._finish(batch)

    async def _validate(self, batch: BatchObject) -> None:
        source = self.storage.files.path(batch.input_file_id)
        total, errors = await asyncio.to_thread(validated, source, batch.endpoint)

        def change(batch: BatchObject) -> None:
            batch.request_counts = RequestCounts(total=0 if errors else total)
            if batch.status != "validating":
                return
            if errors:
                batch.status, batch.failed_at = "failed", _now()
                batch.errors = BatchErrors(errors)
            else:
                batch.status, batch.in_progress_at = "in_progress", _now()

        self.storage.batches.change(batch.id, change)

    async def _answer(self, batch: BatchObject) -> None:
        work = asyncio.create_task(self._answer_all(batch))
        try:
            while not work.done() and self._wanted(batch):
                await asyncio.wait({work}, timeout=_LOOK_SECONDS)
        finally:
            work.cancel()
            await asyncio.wait({work})
        if not work.cancelled():
            work.result()
        self.storage.batches.change(batch.id, partial(_finalize, complete=not work.cancelled()))

    def _wanted(self, batch: BatchObject) -> bool:
        return self.storage.batches.status(batch.id) == "in_progress" and _now() < batch.expires_at

    async def _answer_all(self, batch: BatchObject) -> None:
        results = self.storage.batches.results(batch.id)
        with self.storage.files.path(batch.input_file_id).open("rb") as source:
            lines = read_lines(source, batch.endpoint)
            await answer_lines(lines, results, self.answer, self.concurrency)

    async def _finish(self, batch: BatchObject) -> None:
        results = self.storage.batches.results(batch.id)
        if batch.expired_at is not None:
            await self._tell_expired(batch, results)
        output = await self._file(batch, "output", failed=False) if results.completed else None
        errors = await self._file(batch, "error", failed=True) if results.failed else None

        def change(batch: BatchObject) -> None:
            batch.output_file_id, batch.error_file_id = output, errors
            batch.request_counts.completed = results.completed
            batch.request_counts.failed = results.failed
            _end(batch)
            results.clear()

        self.storage.batches.change(batch.id, change)

    async def _tell_expired(self, batch: BatchObject, results: Results) -> None:
        known = results.lines()
        with self.storage.files.path(batch.input_file_id).open("rb") as source:
            for line in read_lines(source, batch.endpoint):
                if line.line not in known:
                    results.keep_fault(LineFault(line.line, "batch_expired", _EXPIRED, "", line.custom_id))
                await asyncio.sleep(0)

    async def _file(self, batch: BatchObject, kind: str, *, failed: bool) -> str:
        """The id is told by the batch's, so that what a killed process has left is written over."""
        id = f"file-{batch.id.removeprefix('batch_')}-{kind}"
        size = await asyncio.to_thread(self.storage.write_results, batch.id, id, failed=failed)
        kept = batch.output_expires_after.seconds if batch.output_expires_after else USUAL_SECONDS
        name = f"{batch.id}_{kind}.jsonl"
        owner = self.storage.batches.owner(batch.id)
        self.storage.files.add(id, size, filename=name, purpose="batch_output", seconds=kept, owner=owner)
        return id


def cancel(batch: BatchObject) -> None:
    """Ask for its end. Raises InvalidRequest where it has ended."""
    if batch.status not in ("validating", "in_progress", "cancelling"):
        raise InvalidRequest(
            f"A batch that is {batch.status} cannot be cancelled.", "Cancel one that is in progress."
        )
    batch.status = "cancelling"
    batch.cancelling_at = batch.cancelling_at or _now()


def is_over(batch: BatchObject) -> bool:
    """Whether none of its requests is to be answered any more."""
    return batch.status in ("cancelling", "finalizing") or _now() >= batch.expires_at


def fail(batch: BatchObject, message: str) -> None:
    """End it without any output."""
    batch.status, batch.failed_at = "failed", _now()
    batch.errors = BatchErrors([BatchError(code="server_error", message=message)])


def _finalize(batch: BatchObject, *, complete: bool) -> None:
    if batch.status != "in_progress":
        return
    batch.status, batch.finalizing_at = "finalizing", _now()
    if not complete:
        batch.expired_at = _now()


def _end(batch: BatchObject) -> None:
    if batch.cancelling_at is not None:
        batch.status, batch.cancelled_at = "cancelled", _now()
    elif batch.expired_at is not None:
        batch.status = "expired"
    else:
        batch.status, batch.completed_at = "completed", _now()


def _now() -> int:
    return int(time.time())
