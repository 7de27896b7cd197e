"""What an answer is made of: content blocks, token counts, and the message around them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from workbench.events import Finished, Usage

StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use"]


class TextBlock(Struct, tag="text"):
    """A piece of the answer."""

    text: str = ""
    citations: None = None


class ThinkingBlock(Struct, tag="thinking"):
    """What the model thought first. Nothing here signs it, and none of it needs a signature to come back."""

    thinking: str = ""
    signature: str = ""


class ToolUseBlock(Struct, tag="tool_use"):
    """A call that the assistant asks for."""

    id: str
    name: str
    input: dict[str, Any]


ContentBlock = TextBlock | ThinkingBlock | ToolUseBlock


class OutputTokensDetails(Struct, frozen=True):
    """`thinking_tokens` were thought before the answer."""

    thinking_tokens: int = 0


class MessageUsage(Struct, kw_only=True):
    """Token counts; the prompt's are `input_tokens` and `cache_read_input_tokens` together."""

    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()


class AnsweredMessage(Struct, tag="message", kw_only=True):
    """The whole answer, or its empty beginning."""

    id: str
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[ContentBlock]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    usage: MessageUsage


class TokenCount(Struct):
    """The answer of /v1/messages/count_tokens."""

    input_tokens: int


def usage_of(usage: Usage) -> MessageUsage:
    return MessageUsage(
        input_tokens=usage.prompt_tokens - usage.cached_tokens,
        cache_read_input_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens,
        output_tokens_details=OutputTokensDetails(usage.reasoning_tokens),
    )


def stop_reason_of(finished: Finished) -> StopReason:
    match finished.reason:
        case "length":
            return "max_tokens"
        case "tool_calls":
            return "tool_use"
        case "stop":
            return "stop_sequence" if finished.stop_sequence else "end_turn"
