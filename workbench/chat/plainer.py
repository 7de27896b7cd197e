"""A conversation that a template refuses, in forms that more templates take. Nothing of it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from workbench.conversation import Conversation, Message, joined, preceded


def plainer(conversation: Conversation) -> Iterator[Conversation]:
    """What the model is told as one message at the start; then turns that alternate; then turns alone."""
    told = [message for message in conversation.messages if message.role == "system"]
    turns = [message for message in conversation.messages if message.role != "system"]
    start = [reduce(joined, told)] if told else []
    alternating = _alternating(turns)
    forms = [(*start, *turns), (*start, *alternating)]
    if start and alternating and alternating[0].role == "user":
        first = preceded(f"{start[0].content}\n\n", alternating[0])
        forms.append((first, *alternating[1:]))
    for messages in dict.fromkeys(forms):
        if messages != conversation.messages:
            yield replace(conversation, messages=messages)


def _alternating(turns: Sequence[Message]) -> list[Message]:
    """Those that follow each other on one side are one, but for those of tools."""
    kept: list[Message] = []
    for turn in turns:
        if kept and turn.role == kept[-1].role != "tool":
            kept[-1] = joined(kept[-1], turn)
        else:
            kept.append(turn)
    return kept
