"""The llama.cpp engine: many requests in one context, stepped together.

Each step decodes one token of every running answer and, beside them, as much of the waiting prompts as the
measured speed allows. Knows nothing of text: stop strings and characters are the runtime's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.backend import (
    Engine,
    LoadProgress,
    PromptComputed,
    RequestEnded,
    RequestFailed,
    StepEvent,
    TokenDrawn,
    TokenRequest,
)
from workbench.embedding import EmbeddingRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import ContextExceeded, EngineDied, InvalidRequest, Unsupported, WorkbenchError
from workbench.events import FinishReason, Usage
from workbench_llama_cpp import loading, pooling
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.constraining.enforcer import Enforcer
from workbench_llama_cpp.embedding import Embedder
from workbench_llama_cpp.logprobs import logits, sampled_token
from workbench_llama_cpp.pace import Pace, share_out
from workbench_llama_cpp.parameters import BATCH
from workbench_llama_cpp.ranking import pair, rank_template
from workbench_llama_cpp.sampler import Sampler
from workbench_llama_cpp.slots import Slots, common_prefix

WORTH_WAITING = 32
"""A prompt waits for another that is being computed when that saves at least so many tokens."""

PATIENCE_SECONDS = 0.005
"""How long a step waits for what a constraint allows next; who needs longer draws beside a later step."""


def open_engine(path: str, settings: EngineSettings, progress: LoadProgress) -> LlamaCppEngine:
    loaded = loading.load(path, settings, progress)
    try:
        return LlamaCppEngine(loaded)
    except BaseException:
        loaded.free()
        raise


class LlamaCppEngine(Engine):
    """Owns one model and one context."""

    def __init__(self, loaded: loading.Loaded) -> None:
        self._llama = llama()
        self._loaded = loaded
        self._vocabulary = loaded.vocabulary
        self.facts = loading.facts(loaded)
        self._context = loading.make_context(loaded)
        self._cache = ContextMemory(loaded.model, self._context)
        self._slots = Slots(loaded.settings.parallel, self._cache)
        self._capacity = max(BATCH, loaded.settings.parallel)
        self._batch = Batch(self._capacity)
        self._pace = Pace(self._capacity - loaded.settings.parallel)
        self._waiting: list[Active] = []
        self._running: list[Active] = []
        self._embedder: Embedder | None = None
        self._enforcer = Enforcer(loaded.vocabulary)

    def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return self._vocabulary.tokenize(text, special, add)

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        return self._vocabulary.detokenize(tokens)

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        return self._vocabulary.pieces(tokens)

    def prepare(self, request: TokenRequest) -> None:
        self._enforcer.prepare(request)

    def enqueue(self, request: TokenRequest) -> None:
        self._check(request)
        matching = self._enforcer.begin(request)
        sampler = Sampler(request.sampling, self._vocabulary, request.prompt, self.facts.context_length)
        prompt = np.array(request.prompt, np.int32)
        self._waiting.append(Active(request, prompt, sampler, matching=matching))

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running or (self._embedder and self._embedder.busy))

    def step(self) -> list[StepEvent]:
        self._admit()
        embedded = self._embedder.step(len(self._running)) if self._embedder else []
        return [*embedded, *self._continue_answers()]

    def _continue_answers(self) -> list[StepEvent]:
        if not self._running:
            return []
        late = [
            event for active in list(self._running) if active.held is not None for event in self._draw(active)
        ]
        started = time.perf_counter()
        answers, prompt_tokens = self._fill_batch()
        if not self._batch.size:
            return late
        self._decode()
        moved = [active for active in self._running if active.row is not None]
        events = [event for active in moved for event in self._advance(active)]
        self._pace.learn(answers, prompt_tokens, time.perf_counter() - started)
        return late + events

    def cancel(self, request_id: int) -> None:
        for active in [*self._waiting, *self._running]:
            if active.request.id == request_id:
                self._drop(active)
        if self._embedder is not None:
            self._embedder.cancel(request_id)

    def embed(self, request: EmbeddingRequest) -> None:
        pooling.check(self.facts.capabilities, "rank" if request.rank else "embed")
        self._embedder = self._embedder or Embedder(self._loaded)
        self._embedder.take(request)

    def pair(self, query: str, document: str) -> list[int]:
        pooling.check(self.facts.capabilities, "rank")
        return pair(self._vocabulary, rank_template(self._loaded.model), query, document)

    def close(self) -> None:
        for active in [*self._waiting, *self._running]:
            self._drop(active)
        self._enforcer.close()
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        if self._context is not None:
            self._llama.llama_free(self._context)
            self._context = None
        self._loaded.free()

    def _check(self, request: TokenRequest) -> None:
        if "generate" not in self.facts.capabilities:
            raise Unsupported("This model cannot continue text.", "Use one that is made for it.")
        if not request.prompt:
            raise InvalidRequest("The prompt is empty.", "Give at least one token.")
        self._vocabulary.check(request.prompt)
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
        """Returns the number of running answers and of prompt tokens in the batch."""
        self._batch.clear()
        for active in self._running:
            active.row = None
        answers = [active for active in self._running if not active.in_prompt and active.held is None]
        prompts = [active for active in self._running if active.in_prompt]
        for active in answers:
            active.add_next_token(self._batch)
        shares = share_out([active.remaining for active in prompts], self._pace.prompt_tokens(len(answers)))
        for active, share in zip(prompts, shares, strict=True):
            active.add_prompt(self._batch, share)
        return len(answers), sum(shares)

    def _decode(self) -> None:
        result = self._llama.llama_decode(self._context, self._batch.structure())
        if result == 1:  # no room: what idle slots keep is given up
            self._slots.forget_idle()
            result = self._llama.llama_decode(self._context, self._batch.structure())
        if result != 0:
            said = next((line for line in reversed(log.lines) if line.strip()), "no reason given")
            raise EngineDied(f"llama.cpp could not compute a step (code {result}): {said}.", "Ask again.")

    def _advance(self, active: Active) -> list[StepEvent]:
        """What this step brought for one request."""
        events: list[StepEvent] = []
        if active.drawn == 0:
            done, total = active.slot_length, len(active.prompt)
            events.append(PromptComputed(active.request.id, done, total, active.cached))
        if active.in_prompt:
            return events
        if active.request.max_tokens == 0:
            return [*events, self._end(active, "length")]
        return events + self._draw(active)

    def _draw(self, active: Active) -> list[StepEvent]:
        """One more token. A request whose constraint needs longer than the step draws beside a later one."""
        row = self._logits(active)
        if active.matching is not None and not active.matching.ready(PATIENCE_SECONDS):
            active.held = row.copy() if active.held is None else active.held
            return []
        active.held = None
        try:
            token = self._next_token(active, row)
            ended = self._vocabulary.ends(token) and not (active.request.ignore_end and not active.matching)
            complete = not ended and active.matching is not None and active.matching.take(token)
        except WorkbenchError as error:
            self._drop(active)
            return [RequestFailed(active.request.id, error)]
        if ended:
            return [self._end(active, "stop")]
        return [self._drawn(active, token, row), *self._end_after(active, complete)]

    def _logits(self, active: Active) -> NDArray[np.float32]:
        if active.held is not None:
            return active.held
        assert active.row is not None
        return logits(self._context, active.row, self._vocabulary.size)

    def _next_token(self, active: Active, row: NDArray[np.float32]) -> int:
        if active.matching is not None:
            return active.sampler.draw_among(row, active.matching.allowed())
        assert active.row is not None
        return active.sampler.draw(self._context, active.row)

    def _drawn(self, active: Active, token: int, row: NDArray[np.float32]) -> TokenDrawn:
        active.next_token = token
        active.drawn += 1
        piece, wanted = self._vocabulary.piece, active.request.logprobs
        logprobs = None if wanted is None else sampled_token(row, token, wanted, piece)
        return TokenDrawn(active.request.id, token, piece(token), logprobs)

    def _end_after(self, active: Active, complete: bool) -> list[StepEvent]:
        if complete:
            return [self._end(active, "stop")]
        full = active.drawn == active.most_tokens(self.facts.context_length)
        return [self._end(active, "length")] if full else []

    def _end(self, active: Active, reason: FinishReason) -> RequestEnded:
        self._drop(active)
        return RequestEnded(active.request.id, reason, Usage(len(active.prompt), active.cached, active.drawn))

    def _drop(self, active: Active) -> None:
        (self._waiting if active in self._waiting else self._running).remove(active)
        active.sampler.close()
        if active.slot is not None:
            self._slots.release(active.slot)
