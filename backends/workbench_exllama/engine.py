"""An EXL2 or EXL3 model as an engine: requests become jobs of its generator, and results become events.

The generator works on several requests in one pass and keeps what it computed for prompts that begin alike.
Knows nothing of text: stop strings and characters are the runtime's.
"""

from __future__ import annotations

from workbench.backend import ModelFacts, RequestEnded, RequestFailed, StepEvent, TokenRequest
from workbench.constraining.enforcer import Enforcer
from workbench.errors import ContextExceeded, InvalidRequest, Unsupported
from workbench.vocabulary_engine import TokenizingEngine
from workbench_exllama.active import Active
from workbench_exllama.generation import Generation, Wanted
from workbench_exllama.held_answer import HeldAnswer
from workbench_exllama.vocabulary import Vocabulary


class ExllamaEngine(TokenizingEngine):
    """Owns a generation."""

    _vocabulary: Vocabulary

    def __init__(self, generation: Generation, vocabulary: Vocabulary, facts: ModelFacts) -> None:
        self.facts = facts
        self._generation = generation
        self._vocabulary = vocabulary
        self._enforcer = Enforcer(vocabulary)
        self._running: list[Active] = []

    def prepare(self, request: TokenRequest) -> TokenRequest:
        self._enforcer.prepare(request)
        return request

    def enqueue(self, request: TokenRequest) -> None:
        self._check(request)
        room = self.facts.context_length - len(request.prompt)
        most = room if request.max_tokens is None else min(room, max(1, request.max_tokens))
        ends = self._vocabulary.end_tokens
        matching = self._enforcer.begin(request)
        held = None if matching is None else HeldAnswer(matching, ends, self._vocabulary.size)
        stops = frozenset() if request.ignore_end and held is None else ends
        wanted = Wanted(request=request, most=most, stops=stops, held=held)
        self._running.append(Active(wanted, self._generation.begin(wanted), self._vocabulary))

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def step(self) -> list[StepEvent]:
        if not self._running:
            return []
        events, jobs = list[StepEvent](), {id(active.job): active for active in self._running}
        for result in self._generation.step():
            active = jobs.get(id(result["job"]))
            if active is None or active not in self._running:
                continue
            active.cached = min(self._generation.cached(active.job), len(active.wanted.request.prompt) - 1)
            brought = active.events(result)
            events += brought
            if brought and isinstance(brought[-1], RequestEnded | RequestFailed):
                self._drop(active, over=result["eos"])
        return events

    def cancel(self, request_id: int) -> None:
        for active in [active for active in self._running if active.id == request_id]:
            self._drop(active)

    def close(self) -> None:
        for active in list(self._running):
            self._drop(active)
        self._enforcer.close()
        self._generation.close()

    def _drop(self, active: Active, *, over: bool = False) -> None:
        self._running.remove(active)
        if not over:
            self._generation.cancel(active.job)

    def _check(self, request: TokenRequest) -> None:
        if not request.prompt:
            raise InvalidRequest("The prompt is empty.", "Give at least one token.")
        if request.mixed:
            raise Unsupported("Images and sounds are not given to this model.", "Send text alone.")
        if request.speculation not in (None, "off"):
            raise Unsupported("Nothing is drafted for this model.", "Leave --speculate out.")
        self._vocabulary.check(request.prompt)
        self._vocabulary.check(list(request.sampling.logit_bias))
        self._generation.check(request)
        length, most = len(request.prompt), self.facts.context_length
        if length >= most:
            raise ContextExceeded(
                f"The prompt has {length} tokens, the context holds {most}.",
                "Shorten the prompt or load the model with more --context.",
            )
