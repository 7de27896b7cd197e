"""An extension of ours to the answer: how fast one choice was generated. Other clients ignore it."""

from __future__ import annotations

from msgspec import Struct

from workbench.events import Finished


class GenerationTimings(Struct, kw_only=True):
    """Seconds as measured beside the engine; `tokens_per_second` is null below two tokens.

    `drafted_tokens` were guessed ahead; `accepted_tokens` of them are part of the answer.
    """

    time_to_first_token: float
    generation_seconds: float
    tokens_per_second: float | None
    drafted_tokens: int
    accepted_tokens: int


def timings_of(finished: Finished) -> GenerationTimings:
    return GenerationTimings(
        time_to_first_token=finished.timings.time_to_first_token,
        generation_seconds=finished.timings.generation_seconds,
        tokens_per_second=finished.tokens_per_second,
        drafted_tokens=finished.usage.drafted_tokens,
        accepted_tokens=finished.usage.accepted_tokens,
    )
