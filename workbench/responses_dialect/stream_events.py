"""The events of a stream. The type of each is on the wire twice: as the event's name, and in its data."""

from __future__ import annotations

from msgspec import Struct

from workbench.openai_dialect.chat_logprobs import ChatTokenLogprob
from workbench.responses_dialect.output_items import OutputItem, OutputText, ReasoningText
from workbench.responses_dialect.response import Response


class StreamEvent(Struct, kw_only=True):
    """`sequence_number` counts the events of a response from 0."""

    sequence_number: int = 0


class Lifecycle(StreamEvent, kw_only=True):
    """The response as a whole, as it is now."""

    response: Response


class ResponseCreated(Lifecycle, tag="response.created"):
    pass


class ResponseInProgress(Lifecycle, tag="response.in_progress"):
    pass


class ResponseCompleted(Lifecycle, tag="response.completed"):
    pass


class ResponseIncomplete(Lifecycle, tag="response.incomplete"):
    pass


class ResponseFailed(Lifecycle, tag="response.failed"):
    pass


class ItemEvent(StreamEvent, kw_only=True):
    """An item of the output as it is now."""

    output_index: int
    item: OutputItem


class OutputItemAdded(ItemEvent, tag="response.output_item.added"):
    pass


class OutputItemDone(ItemEvent, tag="response.output_item.done"):
    pass


class WithinItem(StreamEvent, kw_only=True):
    """Something that happens to an item."""

    item_id: str
    output_index: int


class PartEvent(WithinItem, kw_only=True):
    """A part of an item as it is now."""

    content_index: int = 0
    part: OutputText | ReasoningText


class ContentPartAdded(PartEvent, tag="response.content_part.added"):
    pass


class ContentPartDone(PartEvent, tag="response.content_part.done"):
    pass


class OutputTextDelta(WithinItem, tag="response.output_text.delta", kw_only=True):
    content_index: int = 0
    delta: str
    logprobs: list[ChatTokenLogprob]


class OutputTextDone(WithinItem, tag="response.output_text.done", kw_only=True):
    content_index: int = 0
    text: str
    logprobs: list[ChatTokenLogprob]


class ReasoningTextDelta(WithinItem, tag="response.reasoning_text.delta", kw_only=True):
    content_index: int = 0
    delta: str


class ReasoningTextDone(WithinItem, tag="response.reasoning_text.done", kw_only=True):
    content_index: int = 0
    text: str


class ArgumentsDelta(WithinItem, tag="response.function_call_arguments.delta", kw_only=True):
    delta: str


class ArgumentsDone(WithinItem, tag="response.function_call_arguments.done", kw_only=True):
    name: str
    arguments: str
