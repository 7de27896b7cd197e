"""What an answer is made of: items of reasoning, text and function calls."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from workbench.openai_dialect.chat_logprobs import ChatTokenLogprob
from workbench.responses_dialect.input_items import ItemStatus


class OutputText(Struct, tag="output_text"):
    """A piece of the answer; nothing here is cited, so `annotations` is empty."""

    text: str = ""
    annotations: list[Any] = []
    logprobs: list[ChatTokenLogprob] = []


class ReasoningText(Struct, tag="reasoning_text"):
    """A piece of what the model thought first."""

    text: str = ""


class MessageItem(Struct, tag="message", kw_only=True):
    """What the assistant says."""

    id: str
    status: ItemStatus = "in_progress"
    role: Literal["assistant"] = "assistant"
    content: list[OutputText] = []


class ReasoningItem(Struct, tag="reasoning", kw_only=True):
    """What the model thought, whole and in the clear; there is no summary of it."""

    id: str
    status: ItemStatus = "in_progress"
    summary: list[Any] = []
    content: list[ReasoningText] = []
    encrypted_content: None = None


class FunctionCallItem(Struct, tag="function_call", kw_only=True):
    """A call that the assistant asks for; `call_id` is what its output names."""

    id: str
    status: ItemStatus = "in_progress"
    call_id: str
    name: str
    arguments: str = ""


OutputItem = MessageItem | ReasoningItem | FunctionCallItem
