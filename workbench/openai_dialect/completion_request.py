"""The body of POST /v1/completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from workbench.openai_dialect.completion_reply import CompletionReply
from workbench.openai_dialect.generation_request import GenerationRequest, TopLogprobs
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

_DEFAULT_MAX_TOKENS = 16
_MOST_CHOICES = 2048
Token = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class CompletionRequest(GenerationRequest, kw_only=True):
    """A text or tokens to be continued; a list holds several prompts, unless it holds one prompt's tokens."""

    prompt: str | list[str | Token | list[Token]]
    logprobs: TopLogprobs | None = None
    echo: bool | None = None
    best_of: int | None = None

    def prompts(self) -> list[str | tuple[int, ...]]:
        prompts = _prompts(self.prompt)
        if len(prompts) * self.choices_per_prompt > _MOST_CHOICES:
            raise InvalidParameter(
                f"The request asks for more than {_MOST_CHOICES} answers.", "Send fewer prompts.", "prompt"
            )
        self._refuse_combinations()
        return prompts

    def token_limit(self) -> int | None:
        return _DEFAULT_MAX_TOKENS if self.max_tokens is None else self.max_tokens

    def logprob_count(self) -> int | None:
        return self.logprobs

    def echoed(self) -> list[str | tuple[int, ...]]:
        return _prompts(self.prompt) if self.echo else []

    def reply(self, fingerprint: str, preface: Sequence[str]) -> CompletionReply:
        repeated = [text for text in preface for _ in range(self.choices_per_prompt)]
        return CompletionReply(
            self.model, fingerprint, self.choices_per_prompt, repeated, include_usage=self.include_usage
        )

    def _refuse_combinations(self) -> None:
        if self.best_of is not None and self.best_of != self.choices_per_prompt:
            raise UnsupportedParameter(
                "best_of other than n is not supported here.", "Leave it out.", "best_of"
            )
        if self.echo and self.logprobs is not None:
            raise UnsupportedParameter(
                "echo with logprobs is not supported here: a prompt's own probabilities are not kept.",
                "Leave one of them out.",
                "echo",
            )


def _prompts(prompt: str | list[str | int | list[int]]) -> list[str | tuple[int, ...]]:
    if isinstance(prompt, str):
        return [prompt]
    if not prompt:
        raise InvalidParameter("prompt is empty.", "Send a text, tokens, or a list of either.", "prompt")
    tokens = tuple(token for token in prompt if isinstance(token, int))
    if len(tokens) == len(prompt):
        return [tokens]
    texts = [text if isinstance(text, str) else tuple(text) for text in prompt if not isinstance(text, int)]
    if tokens or len({type(text) for text in texts}) > 1:
        raise InvalidParameter("prompt mixes texts and tokens.", "Send a list of one kind.", "prompt")
    return texts
