"""Requests for vectors: many texts in one pass, and no pass so long that running answers stand still.

Requests take turns, text by text. Only a model that must see a whole text at once may exceed the pass. Knows
nothing of the answers beside it but their number.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from workbench.embedding import Embedded, EmbeddingRequest, Vector
from workbench.errors import ContextExceeded, InvalidRequest
from workbench_llama_cpp.embedding_context import EmbeddingContext
from workbench_llama_cpp.loading import Loaded
from workbench_llama_cpp.pace import Pace
from workbench_llama_cpp.slots import Tokens


@dataclass(slots=True, eq=False)
class Job:
    """A request: the numbers of the inputs that are not begun, and the vectors that are there."""

    request: EmbeddingRequest
    waiting: deque[int]
    vectors: dict[int, Vector] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return len(self.vectors) == len(self.request.inputs)

    def result(self) -> Embedded:
        inputs = self.request.inputs
        vectors = tuple(self.vectors[number] for number in range(len(inputs)))
        return Embedded(self.request.id, vectors, sum(map(len, inputs)))


@dataclass(slots=True, eq=False)
class Text:
    """An input that is being computed: `done` of its tokens are, and `share` in this pass."""

    job: Job
    number: int
    tokens: Tokens
    done: int = 0
    share: int = 0

    @property
    def remaining(self) -> int:
        return len(self.tokens) - self.done

    def piece(self) -> tuple[Tokens, int]:
        return self.tokens[self.done : self.done + self.share], self.done


class Embedder:
    """All requests for vectors of one model. The text that is computed in parts has sequence 0."""

    def __init__(self, loaded: Loaded) -> None:
        self._length = loaded.context_length
        self._vocabulary = loaded.vocabulary
        self._context = EmbeddingContext(loaded)
        self._pace = Pace(loaded.settings.micro_batch)
        self._jobs: deque[Job] = deque()
        self._begun: Text | None = None

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    def take(self, request: EmbeddingRequest) -> None:
        """Raises InvalidRequest and ContextExceeded, and keeps nothing then."""
        for tokens in request.inputs:
            self._check(tokens)
        self._jobs.append(Job(request, deque(range(len(request.inputs)))))

    def cancel(self, request_id: int) -> None:
        self._jobs = deque(job for job in self._jobs if job.request.id != request_id)
        if self._begun and self._begun.job not in self._jobs:
            self._begun = None
            self._context.forget((0,))

    def step(self, answers: int) -> list[Embedded]:
        """One pass beside so many running answers; the requests that it ended."""
        if not self._jobs:
            return []
        started = time.perf_counter()
        texts = list(self._chosen(self._pace.prompt_tokens(answers)))
        self._context.compute([text.piece() for text in texts])
        for sequence, text in enumerate(texts):
            text.done += text.share
            if not text.remaining:
                text.job.vectors[text.number] = self._context.vector(sequence)
        self._context.forget([sequence for sequence, text in enumerate(texts) if not text.remaining])
        self._begun = texts[0] if texts and texts[0].remaining else None
        self._pace.learn(0, sum(text.share for text in texts), time.perf_counter() - started)
        return self._ended()

    def close(self) -> None:
        self._context.close()

    def _check(self, tokens: tuple[int, ...]) -> None:
        if not tokens:
            raise InvalidRequest("A text to embed is empty.", "Give at least one word.")
        if len(tokens) > self._length:
            raise ContextExceeded(
                f"A text has {len(tokens)} tokens, the context holds {self._length}.",
                "Shorten the text or load the model with more --context.",
            )
        self._vocabulary.check(tokens)

    def _chosen(self, room: int) -> Iterator[Text]:
        """The text that is begun, or the next one however long it is, and those that fit beside it."""
        text = self._begun or self._next(self._length)
        count = 0
        while text is not None:
            text.share = min(text.remaining, room) if self._context.splits else text.remaining
            room -= text.share
            count += 1
            yield text
            text = self._next(room) if room > 0 and count < self._context.sequences else None

    def _next(self, most_tokens: int) -> Text | None:
        """Of the request whose turn it is, unless its text is longer than that."""
        job = next((job for job in self._jobs if job.waiting), None)
        if job is None or len(job.request.inputs[job.waiting[0]]) > most_tokens:
            return None
        self._jobs.remove(job)
        self._jobs.append(job)
        number = job.waiting.popleft()
        return Text(job, number, np.array(job.request.inputs[number], np.int32))

    def _ended(self) -> list[Embedded]:
        ended = [job.result() for job in self._jobs if job.whole]
        self._jobs = deque(job for job in self._jobs if not job.whole)
        return ended
