"""What the engine asks of exllamav2's and exllamav3's generators, which are much alike.

Both are given jobs and step through all of them at once; each step brings a list of results, dictionaries
that name their job and their `stage`. Not for several threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from workbench.backend import TokenRequest
from workbench_exllama.held_answer import HeldAnswer
from workbench_exllama.memory import PAGE

Job = Any
Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request, and what follows from it.

    Attributes:
        most: Tokens of the answer at most.
        stops: Tokens that end it.
        held: What its constraint allows, where it has one.
    """

    request: TokenRequest
    most: int
    stops: frozenset[int]
    held: HeldAnswer | None


class Generation(ABC):
    """A loaded model and its generator.

    Attributes:
        placement: Where the model is, in words.
        parallel: Requests that it works on at once.
        notices: What a person is told of how it was loaded.
    """

    placement: str
    parallel: int
    notices: tuple[str, ...] = ()
    _model: Any = None
    _generator: Any

    @abstractmethod
    def check(self, request: TokenRequest) -> None:
        """Raises Unsupported for sampling settings that the engine has not."""

    @abstractmethod
    def _job(self, wanted: Wanted) -> Job:
        """As the generator takes it."""

    def begin(self, wanted: Wanted) -> Job:
        """Take it in."""
        job = self._job(wanted)
        self._generator.enqueue(job)
        return job

    def step(self) -> list[Result]:
        """One pass over everything that runs."""
        results: list[Result] = self._generator.iterate()
        return results

    def cancel(self, job: Job) -> None:
        """Drop it; its pages become free."""
        self._generator.cancel(job)

    def cached(self, job: Job) -> int:
        """Tokens of its prompt that were taken from earlier work."""
        return int(job.cached_pages * PAGE + job.cached_tokens)

    def close(self) -> None:
        """Give the model's memory back. Idempotent."""
        if self._model is not None:
            self._model.unload()
            self._model = None
