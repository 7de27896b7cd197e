"""One request in the engine, and what a step's result says of it. Knows nothing of the other requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.backend import PromptComputed, RequestEnded, RequestFailed, StepEvent, TokenDrawn
from workbench.errors import EngineDied
from workbench.events import Usage
from workbench.logprobs import sampled_token
from workbench_exllama.generation import Job, Result, Wanted
from workbench_exllama.vocabulary import Vocabulary

_BY_ITSELF = ("stop_token", "end_filter")


@dataclass(slots=True, eq=False)
class Active:
    """From when it is taken in until it ends.

    Attributes:
        cached: Prompt tokens taken from earlier work, as far as that is known.
        begun: Its prompt is computed, and that was told.
        drawn: Tokens of the answer so far.
    """

    wanted: Wanted
    job: Job
    vocabulary: Vocabulary
    cached: int = 0
    begun: bool = False
    drawn: int = 0

    @property
    def id(self) -> int:
        return self.wanted.request.id

    def events(self, result: Result) -> list[StepEvent]:
        match result["stage"]:
            case "prefill":
                return [self._computed(min(result["curr_progress"], self._prompt_tokens - 1))]
            case "streaming":
                return self._streamed(result)
            case "error":
                error = EngineDied(f"The answer broke off: {result['error']}.", "Ask again.")
                return [RequestFailed(self.id, error)]
            case _:
                return []

    def _streamed(self, result: Result) -> list[StepEvent]:
        events = list[StepEvent]()
        if not self.begun:
            self.begun = True
            events.append(self._computed(self._prompt_tokens))
        held = self.wanted.held
        if held is not None and held.failure is not None:
            return [*events, RequestFailed(self.id, held.failure)]
        events += self._tokens(result)
        if result["eos"] or (held is not None and held.complete):
            events.append(self._end(result))
        return events

    def _tokens(self, result: Result) -> list[TokenDrawn]:
        """The result's tokens but for the one that ends the answer, and those after a constraint's end."""
        request, held = self.wanted.request, self.wanted.held
        parts = [part for part in (result, result.get("held") or {}) if part.get("token_ids") is not None]
        tokens = [token for part in parts for token in part["token_ids"].tolist()[0]]
        if result.get("eos_reason") == "stop_token":
            tokens = tokens[:-1]
        most = request.max_tokens if request.max_tokens is not None else self.wanted.most
        most = most if held is None else min(most, held.length)
        tokens = tokens[: most - self.drawn]
        self.drawn += len(tokens)
        piece = self.vocabulary.piece_showing(request.shown)
        if request.logprobs is None:
            return [TokenDrawn(self.id, token, piece(token)) for token in tokens]
        rows = [row for part in parts for row in _rows(part["logits"], self.vocabulary.size)]
        return [
            TokenDrawn(self.id, token, piece(token), sampled_token(row, token, request.logprobs, piece))
            for token, row in zip(tokens, rows, strict=False)
        ]

    def _end(self, result: Result) -> RequestEnded:
        held, usage = self.wanted.held, Usage(self._prompt_tokens, self.cached, self.drawn)
        by_itself = result.get("eos_reason") in _BY_ITSELF and self.wanted.request.max_tokens != 0
        complete = held is not None and held.complete
        return RequestEnded(self.id, "stop" if complete or by_itself else "length", usage)

    @property
    def _prompt_tokens(self) -> int:
        return len(self.wanted.request.prompt)

    def _computed(self, done: int) -> PromptComputed:
        return PromptComputed(self.id, done, self._prompt_tokens, self.cached)


def _rows(logits: Any, size: int) -> Any:
    """As numbers of numpy, shape (tokens, vocabulary_size)."""
    return logits.float().cpu().numpy()[0, :, :size]
