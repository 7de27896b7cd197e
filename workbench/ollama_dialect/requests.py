"""The bodies of POST /api/chat and /api/generate. Knows nothing of how long a model is kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from workbench.backend import ModelFacts
from workbench.constraint import ANY_OBJECT, Constraint
from workbench.conversation import Conversation, Message
from workbench.generation import Generation, Thinking
from workbench.ollama_dialect.capabilities import capabilities_of
from workbench.ollama_dialect.keep_alive import KeepAlive
from workbench.ollama_dialect.messages import OllamaMessage, OllamaTool, images_of, to_conversation
from workbench.ollama_dialect.options import OllamaOptions
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter
from workbench.openai_dialect.wire import encode

Format = Literal["", "json"] | dict[str, Any]
Name = Annotated[str, Meta(min_length=1)]


class OllamaRequest(Struct, kw_only=True):
    """What both have in common. They stream unless `stream` is false."""

    model: Name
    format: Format | None = None
    options: OllamaOptions | None = None
    stream: bool | None = None
    think: bool | str | None = None
    keep_alive: KeepAlive | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None

    @property
    def streams(self) -> bool:
        return self.stream is not False

    def fill_in(self, values: Mapping[str, object]) -> None:
        """Take these sampling settings, by name, for what the request leaves open."""
        self.options = self.options or OllamaOptions()
        self.options.fill_in(values)

    def check(self, facts: ModelFacts) -> None:
        """Raise UnsupportedParameter where more is asked for than the model has."""
        if self.options is not None:
            self.options.check(facts.context_length)
        if self.think and facts.chat_template is not None and "thinking" not in capabilities_of(facts):
            raise UnsupportedParameter(
                f"{self.model[:80]} does not support thinking.", "Leave it out.", "think"
            )

    @property
    def context_limit(self) -> int | None:
        """The tokens that prompt and answer may have together, where the request says so."""
        return (self.options and self.options.num_ctx) or None

    @abstractmethod
    def prompt_value(self) -> Conversation | str | None:
        """What is to be continued; None asks only for the model to be loaded. Raises UnsupportedParameter."""

    def generation(self) -> Generation | None:
        """None where nothing is to be generated. Raises InvalidParameter and UnsupportedParameter."""
        prompt = self.prompt_value()
        if prompt is None:
            return None
        options = self.options or OllamaOptions()
        return Generation(
            prompt=prompt,
            sampling=options.sampling(),
            max_tokens=options.token_limit(),
            stop=options.stop_strings(),
            logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            constraint=_constraint(self.format),
            thinking=_thinking(self.think),
        )


class OllamaChatRequest(OllamaRequest, kw_only=True):
    """A conversation to be continued; without messages the model is loaded, and that is all."""

    messages: list[OllamaMessage] = field(default_factory=list)
    tools: list[OllamaTool] | None = None

    def prompt_value(self) -> Conversation | None:
        return to_conversation(self.messages, self.tools or ()) if self.messages else None


class OllamaGenerateRequest(OllamaRequest, kw_only=True):
    """A prompt to be answered, or with `raw` to be continued as it is."""

    prompt: str = ""
    system: str | None = None
    raw: bool | None = None
    suffix: str | None = None
    template: str | None = None
    context: list[int] | None = None
    images: list[str] | None = None

    def prompt_value(self) -> Conversation | str | None:
        for name in ("suffix", "template", "context"):
            if getattr(self, name):
                raise UnsupportedParameter(f"{name} is not supported here.", f"Leave {name} out.", name)
        if self.raw and self.system:
            raise InvalidParameter("raw goes with no system.", "Write it into the prompt.", "system")
        media = images_of(self.images, "images")
        if not self.prompt and not media:
            return None
        if self.raw and media:
            raise UnsupportedParameter("images are not supported with raw.", "Leave raw out.", "images")
        if self.raw:
            return self.prompt
        system: Sequence[Message] = (Message("system", self.system),) if self.system else ()
        return Conversation((*system, Message("user", self.prompt, media=media)))


def _constraint(wanted: Format | None) -> Constraint | None:
    if not wanted:
        return None
    return ANY_OBJECT if wanted == "json" else Constraint("json_schema", encode(wanted).decode())


def _thinking(think: bool | str | None) -> Thinking:
    match think:
        case str(effort) if effort:
            return Thinking(enabled=True, effort=effort)
        case bool():
            return Thinking(enabled=think)
        case _:
            return Thinking()
