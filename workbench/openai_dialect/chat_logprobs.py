"""Log-probabilities as chat answers write them: one object per token, with its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.events import SampledToken, TokenLogprob


class ChatTopLogprob(Struct):
    """A token's text, with replacement characters where its bytes are no whole characters."""

    token: str
    bytes: list[int]
    logprob: float


class ChatTokenLogprob(Struct):
    """The token that was drawn, and the likeliest in its place, best first."""

    token: str
    bytes: list[int]
    logprob: float
    top_logprobs: list[ChatTopLogprob]


class ChatLogprobs(Struct):
    """`refusal` is always null here: a local model has no separate channel for it."""

    content: list[ChatTokenLogprob]
    refusal: None = None


def chat_logprobs(sampled: Sequence[SampledToken]) -> ChatLogprobs:
    return ChatLogprobs([_drawn(token) for token in sampled])


def _drawn(sampled: SampledToken) -> ChatTokenLogprob:
    chosen = _likely(sampled.chosen)
    return ChatTokenLogprob(
        chosen.token, chosen.bytes, chosen.logprob, [_likely(token) for token in sampled.top]
    )


def _likely(token: TokenLogprob) -> ChatTopLogprob:
    return ChatTopLogprob(token.token.decode(errors="replace"), list(token.token), token.logprob)
