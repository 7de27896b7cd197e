"""What servers stream, as structs that forgive: what is left out, null or added is no fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct

from workbench.events import SampledToken, TokenLogprob, Usage


class Function(Struct):
    """A called function; some servers send its arguments as an object."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class Call(Struct):
    """More of a call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Delta(Struct):
    """More of a message, or the whole of it."""

    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None

    @property
    def text(self) -> str:
        content = self.content
        if isinstance(content, list):
            texts = [part.get("text") for part in content if isinstance(part, dict)]
            content = "".join(text for text in texts if isinstance(text, str))
        return (content or "") + (self.refusal or "")

    @property
    def thought(self) -> str:
        return self.reasoning_content or self.reasoning or ""

    @property
    def calls(self) -> list[Call]:
        if self.function_call is not None:
            return [Call(0, None, self.function_call)]
        return self.tool_calls or []


class Likely(Struct):
    """A token and its log-probability; `bytes` where the server tells them."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None
    top_logprobs: list[Likely] | None = None

    @property
    def value(self) -> TokenLogprob:
        return TokenLogprob(self.token.encode() if self.bytes is None else bytes(self.bytes), self.logprob)


class Logprobs(Struct):
    """Of a chat's chunk `content`, of a completion's the parallel lists."""

    content: list[Likely] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None

    def sampled(self, top: int) -> tuple[SampledToken, ...]:
        """One for each token, with the `top` likeliest, best first."""
        if self.content is not None:
            return tuple(
                SampledToken(one.value, tuple(other.value for other in (one.top_logprobs or ())[:top]))
                for one in self.content
            )
        return tuple(self._in_lists(top))

    def _in_lists(self, top: int) -> list[SampledToken]:
        found = []
        beside = self.top_logprobs or []
        for place, (token, logprob) in enumerate(
            zip(self.tokens or (), self.token_logprobs or (), strict=False)
        ):
            likely = (beside[place] if place < len(beside) else None) or {}
            ranked = sorted(likely.items(), key=lambda pair: -pair[1])[:top]
            others = tuple(TokenLogprob(_bytes(text), value) for text, value in ranked)
            found.append(SampledToken(TokenLogprob(_bytes(token), logprob or 0.0), others))
        return found


class Choice(Struct):
    """The answer's share of a chunk, or the whole answer."""

    delta: Delta | None = None
    message: Delta | None = None
    text: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    matched_stop: str | int | None = None


class Details(Struct):
    """Parts of a count."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None


class Counts(Struct):
    """What the answer cost, in tokens."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None

    @property
    def usage(self) -> Usage:
        read, wrote = self.prompt_tokens_details or Details(), self.completion_tokens_details or Details()
        return Usage(
            prompt_tokens=self.prompt_tokens or 0,
            cached_tokens=read.cached_tokens or 0,
            completion_tokens=self.completion_tokens or 0,
            reasoning_tokens=wrote.reasoning_tokens or 0,
            accepted_tokens=wrote.accepted_prediction_tokens or 0,
        )


class Speed(Struct):
    """How long the server took to write: as the workbench tells it, or as llama-server does."""

    generation_seconds: float | None = None
    predicted_ms: float | None = None

    @property
    def seconds(self) -> float:
        """0 where it is not told."""
        return self.generation_seconds or (self.predicted_ms or 0.0) / 1000


class Words(Struct):
    """What a server adds when it is asked for more words."""

    stopping_word: str | None = None


class Chunk(Struct):
    """An event of the stream. A whole answer is read as one, its message as a delta."""

    choices: list[Choice] | None = None
    usage: Counts | None = None
    error: Any = None
    notices: list[str] | None = None
    timings: Speed | None = None
    words: Words | None = msgspec.field(default=None, name="__verbose")


decoder = msgspec.json.Decoder(Chunk)


async def text_of(data: AsyncIterator[bytes]) -> str:
    """What an answer says, as far as it can be read."""
    said = []
    async for one in data:
        try:
            choices = decoder.decode(one).choices or ()
        except msgspec.DecodeError:
            continue
        said += [(choice.text or "") + (choice.delta or choice.message or Delta()).text for choice in choices]
    return "".join(said)


def _bytes(token: str) -> bytes:
    """A token's bytes, also where they are no characters and are written as OpenAI does."""
    if token.startswith("bytes:\\x"):
        try:
            return bytes.fromhex(token[len("bytes:") :].replace("\\x", ""))
        except ValueError:
            pass
    return token.encode()
