"""Answers the lines of a batch, a few at a time, and keeps what comes of each.

It may be cancelled at any time: what was not answered yet is answered by the next run. Knows nothing of where
lines come from or what answers them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import Any

import msgspec

from workbench.batches.request_lines import LineFault, RequestLine
from workbench.batches.results import Results

Answer = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
"""From a path and the JSON body posted there to the status and the body of the answer."""

ATTEMPTS = 4
_PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses that another attempt may not have."""
_PAUSE_SECONDS = 0.5


async def answer_lines(
    lines: Iterable[RequestLine | LineFault],
    results: Results,
    answer: Answer,
    concurrency: int,
    told: Callable[[], object] = lambda: None,
) -> None:
    """Give every line that has none its result; `told` is called after each. Raises what keeping raises."""
    known, waiting = results.lines(), iter(lines)
    await together(_work(waiting, known, results, answer, told) for _ in range(concurrency))


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it at once; where one fails, or this is cancelled, the rest ends as well."""
    workers = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _work(
    waiting: Iterator[RequestLine | LineFault],
    known: set[int],
    results: Results,
    answer: Answer,
    told: Callable[[], object],
) -> None:
    for line in waiting:
        await asyncio.sleep(0)
        if line.line in known:
            continue
        match line:
            case LineFault():
                results.keep_fault(line)
            case RequestLine():
                status, body = await _answered(line, answer)
                results.keep_answer(line.line, line.custom_id, status, body)
        told()


async def _answered(line: RequestLine, answer: Answer) -> tuple[int, bytes]:
    body = msgspec.json.encode(line.body)
    for attempt in range(ATTEMPTS - 1):
        status, answered = await answer(line.url, body)
        if status not in _PASSING:
            return status, answered
        await asyncio.sleep(_PAUSE_SECONDS * 2**attempt)
    return await answer(line.url, body)
