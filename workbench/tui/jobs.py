"""Long work of the app, which goes on while other screens are looked at: measuring a model, for one.

Each job is a task on the app's event loop and waits for what it measures. Knows nothing of screens; those who
want to know of changes subscribe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from workbench.errors import WorkbenchError
from workbench.tui.failures import as_problem

State = Literal["running", "done", "failed", "stopped"]
Show = Callable[[str], None]
Work = Callable[[Show], Awaitable[None]]


@dataclass(eq=False)
class Job:
    """What is done, and how it goes; `place` is the screen that shows what comes of it."""

    title: str
    place: str
    state: State = "running"
    words: str = ""
    error: WorkbenchError | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Jobs:
    """All jobs since the app began, the newest first. Lives on one event loop."""

    def __init__(self) -> None:
        self.every: list[Job] = []
        self._subscribers: list[Callable[[Job], None]] = []

    @property
    def running(self) -> list[Job]:
        return [job for job in self.every if job.state == "running"]

    def subscribe(self, subscriber: Callable[[Job], None]) -> None:
        """Call with each job that begins, goes on or ends."""
        self._subscribers.append(subscriber)

    def start(self, title: str, place: str, work: Work) -> Job:
        job = Job(title, place)
        self.every.insert(0, job)
        job.task = asyncio.create_task(self._run(job, work))
        self._tell(job)
        return job

    async def close(self) -> None:
        """Stop what runs, and wait until it has cleaned up."""
        tasks = [job.task for job in self.running if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Work) -> None:
        def show(words: str) -> None:
            job.words = words
            self._tell(job)

        try:
            await work(show)
            job.state, job.words = "done", ""
        except asyncio.CancelledError:
            job.state = "stopped"
        except Exception as error:  # a third party's backend may raise anything
            job.state, job.error = "failed", as_problem(error)
        self._tell(job)

    def _tell(self, job: Job) -> None:
        for subscriber in list(self._subscribers):
            subscriber(job)
