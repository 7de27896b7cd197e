"""The llama.cpp engine: many requests in one context, stepped together.

Each step decodes one token of every running answer and, beside them, as much of the waiting prompts as the
measured speed allows. Knows nothing of text: stop strings and characters are the runtime's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np

from workbench.backend import (
    LoadProgress,
    StepEvent,
    TokenRequest,
)
from workbench.constraining.enforcer import Enforcer
from workbench.embedding import EmbeddingRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import ContextExceeded, InvalidRequest, Unsupported
from workbench.passes import PassRequest
from workbench.sampler_trace import TraceRequest
from workbench.vocabulary_engine import TokenizingEngine
from workbench_llama_cpp import loading, pooling
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.decoding import decode
from workbench_llama_cpp.drafting import Drafting
from workbench_llama_cpp.drawing import Drawing, ended
from workbench_llama_cpp.embedding import Embedder
from workbench_llama_cpp.media import Media, chunks_of, spoken
from workbench_llama_cpp.pace import Pace, share_out
from workbench_llama_cpp.parameters import BATCH
from workbench_llama_cpp.prompt_cache import opened_cache
from workbench_llama_cpp.ranking import pair, rank_template
from workbench_llama_cpp.sampler import Sampler
from workbench_llama_cpp.seating import Seating
from workbench_llama_cpp.slots import Slots, common_prefix, least_shared
from workbench_llama_cpp.timed_passes import TimedPasses
from workbench_llama_cpp.vocabulary import Vocabulary

UNDERWAY = 8
"""Tokens of an answer after which its steps are kept short. Until then it goes with those it came with."""

WORTH_WAITING = 32
"""A prompt waits for another that is being computed when that saves at least so many tokens."""


def open_engine(path: str, settings: EngineSettings, progress: LoadProgress) -> LlamaCppEngine:
    loaded = loading.load(path, settings, progress)
    try:
        return LlamaCppEngine(loaded)
    except BaseException:
        loaded.free()
        raise


class LlamaCppEngine(TokenizingEngine):
    """Owns one model and one context."""

    _vocabulary: Vocabulary

    def __init__(self, loaded: loading.Loaded) -> None:
        self._llama = llama()
        self._loaded = loaded
        self._vocabulary = loaded.vocabulary
        self.facts = loading.facts(loaded)
        self._context = loading.make_context(loaded)
        self._cache = ContextMemory(loaded.model, self._context)
        self._slots = Slots(loaded.settings.parallel, self._cache, least_shared(loaded.context_length))
        self._capacity = max(BATCH, loaded.settings.output_rows)
        self._batch = Batch(self._capacity)
        self._pace = Pace(self._capacity - loaded.settings.output_rows)
        self._prompt_cache = opened_cache(loaded, self._context, self._slots)
        self._media = Media(loaded.projector, self._context, self._slots)
        self._seating = Seating(self._slots)
        self._drawing = Drawing(self._context, loaded, self._slots)
        self._drafting = Drafting(loaded, self._pace)
        self._waiting: list[Active] = []
        self._running: list[Active] = []
        self._embedder = Embedder(loaded) if self.facts.capabilities & {"embed", "rank"} else None
        self._enforcer = Enforcer(loaded.vocabulary)
        self._passes = TimedPasses(
            self._context, self._batch, self._slots, loaded.vocabulary, loaded.context_length
        )

    def prepare(self, request: TokenRequest) -> TokenRequest:
        self._enforcer.prepare(request)
        return self._media.prepared(request)

    def trace(self, request: TraceRequest) -> None:
        tokens = TokenRequest(
            id=request.id, prompt=request.prompt, sampling=request.sampling, max_tokens=1, speculation="off"
        )
        self.enqueue(tokens)
        self._waiting[-1].tracing = request

    def enqueue(self, request: TokenRequest) -> None:
        request = self._media.prepared(request)
        self._check(request)
        matching = self._enforcer.begin(request)
        sampler = Sampler(request.sampling, self._vocabulary, spoken(request), self.facts.context_length)
        prompt, chunks = np.array(request.prompt, np.int32), chunks_of(request)
        expected = self._drafting.expected(request)
        active = Active(request, prompt, sampler, matching=matching, acceptance=expected, chunks=chunks)
        self._waiting.append(active)

    @property
    def busy(self) -> bool:
        working = self._waiting or self._running or (self._embedder and self._embedder.busy)
        return bool(working or self._passes.busy or (self._prompt_cache and self._prompt_cache.busy))

    def step(self) -> list[StepEvent]:
        if self._passes.busy and not self._running:
            return list(self._passes.step())
        self._seating.step({active.sequence for active in self._running if not active.in_prompt})
        if self._prompt_cache and not (self._waiting or self._running):
            self._prompt_cache.work()
        self._admit()
        embedded = self._embedder.step(len(self._running)) if self._embedder else []
        return [*embedded, *self._continue_answers()]

    def _continue_answers(self) -> list[StepEvent]:
        if not self._running:
            return []
        late = self._events(
            [active for active in self._running if active.held is not None], self._drawing.draw
        )
        late += self._media.step(self._running, self._drop)
        rows, prompt_tokens = self._fill_batch()
        if not self._batch.size:
            return late
        started = time.perf_counter()
        decode(self._context, self._batch, self._slots)
        moved = [active for active in self._running if active.row is not None]
        events = self._events(moved, self._drawing.advance)
        self._pace.learn(rows, prompt_tokens, time.perf_counter() - started)
        return late + events

    def cancel(self, request_id: int) -> None:
        for active in [*self._waiting, *self._running]:
            if active.request.id == request_id:
                self._drop(active)
        if self._embedder is not None:
            self._embedder.cancel(request_id)
        self._passes.cancel(request_id)

    def embed(self, request: EmbeddingRequest) -> None:
        pooling.check(self.facts.capabilities, "rank" if request.rank else "embed")
        assert self._embedder is not None
        self._embedder.take(request)

    def pair(self, query: str, document: str) -> list[int]:
        pooling.check(self.facts.capabilities, "rank")
        return pair(self._vocabulary, rank_template(self._loaded.model), query, document)

    def time_passes(self, request: PassRequest) -> None:
        self._check_continues_text()
        self._passes.take(request)

    def close(self) -> None:
        for active in [*self._waiting, *self._running]:
            self._drop(active)
        if self._prompt_cache is not None:
            self._prompt_cache.finish()
            self._prompt_cache = None
        self._enforcer.close()
        self._media.close()
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        self._drafting.close()
        if self._context is not None:
            self._llama.llama_free(self._context)
            self._context = None
        self._loaded.free()

    def _check_continues_text(self) -> None:
        if "generate" not in self.facts.capabilities:
            raise Unsupported("This model cannot continue text.", "Use one that is made for it.")

    def _check(self, request: TokenRequest) -> None:
        self._check_continues_text()
        if not request.prompt:
            raise InvalidRequest("The prompt is empty.", "Give at least one token.")
        if not request.mixed:
            self._vocabulary.check(request.prompt)
        self._drafting.check(request.speculation)
        length, most = len(request.prompt), self.facts.context_length
        if length >= most:
            raise ContextExceeded(
                f"The prompt has {length} tokens, the context holds {most}.",
                "Shorten the prompt or load the model with more --context.",
            )

    def _admit(self) -> None:
        """Give slots to waiting requests, unless another prompt is about to compute what they begin with."""
        for active in list(self._waiting):
            if not self._slots.free:
                return
            if not self._better_soon(active):
                if self._prompt_cache:
                    self._prompt_cache.recall(active.prompt)
                active.slot = self._slots.take(active.prompt)
                active.cached = active.slot.length
                self._waiting.remove(active)
                self._running.append(active)

    def _better_soon(self, active: Active) -> bool:
        prefilling = [other for other in self._running if other.in_prompt]
        if not prefilling:
            return False
        soon = max(common_prefix(other.prompt, active.prompt[:-1]) for other in prefilling)
        return soon >= self._slots.reusable(active.prompt) + WORTH_WAITING

    def _fill_batch(self) -> tuple[int, int]:
        """Returns the number of rows of running answers and of prompt tokens in the batch.

        llama.cpp computes those in one pass whose sequences follow each other in the batch.
        """
        self._batch.clear()
        for active in self._running:
            active.row = None
        answers = [active for active in self._running if not active.in_prompt and active.held is None]
        prompts = [active for active in self._running if active.in_prompt]
        drafts: list[Sequence[int]] = [()] * len(answers) if prompts else self._drafting.drafts(answers)
        rows = len(answers) + sum(map(len, drafts))
        waited_for = any(active.drawn >= UNDERWAY for active in answers)
        shares = share_out(
            [active.remaining for active in prompts], self._pace.prompt_tokens(rows, waited_for)
        )
        drafted, shared = dict(zip(answers, drafts, strict=True)), dict(zip(prompts, shares, strict=True))
        for active in sorted([*answers, *prompts], key=attrgetter("sequence")):
            if active in drafted:
                active.add_next_token(self._batch, drafted[active])
            else:
                active.add_prompt(self._batch, shared[active])
        return rows, sum(shares)

    def _events(
        self, requests: Sequence[Active], advance: Callable[[Active], list[StepEvent]]
    ) -> list[StepEvent]:
        """What they bring; those that end with it make room."""
        events = list[StepEvent]()
        for active in requests:
            brought = advance(active)
            events += brought
            if ended(brought):
                self._drop(active)
        return events

    def _drop(self, active: Active) -> None:
        (self._waiting if active in self._waiting else self._running).remove(active)
        active.sampler.close()
        self._drafting.release(active)
        if active.slot is not None:
            if active.slot.length == active.cached:  # what was shared with it may not be there yet
                self._slots.take_back(active.slot, 0)
            self._slots.release(active.slot)
            if self._prompt_cache:
                self._prompt_cache.note(active.slot)
