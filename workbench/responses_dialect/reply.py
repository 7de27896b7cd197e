"""The form that events take in the Responses API: the events of a stream, and the response they add up to.

A ResponseReply is made for one request. Knows nothing of sending or keeping.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from workbench.events import Event, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.openai_dialect.chat_logprobs import chat_logprobs
from workbench.openai_dialect.error_body import error_body
from workbench.openai_dialect.event_translator import EventTranslator
from workbench.responses_dialect import stream_events as stream
from workbench.responses_dialect.input_items import ItemStatus
from workbench.responses_dialect.output_items import (
    FunctionCallItem,
    MessageItem,
    OutputItem,
    OutputText,
    ReasoningItem,
    ReasoningText,
)
from workbench.responses_dialect.response import IncompleteDetails, Response, ResponseError, usage_of


class ResponseReply(EventTranslator[stream.StreamEvent]):
    """Takes the events of one answer in order; `response` is the response so far."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self._sent = 0
        self._call: int | None = None
        self._open: OutputItem | None = None

    def take(self, event: Event) -> list[stream.StreamEvent]:
        """The stream events that it means."""
        opening = self._start() if self._sent == 0 else ()
        return [self._numbered(made) for made in (*opening, *self.translated(event))]

    def failed(self, error: Exception) -> list[stream.StreamEvent]:
        """The events that end a stream which cannot go on."""
        detail = error_body(error).error
        self.response.status = "failed"
        self.response.error = ResponseError("server_error", detail.message)
        closing = [*self._close("incomplete"), stream.ResponseFailed(response=self.response)]
        return [self._numbered(made) for made in closing]

    def _numbered(self, event: stream.StreamEvent) -> stream.StreamEvent:
        event.sequence_number = self._sent
        self._sent += 1
        return event

    def _start(self) -> Iterator[stream.StreamEvent]:
        yield stream.ResponseCreated(response=replace(self.response, output=[]))
        yield stream.ResponseInProgress(response=replace(self.response, output=[]))

    def _text(self, delta: TextDelta) -> Iterator[stream.StreamEvent]:
        item = self._open
        if not isinstance(item, MessageItem):
            item = MessageItem(id=_id("msg"))
            yield from self._begin(item, OutputText(logprobs=[]))
            item.content = [OutputText(logprobs=[])]
        logprobs = chat_logprobs(delta.logprobs).content
        item.content[0].text += delta.text
        item.content[0].logprobs += logprobs
        yield stream.OutputTextDelta(**self._place(item), delta=delta.text, logprobs=logprobs)

    def _thought(self, delta: ReasoningDelta) -> Iterator[stream.StreamEvent]:
        item = self._open
        if not isinstance(item, ReasoningItem):
            item = ReasoningItem(id=_id("rs"))
            yield from self._begin(item, ReasoningText())
            item.content = [ReasoningText()]
        item.content[0].text += delta.text
        yield stream.ReasoningTextDelta(**self._place(item), delta=delta.text)

    def _called(self, delta: ToolCallDelta) -> Iterator[stream.StreamEvent]:
        item = self._open
        if not isinstance(item, FunctionCallItem) or delta.index != self._call:
            item = FunctionCallItem(id=_id("fc"), call_id=delta.id, name=delta.name)
            yield from self._begin(item)
            self._call = delta.index
        if delta.arguments:
            item.arguments += delta.arguments
            yield stream.ArgumentsDelta(**self._place(item), delta=delta.arguments)

    def _finish(self, finished: Finished) -> Iterator[stream.StreamEvent]:
        cut = finished.reason == "length"
        yield from self._close("incomplete" if cut else "completed")
        self.response.usage = usage_of(finished.usage)
        if cut:
            self.response.status = "incomplete"
            self.response.incomplete_details = IncompleteDetails("max_output_tokens")
            yield stream.ResponseIncomplete(response=self.response)
        else:
            self.response.status = "completed"
            self.response.completed_at = int(time.time())
            yield stream.ResponseCompleted(response=self.response)

    def _begin(
        self, item: OutputItem, part: OutputText | ReasoningText | None = None
    ) -> Iterator[stream.StreamEvent]:
        yield from self._close("completed")
        self._open = item
        self.response.output.append(item)
        yield stream.OutputItemAdded(output_index=self._index, item=replace(item))
        if part is not None:
            yield stream.ContentPartAdded(**self._place(item), part=part)

    def _close(self, status: ItemStatus) -> Iterator[stream.StreamEvent]:
        item = self._open
        if item is None:
            return
        item.status = status
        place = self._place(item)
        match item:
            case MessageItem(content=[text]):
                yield stream.OutputTextDone(**place, text=text.text, logprobs=text.logprobs)
                yield stream.ContentPartDone(**place, part=text)
            case ReasoningItem(content=[thought]):
                yield stream.ReasoningTextDone(**place, text=thought.text)
                yield stream.ContentPartDone(**place, part=thought)
            case FunctionCallItem(name=name, arguments=arguments):
                yield stream.ArgumentsDone(**place, name=name, arguments=arguments)
        yield stream.OutputItemDone(output_index=self._index, item=item)
        self._open = None

    @property
    def _index(self) -> int:
        return len(self.response.output) - 1

    def _place(self, item: OutputItem) -> dict[str, Any]:
        return {"item_id": item.id, "output_index": self._index}


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(24)}"
