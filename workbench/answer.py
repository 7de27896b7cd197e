"""What the events of an answer add up to. Knows nothing of who asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.conversation import ToolCall
from workbench.events import ToolCallDelta


def collected_calls(deltas: Iterable[ToolCallDelta]) -> tuple[ToolCall, ...]:
    """The calls, in the order they were begun."""
    calls: dict[int, ToolCall] = {}
    for delta in deltas:
        call = calls.get(delta.index, ToolCall(delta.id, delta.name, ""))
        calls[delta.index] = replace(call, arguments=call.arguments + delta.arguments)
    return tuple(calls.values())
