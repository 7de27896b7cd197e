"""The body of POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from msgspec import Meta

from workbench.conversation import Conversation, Tool
from workbench.generation import Generation, Thinking, ToolUse
from workbench.openai_dialect.chat_message import ChatMessage, to_conversation
from workbench.openai_dialect.chat_reply import ChatReply
from workbench.openai_dialect.chat_tools import (
    ChatTool,
    FunctionCallChoice,
    FunctionDefinition,
    ToolChoice,
    to_tool_use,
    to_tools,
)
from workbench.openai_dialect.generation_request import GenerationRequest, TokenLimit, TopLogprobs
from workbench.openai_dialect.metadata import Metadata
from workbench.openai_dialect.parameter_errors import InvalidParameter


class ChatRequest(GenerationRequest, kw_only=True):
    """A conversation to be continued by the assistant.

    Extensions: `enable_thinking`, `thinking_budget` in tokens, `chat_template_kwargs`, and
    `continue_final_message`, which goes on with an assistant's message that is not finished.
    """

    messages: list[ChatMessage]
    max_completion_tokens: TokenLimit | None = None
    logprobs: bool | None = None
    top_logprobs: TopLogprobs | None = None
    tools: list[ChatTool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: FunctionCallChoice | None = None
    reasoning_effort: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    enable_thinking: bool | None = None
    thinking_budget: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    continue_final_message: bool | None = None
    add_generation_prompt: bool | None = None
    metadata: Metadata | None = None

    def prompts(self) -> list[Conversation]:
        return [to_conversation(self.messages, self._tools_and_use()[0])]

    def token_limit(self) -> int | None:
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise InvalidParameter(
                "max_tokens and max_completion_tokens are both given.",
                "Send max_completion_tokens alone.",
                "max_tokens",
            )
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    def logprob_count(self) -> int | None:
        if self.logprobs:
            return self.top_logprobs or 0
        if self.top_logprobs is not None:
            raise InvalidParameter(
                "top_logprobs is given, but logprobs is not true.", "Set logprobs to true.", "top_logprobs"
            )
        return None

    def reply(self, fingerprint: str, preface: Sequence[str]) -> ChatReply:
        return ChatReply(
            self.model,
            fingerprint,
            self.choices_per_prompt,
            include_usage=self.include_usage,
            calls_functions=bool(self.functions),
            function_named=bool(self._tools_and_use()[1].name),
        )

    @property
    def tool_schemas(self) -> str:
        return "functions[{}].parameters" if self.functions else super().tool_schemas

    def _first_generation(self) -> Generation:
        return replace(
            super()._first_generation(),
            tool_use=self._tools_and_use()[1],
            thinking=self._thinking(),
            continues=self._continues(),
            template_values=self.chat_template_kwargs or {},
        )

    def _tools_and_use(self) -> tuple[tuple[Tool, ...], ToolUse]:
        tools = to_tools(self.tools or (), self.functions or ())
        if self.functions:
            return to_tool_use(tools, self.function_call, False, "function_call")
        return to_tool_use(tools, self.tool_choice, self.parallel_tool_calls)

    def _thinking(self) -> Thinking:
        effort = self.reasoning_effort
        enabled = False if effort == "none" and self.enable_thinking is None else self.enable_thinking
        return Thinking(
            enabled=enabled, effort=None if effort == "none" else effort, budget=self.thinking_budget
        )

    def _continues(self) -> bool:
        if self.continue_final_message and self.add_generation_prompt:
            raise InvalidParameter(
                "continue_final_message and add_generation_prompt are both true.",
                "Send one of them.",
                "add_generation_prompt",
            )
        if self.add_generation_prompt is False and not self.continue_final_message:
            raise InvalidParameter(
                "add_generation_prompt is false, but nothing says what to go on with.",
                "Set continue_final_message to true.",
                "add_generation_prompt",
            )
        if self.continue_final_message and self.messages and self.messages[-1].role != "assistant":
            raise InvalidParameter(
                "continue_final_message is true, but the last message is not the assistant's.",
                "End messages with the one to be continued.",
                "continue_final_message",
            )
        return bool(self.continue_final_message)
