"""What the requests for chat and for plain completion have in common, and how they become Generations.

Knows nothing of how a prompt is written in either.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Annotated

from msgspec import Meta, Struct

from workbench.backend import ModelFacts
from workbench.conversation import Conversation
from workbench.engine_settings import Speculation
from workbench.generation import Generation
from workbench.openai_dialect.constraint_faults import naming_constraints
from workbench.openai_dialect.context_report import ContextPolicy
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.reply import Reply
from workbench.openai_dialect.unsupported_fields import UnsupportedFields
from workbench.sampling import SamplingSettings

Prompt = Conversation | str | tuple[int, ...]
TokenLimit = Annotated[int, Meta(ge=1, le=2**31 - 1)]
TopLogprobs = Annotated[int, Meta(ge=0, le=20)]
StopString = Annotated[str, Meta(min_length=1)]
StopStrings = Annotated[list[StopString], Meta(max_length=4)]
Temperature = Annotated[float, Meta(ge=0, le=2)]


class StreamOptions(Struct, kw_only=True):
    """`include_usage` asks for one more chunk, at the end, with the token counts."""

    include_usage: bool | None = None


class GenerationRequest(UnsupportedFields, kw_only=True):
    """A request that is answered with text."""

    model: str
    temperature: Temperature | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: StopString | StopStrings | None = None
    max_tokens: TokenLimit | None = None
    ignore_eos: bool | None = None
    speculate: Speculation | None = None
    context_policy: ContextPolicy | None = None

    @abstractmethod
    def prompts(self) -> Sequence[Prompt]:
        """What is to be continued, one entry per prompt; each is answered `n` times."""

    @abstractmethod
    def token_limit(self) -> int | None: ...

    @abstractmethod
    def logprob_count(self) -> int | None: ...

    @abstractmethod
    def reply(self, fingerprint: str, preface: Sequence[str]) -> Reply:
        """The form of the answer. `preface` is the decoded text of each of `echoed`."""

    def echoed(self) -> Sequence[str | tuple[int, ...]]:
        """The prompts that the answer is to repeat before its own text."""
        return ()

    def generations(self) -> list[Generation]:
        """One for each choice of the answer, prompt by prompt.

        Raises InvalidParameter and UnsupportedParameter.
        """
        self.refuse_unsupported()
        if self.stream_options is not None and not self.stream:
            raise InvalidParameter(
                "stream_options is given, but stream is not true.", "Set stream to true.", "stream_options"
            )
        first = self._first_generation()
        generations = [
            replace(first, prompt=prompt, sampling=_shifted(first.sampling, choice))
            for prompt in self.prompts()
            for choice in range(self.choices_per_prompt)
        ]
        if self.context_policy == "shift":
            _check_shift(generations[0])
        return generations

    def naming_constraints(self, generation: Generation) -> AbstractContextManager[None]:
        """Within this, a constraint of the generation that is refused is one of the request's parameters."""
        return naming_constraints(generation, self.form_parameter, self.tool_schemas)

    @property
    def tool_schemas(self) -> str:
        """Where the tools have their schemas."""
        return "tools[{}].function.parameters"

    def check(self, facts: ModelFacts) -> None:
        """Raise InvalidParameter for what the model has not."""
        for token in self.logit_bias or ():
            if 0 < facts.vocabulary_size <= token:
                raise InvalidParameter(
                    f"logit_bias names the token {token}, and the model has {facts.vocabulary_size}.",
                    "Send ids of its tokens.",
                    "logit_bias",
                )

    @property
    def choices_per_prompt(self) -> int:
        return self.n or 1

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def _first_generation(self) -> Generation:
        return Generation(
            prompt="",
            sampling=self.sampling(),
            max_tokens=self.token_limit(),
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            logprobs=self.logprob_count(),
            ignore_end=bool(self.ignore_eos),
            constraint=self.constraint(),
            speculation=self.speculate,
        )


def _check_shift(generation: Generation) -> None:
    if generation.max_tokens is None:
        raise InvalidParameter(
            "context_policy is shift, and the answer has no limit.", "Send max_tokens as well.", "max_tokens"
        )
    if isinstance(generation.prompt, Conversation) and generation.prompt.media:
        raise InvalidParameter(
            "An answer about images or sounds cannot go on in a shifted context.",
            "Set context_policy to truncate.",
            "context_policy",
        )
    has_tools = isinstance(generation.prompt, Conversation) and generation.prompt.tools
    if generation.constraint is not None or has_tools:
        raise InvalidParameter(
            "An answer that must have a form, or may call tools, cannot go on in a shifted context.",
            "Set context_policy to truncate.",
            "context_policy",
        )


def _shifted(sampling: SamplingSettings, choice: int) -> SamplingSettings:
    """The settings of the choice of that number: with one seed for all, all would read the same."""
    if sampling.seed is None or choice == 0:
        return sampling
    return replace(sampling, seed=(sampling.seed + choice) % 2**64)
