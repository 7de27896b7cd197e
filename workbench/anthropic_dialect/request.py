"""The bodies of POST /v1/messages and /v1/messages/count_tokens, and the Generation they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from workbench.anthropic_dialect.content import InputBlock, Turn, text_of, to_messages
from workbench.anthropic_dialect.tools import ToolChoice, ToolDefinition, to_choice, to_tools
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message
from workbench.generation import Generation, Thinking
from workbench.openai_dialect.generation_request import StopString, TokenLimit
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter
from workbench.openai_dialect.sampling_fields import SamplingFields

_MOST_STOPS = 64
_KEEPS_ALL = {"type": "clear_thinking_20251015", "keep": "all"}


class ThinkingField(Struct, kw_only=True):
    """Whether the model thinks first, for how many tokens at most, and whether its thoughts are sent."""

    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: TokenLimit | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(Struct, kw_only=True):
    """What the answer must look like."""

    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(Struct, kw_only=True):
    """How hard to try, and what the answer must look like."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class ContextManagement(Struct, kw_only=True):
    """What is to be left out of a long conversation; only what leaves out nothing can be had."""

    edits: list[dict[str, Any]] = []


class TokenCountRequest(SamplingFields, kw_only=True):
    """A conversation whose tokens are counted; whatever else is sent makes no difference to them."""

    model: str
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    messages: Annotated[list[Turn], Meta(max_length=100_000)]
    system: str | list[InputBlock] | None = None
    tools: list[ToolDefinition] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingField | None = None
    output_config: OutputConfig | None = None
    mcp_servers: Any = None
    container: Any = None
    context_management: ContextManagement | None = None

    def generation(self) -> Generation:
        """Raises InvalidParameter and UnsupportedParameter."""
        self._refuse_unsupported()
        conversation = self._conversation()
        return Generation(
            prompt=conversation,
            sampling=self.sampling(),
            constraint=self._constraint(),
            tool_use=to_choice(self.tool_choice, conversation.tools),
            thinking=self._thinking(),
            continues=conversation.messages[-1].role == "assistant",
        )

    @property
    def shows_thinking(self) -> bool:
        return self.thinking is None or self.thinking.display != "omitted"

    def _conversation(self) -> Conversation:
        system = text_of(self.system, "system")
        messages = [Message("system", system)] if system else []
        return Conversation((*messages, *to_messages(self.messages)), to_tools(self.tools or ()))

    def _constraint(self) -> Constraint | None:
        form = self.output_config and self.output_config.format
        return Constraint("json_schema", msgspec.json.encode(form.schema).decode()) if form else None

    def _thinking(self) -> Thinking:
        effort = self.output_config.effort if self.output_config else None
        if self.thinking is None or self.thinking.type == "disabled":
            return Thinking(enabled=False, effort=effort)
        if self.thinking.type == "enabled" and self.thinking.budget_tokens is None:
            param = "thinking.budget_tokens"
            raise InvalidParameter(f"{param} is missing.", "Send it, below max_tokens.", param)
        return Thinking(enabled=True, effort=effort, budget=self.thinking.budget_tokens)

    def _refuse_unsupported(self) -> None:
        edits = self.context_management.edits if self.context_management else []
        asked = {
            "mcp_servers": self.mcp_servers,
            "container": self.container,
            "context_management": any(edit != _KEEPS_ALL for edit in edits),
        }
        for name, value in asked.items():
            if value:
                raise UnsupportedParameter(f"{name} is not supported here.", f"Leave {name} out.", name)


class MessagesRequest(TokenCountRequest, kw_only=True):
    """A conversation to be continued by the assistant."""

    max_tokens: TokenLimit
    stream: bool = False
    stop_sequences: Annotated[list[StopString], Meta(max_length=_MOST_STOPS)] | None = None

    def generation(self) -> Generation:
        """Raises InvalidParameter and UnsupportedParameter."""
        generation = super().generation()
        if generation.thinking.budget is not None and generation.thinking.budget >= self.max_tokens:
            raise InvalidParameter(
                "thinking.budget_tokens is not below max_tokens.",
                "Send a larger max_tokens.",
                "thinking.budget_tokens",
            )
        return replace(generation, max_tokens=self.max_tokens, stop=tuple(self.stop_sequences or ()))
