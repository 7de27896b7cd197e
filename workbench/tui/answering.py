"""One answer: a provider's events into an answer on the screen, to the end or until it is stopped.

Knows nothing of history or of which model it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import assert_never, cast

from workbench.backend import Provider
from workbench.chat.meter import Meter
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.generation import Generation
from workbench.tui.widgets.turns import Answer

STOPPED = "stopped"
CUT = "cut short: the context is full, ctrl+n begins a new conversation"
BROKEN = "broken off"


async def show_answer(provider: Provider, generation: Generation, answer: Answer, meter: Meter) -> Finished:
    """Stream the answer to the last question. Whatever happens, it stays on the screen as far as it came."""
    answer.begin(meter)
    remark = BROKEN
    try:
        finished = await _stream(provider, generation, answer, meter)
        remark = CUT if finished.reason == "length" else ""
        return finished
    except asyncio.CancelledError:
        remark = STOPPED
        raise
    finally:
        await answer.end(meter.reading(), remark)


async def _stream(provider: Provider, generation: Generation, answer: Answer, meter: Meter) -> Finished:
    # A Provider's iterator is closed as soon as it is no longer wanted: that is what cancels the request.
    async with aclosing(cast(AsyncGenerator[Event], provider.generate(generation))) as events:
        async for event in events:
            meter.take(event)
            match event:
                case TextDelta(text):
                    answer.add(text)
                case ReasoningDelta(text):
                    answer.think(text)
                case Finished():
                    return event
                case Prefill() | ToolCallDelta():  # nobody here offers tools
                    pass
                case _:
                    assert_never(event)
    raise AssertionError("a provider ends every answer with Finished or an error")
