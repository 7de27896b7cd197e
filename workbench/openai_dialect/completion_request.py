"""The body of POST /v1/completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from workbench.openai_dialect.completion_reply import CompletionReply
from workbench.openai_dialect.generation_request import GenerationRequest
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter
from workbench.openai_dialect.texts_or_tokens import TextsOrTokens, texts_or_tokens

_DEFAULT_MAX_TOKENS = 16
_MOST_CHOICES = 2048


class CompletionRequest(GenerationRequest, kw_only=True):
    """A text or tokens to be continued; a list holds several prompts, unless it holds one prompt's tokens."""

    prompt: TextsOrTokens
    max_tokens: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    echo: bool | None = None
    best_of: int | None = None

    def prompts(self) -> list[str | tuple[int, ...]]:
        prompts = texts_or_tokens(self.prompt, "prompt")
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
        return texts_or_tokens(self.prompt, "prompt") if self.echo else []

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
