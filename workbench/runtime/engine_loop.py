"""The owner of an Engine: takes jobs in, steps while there is work, and reports once per step.

Knows nothing of pipes; it is given a queue of jobs and a function that sends.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from workbench.backend import (
    Engine,
    PromptComputed,
    RequestEnded,
    RequestFailed,
    StepEvent,
    TokenDrawn,
    TokenRequest,
)
from workbench.embedding import Embedded
from workbench.errors import WorkbenchError
from workbench.events import FinishReason, TextDelta, Timings, Usage
from workbench.passes import PassesTimed
from workbench.runtime import messages
from workbench.runtime.text_assembly import TextAssembly
from workbench.sampler_trace import Traced

Send = Callable[[messages.Message], None]
Job = Callable[["EngineLoop"], None]


class Inbox(queue.SimpleQueue[tuple[int, Job]]):
    """The jobs that wait. While `arriving` is held, more are about to be put in."""

    def __init__(self) -> None:
        self.arriving = threading.Lock()


def failure(call: int | None, error: WorkbenchError) -> messages.Failed:
    return messages.Failed(call, error.kind, error.message, error.remedy, getattr(error, "param", None))


@dataclass(slots=True)
class Running:
    """One request in flight: its text so far, its counts, and when things happened."""

    text: TextAssembly
    usage: Usage
    started: float = field(default_factory=time.perf_counter)
    first: float = 0.0
    last: float = 0.0

    def count_token(self) -> None:
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.usage = replace(self.usage, completion_tokens=self.usage.completion_tokens + 1)

    def timings(self) -> Timings:
        if not self.first:
            return Timings(time.perf_counter() - self.started, 0.0)
        return Timings(self.first - self.started, self.last - self.first)


class EngineLoop:
    """Runs on the one thread that may step the engine."""

    def __init__(self, engine: Engine, inbox: Inbox, send: Send) -> None:
        self.engine = engine
        self._inbox = inbox
        self._send = send
        self._running: dict[int, Running] = {}
        self._events: list[messages.StepReply | messages.Failed] = []

    def run(self) -> None:
        while True:
            self._take_jobs()
            for event in self.engine.step():
                self._translate(event)
            if self._events:
                self._send(messages.Step(self._events))
                self._events = []

    def _take_jobs(self) -> None:
        """Every job that waits; sleeps for one when there is nothing else to do, and takes those with it."""
        idle = not self.engine.busy
        while not self._inbox.empty() or not (self.engine.busy or self._events):
            call, job = self._inbox.get()
            try:
                job(self)
            except WorkbenchError as error:
                self._send(failure(call, error))
            if idle:
                with self._inbox.arriving:
                    pass

    def begin(self, request: TokenRequest, stop: tuple[str, ...], received: float) -> None:
        self.engine.enqueue(request)
        usage = Usage(prompt_tokens=len(request.prompt))
        self._running[request.id] = Running(TextAssembly(stop), usage, received)

    def cancel(self, call: int) -> None:
        self._running.pop(call, None)
        self.engine.cancel(call)

    def _translate(self, event: StepEvent) -> None:
        if isinstance(event, Embedded):
            vectors = tuple(vector.tobytes() for vector in event.vectors)
            self._events.append(messages.Vectors(event.request_id, vectors, event.prompt_tokens))
        elif isinstance(event, PassesTimed):
            self._events.append(messages.PassSeconds(event.request_id, event.seconds))
        elif isinstance(event, Traced):
            self._events.append(messages.TraceOf(event.request_id, event.trace))
        elif (running := self._running.get(event.request_id)) is not None:
            self._continue(running, event)

    def _continue(
        self, running: Running, event: PromptComputed | TokenDrawn | RequestEnded | RequestFailed
    ) -> None:
        match event:
            case PromptComputed(call, done, total, cached):
                running.usage = replace(running.usage, cached_tokens=cached)
                self._events.append(messages.PrefillAt(call, done, total, cached))
            case TokenDrawn():
                self._token(running, event)
            case RequestEnded(call, reason, usage):
                running.usage = usage
                self._text(call, running.text.finish())
                self._end(call, running, "stop" if running.text.stopped else reason)
            case RequestFailed(call, error):
                del self._running[call]
                self._events.append(failure(call, error))

    def _token(self, running: Running, event: TokenDrawn) -> None:
        running.count_token()
        self._text(event.request_id, running.text.feed(event.piece, event.logprobs))
        if running.text.stopped:
            self.engine.cancel(event.request_id)
            self._end(event.request_id, running, "stop")

    def _text(self, call: int, delta: TextDelta | None) -> None:
        if delta is not None:
            self._events.append(messages.Text(call, delta.text, delta.tokens, delta.logprobs))

    def _end(self, call: int, running: Running, reason: FinishReason) -> None:
        del self._running[call]
        self._events.append(
            messages.Ended(call, reason, running.usage, running.timings(), running.text.stop_sequence)
        )
