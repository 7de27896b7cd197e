"""One answer as it comes: its text to a listener, its numbers to a meter, both kept for afterwards.

`run` and `chat` share it. Knows nothing of prompts or storage.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import assert_never, cast

from workbench.backend import Provider
from workbench.chat.meter import Meter, Reading
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.generation import Generation


class Answer:
    """An answer that is being given; `finished` stays None when it was stopped."""

    def __init__(self, context_length: int) -> None:
        self.text = ""
        self.reasoning = ""
        self.finished: Finished | None = None
        self._meter = Meter(context_length)

    def take(self, event: Event) -> None:
        self._meter.take(event)
        match event:
            case TextDelta(text):
                self.text += text
            case ReasoningDelta(text):
                self.reasoning += text
            case Finished():
                self.finished = event
            case Prefill() | ToolCallDelta():  # nobody here offers tools
                pass
            case _:
                assert_never(event)

    @property
    def speed(self) -> str:
        """Such as "37.2 tokens/s, first token after 0.21 s, 153 of 8192 context"."""
        return spoken(self._meter.reading())

    @property
    def notices(self) -> tuple[str, ...]:
        """What was done otherwise than asked."""
        return () if self.finished is None else self.finished.notices

    @property
    def shortfall(self) -> str:
        """Why the answer ends before the model ended it, or ""."""
        if self.finished is None or self.finished.reason != "length":
            return ""
        reading = self._meter.reading()
        if 0 < reading.context_length <= reading.context_used:
            return (
                f"The answer ends here: the context of {reading.context_length} tokens is full (--context)."
            )
        return "The answer ends here: it has as many tokens as --max-tokens allows."


async def give(
    provider: Provider,
    generation: Generation,
    answer: Answer,
    write: Callable[[str], None],
    think: Callable[[str], None],
    status: Callable[[str], None] = lambda text: None,
) -> None:
    """Stream the answer to `write`, and what is thought before it to `think`, which ends its last line.

    `status` gets the meter's line after each event.
    """
    events = cast(AsyncGenerator[Event, None], provider.generate(generation))
    thinking = False
    async with aclosing(events):
        async for event in events:
            answer.take(event)
            if thinking and isinstance(event, TextDelta | Finished):
                think("\n")
                thinking = False
            if isinstance(event, ReasoningDelta) and event.text:
                think(event.text)
                thinking = True
            elif isinstance(event, TextDelta) and event.text:
                write(event.text)
            status(answer.speed)


def spoken(reading: Reading) -> str:
    if reading.time_to_first_token is None:
        return f"reading the prompt, {reading.prompt_done} of {reading.prompt_tokens} tokens"
    parts = [
        f"first token after {reading.time_to_first_token:.2f} s",
        f"{reading.context_used} of {reading.context_length or 'unknown'} context",
    ]
    if reading.tokens_per_second is not None:
        parts.insert(0, f"{reading.tokens_per_second:.1f} tokens/s")
    return ", ".join(parts)
