"""Log-probabilities as plain completions write them: parallel lists, with each token's place in the text."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.events import SampledToken, TokenLogprob


class CompletionLogprobs(Struct, kw_only=True):
    """One entry of each list for each token; `text_offset` counts characters from the text's start."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


def completion_logprobs(sampled: Sequence[SampledToken], start: int) -> CompletionLogprobs:
    """`start` is the offset of the first of these tokens."""
    offsets = [start]
    for token in sampled:
        offsets.append(offsets[-1] + characters(token.chosen))
    return CompletionLogprobs(
        tokens=[_text(token.chosen) for token in sampled],
        token_logprobs=[token.chosen.logprob for token in sampled],
        top_logprobs=[_likeliest(token) for token in sampled],
        text_offset=offsets[:-1],
    )


def characters(token: TokenLogprob) -> int:
    """How many characters begin in the token, whose bytes need not be whole characters."""
    return sum(byte & 0xC0 != 0x80 for byte in token.token)


def _likeliest(sampled: SampledToken) -> dict[str, float]:
    """The alternatives asked for, and the drawn token where it is not among them."""
    return {_text(token): token.logprob for token in (*sampled.top, sampled.chosen)} if sampled.top else {}


def _text(token: TokenLogprob) -> str:
    """The token's text, or OpenAI's spelling of bytes that are none, which keeps such tokens apart."""
    try:
        return token.token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token.token)
