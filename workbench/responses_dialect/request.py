"""The body of POST /v1/responses, and the Generation and the Response it asks for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message, joined
from workbench.generation import Generation, Thinking
from workbench.openai_dialect.generation_request import Temperature, TokenLimit, TopLogprobs
from workbench.openai_dialect.metadata import Metadata
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter
from workbench.openai_dialect.sampling_fields import SamplingFields
from workbench.responses_dialect.input_items import InputItem, InputPart, to_messages
from workbench.responses_dialect.response import Response
from workbench.responses_dialect.tools import FunctionTool, ToolChoice, to_tool_use, to_tools

_LOGPROBS = "message.output_text.logprobs"
_INCLUDABLE = (_LOGPROBS, "reasoning.encrypted_content")


def check_included(names: Sequence[str]) -> None:
    """Raises UnsupportedParameter for the first of what a response cannot include here."""
    for index, name in enumerate(names):
        if name not in _INCLUDABLE:
            raise UnsupportedParameter(
                f"{name[:80]!r} cannot be included here.", "Leave it out.", f"include[{index}]"
            )


class TextFormat(Struct, kw_only=True, omit_defaults=True):
    """What the answer must look like; a schema goes with "json_schema"."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class TextConfig(Struct, kw_only=True):
    """How the answer is written; only OpenAI's usual verbosity can be had."""

    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class ReasoningConfig(Struct, kw_only=True):
    """How hard to think; reasoning is given whole, whatever summary is asked for."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class ResponsesRequest(SamplingFields, kw_only=True):
    """Items to be answered, after those of the response that is gone on from.

    `max_tool_calls` limits calls of tools that the server runs itself; here there are none.
    """

    model: str
    input: str | list[InputItem] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    temperature: Temperature | None = None
    max_output_tokens: TokenLimit | None = None
    max_tool_calls: Annotated[int, Meta(ge=1)] | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    text: TextConfig | None = None
    reasoning: ReasoningConfig | None = None
    include: list[str] | None = None
    top_logprobs: TopLogprobs | None = None
    store: bool | None = None
    stream: bool | None = None
    metadata: Metadata | None = None
    truncation: Literal["auto", "disabled"] | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
    user: str | None = None
    background: bool | None = None
    conversation: Any = None
    prompt: Any = None
    context_management: Any = None
    moderation: Any = None

    @property
    def stored(self) -> bool:
        return self.store is not False

    def items(self) -> list[InputItem]:
        """The input as items; a text is a user's message."""
        if not isinstance(self.input, str):
            return self.input or []
        return [
            InputItem(type="message", role="user", content=[InputPart(type="input_text", text=self.input)])
        ]

    def generation(self, items: Sequence[InputItem]) -> Generation:
        """`items` are those of earlier responses and the request's own, with no references among them.

        Raises InvalidParameter and UnsupportedParameter.
        """
        self._refuse_unsupported()
        tools, tool_use = to_tool_use(to_tools(self.tools or ()), self.tool_choice, self.parallel_tool_calls)
        return Generation(
            prompt=Conversation(self._messages(items), tools),
            sampling=self.sampling(),
            max_tokens=self.max_output_tokens,
            logprobs=self._logprob_count(),
            constraint=self._constraint(),
            tool_use=tool_use,
            thinking=self._thinking(),
        )

    def response(self) -> Response:
        """The response before anything is answered."""
        sampling, reasoning = self.sampling(), self.reasoning or ReasoningConfig()
        form = self.text.format if self.text else None
        return Response(
            id=f"resp_{secrets.token_hex(24)}",
            created_at=int(time.time()),
            instructions=self.instructions,
            max_output_tokens=self.max_output_tokens,
            max_tool_calls=self.max_tool_calls,
            metadata=self.metadata or {},
            model=self.model,
            output=[],
            parallel_tool_calls=self.parallel_tool_calls is not False,
            previous_response_id=self.previous_response_id,
            prompt_cache_key=self.prompt_cache_key,
            reasoning={"effort": reasoning.effort, "summary": reasoning.summary},
            safety_identifier=self.safety_identifier,
            store=self.stored,
            temperature=sampling.temperature,
            text={"format": form or TextFormat(type="text"), "verbosity": "medium"},
            tool_choice=self.tool_choice or "auto",
            tools=self.tools or [],
            top_logprobs=self.top_logprobs or 0,
            top_p=sampling.top_p,
            truncation=self.truncation or "disabled",
            user=self.user,
        )

    def _messages(self, items: Sequence[InputItem]) -> tuple[Message, ...]:
        messages = to_messages(items)
        if not messages:
            raise InvalidParameter("input is empty.", "Send a text or items.", "input")
        if not self.instructions:
            return tuple(messages)
        told = Message("system", self.instructions)
        if messages[0].role == "system":  # templates take one system message, at the start
            return (joined(told, messages[0]), *messages[1:])
        return (told, *messages)

    def _constraint(self) -> Constraint | None:
        form = self.text.format if self.text else None
        if form is None or form.type == "text":
            return None
        if form.type == "json_object":
            return Constraint("json_schema", '{"type":"object"}')
        if form.schema is None or form.name is None:
            param = "text.format.schema" if form.schema is None else "text.format.name"
            raise InvalidParameter(f"{param} is missing.", f"Send {param}.", param)
        return Constraint("json_schema", msgspec.json.encode(form.schema).decode())

    def _thinking(self) -> Thinking:
        effort = self.reasoning.effort if self.reasoning else None
        return Thinking(enabled=False) if effort == "none" else Thinking(effort=effort)

    def _logprob_count(self) -> int | None:
        check_included(self.include or ())
        if self.top_logprobs is None and _LOGPROBS not in (self.include or ()):
            return None
        return self.top_logprobs or 0

    def _refuse_unsupported(self) -> None:
        asked = {
            name: getattr(self, name)
            for name in ("background", "conversation", "prompt", "context_management", "moderation")
        }
        for name, value in asked.items():
            if value:
                raise UnsupportedParameter(f"{name} is not supported here.", f"Leave {name} out.", name)
