"""What a model says while it answers: the events that every Provider yields, in order.

Zero or more Prefill, then zero or more ReasoningDelta, TextDelta and ToolCallDelta, then exactly one
Finished. A failure is an exception instead. Knows nothing of wires or screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Prefill:
    """How much of the prompt has been computed, in tokens; `cached` of them were known before."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token's bytes and its natural-log probability under the model, before any sampling setting."""

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class SampledToken:
    """The token that was drawn, and the most likely alternatives, best first, where asked for."""

    chosen: TokenLogprob
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer: whole UTF-8 characters, never part of a stop string.

    `tokens` counts the tokens it is made of; `logprobs` has one entry for each where asked for.
    """

    text: str
    tokens: int
    logprobs: tuple[SampledToken, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of what the model thinks before it answers; as TextDelta, but no part of the answer."""

    text: str
    tokens: int
    logprobs: tuple[SampledToken, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next piece of a call: the first one of each `index` has id and name, all add to its arguments."""

    index: int
    arguments: str = ""
    id: str = ""
    name: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request; `cached_tokens` is the part of the prompt not computed again.

    `drafted_tokens` were guessed ahead of the answer, and `accepted_tokens` of them became part of it.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, measured beside the engine: until the first token, and from the first to the last."""

    time_to_first_token: float = 0.0
    generation_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """The end: "stop" for the model's own end or a stop string, "length" when a limit was reached.

    "tool_calls" is the model's own end too, after it has asked for calls. `stop_sequence` is the stop string
    that was met, "" for none, or where a server does not tell it. `notices` tell what was done otherwise than
    asked.
    """

    reason: FinishReason
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    stop_sequence: str = ""
    notices: tuple[str, ...] = ()

    @property
    def tokens_per_second(self) -> float | None:
        """Generation speed, or None when there were fewer than two tokens to measure between."""
        steps = self.usage.completion_tokens - 1
        return (
            steps / self.timings.generation_seconds if steps > 0 and self.timings.generation_seconds else None
        )


Event = Prefill | ReasoningDelta | TextDelta | ToolCallDelta | Finished
