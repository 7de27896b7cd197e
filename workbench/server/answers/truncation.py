"""A prompt that is too long for the model's context, cut to its newest part; what is left out is counted.

Of a conversation the oldest turns are left out, of a text its beginning. Knows nothing of the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.backend import Provider
from workbench.conversation import Conversation, Message
from workbench.errors import ContextExceeded
from workbench.generation import Generation


@dataclass(slots=True)
class LeftOut:
    """What of a request's prompts and answers was left out so far."""

    messages: int = 0
    tokens: int = 0


async def truncated(provider: Provider, generation: Generation, left_out: LeftOut) -> Generation:
    """The generation with as much of its prompt as leaves room for the answer, the newest part of it.

    The answer gets what its limit says, or a quarter of the context, and at most half of it. System messages
    and the last turn are kept; raises ContextExceeded where these alone are too long.
    """
    context = provider.facts.known_context
    room = context - max(1, min(generation.max_tokens or context // 4, context // 2))
    before = await provider.prompt_length(generation)
    if before <= room:
        return generation
    if isinstance(generation.prompt, Conversation):
        fitting = await _with_fewer_turns(provider, generation, generation.prompt, room, left_out)
        left_out.tokens += before - await provider.prompt_length(fitting)
        return fitting
    tokens, start = await tokens_of(provider, generation), await beginning(provider)
    left_out.tokens += before - room
    return replace(generation, prompt=tuple(newest(tokens, start, room)))


def newest(tokens: Sequence[int], start: Sequence[int], room: int) -> list[int]:
    """So many tokens: the start, if they begin with it, and the last ones."""
    kept = list(start) if list(tokens[: len(start)]) == list(start) else []
    return [*kept, *tokens[len(tokens) - (room - len(kept)) :]]


async def beginning(provider: Provider) -> list[int]:
    """What the model has before every text."""
    return await provider.tokenize("", special=True)


async def tokens_of(provider: Provider, generation: Generation) -> list[int]:
    """The prompt as the model gets it."""
    prompt = await provider.rendered(generation)
    return await provider.tokenize(prompt, special=True) if isinstance(prompt, str) else list(prompt)


async def _with_fewer_turns(
    provider: Provider, generation: Generation, conversation: Conversation, room: int, left_out: LeftOut
) -> Generation:
    """Without the fewest of the oldest turns that makes it fit."""
    turns = _turns(conversation)
    low, high = 1, len(turns) - 1
    fitting: Generation | None = None
    count = 0
    while low <= high:
        middle = (low + high) // 2
        candidate = replace(generation, prompt=_without(conversation, turns, middle))
        if await provider.prompt_length(candidate) <= room:
            fitting, count, high = candidate, middle, middle - 1
        else:
            low = middle + 1
    if fitting is None:
        raise ContextExceeded(
            f"The last turn and the system messages have more than the {room} tokens that leave room for an "
            f"answer; the context holds {provider.facts.context_length}.",
            "Shorten them, or ask for a shorter answer with max_tokens.",
        )
    left_out.messages += sum(message.role != "system" for turn in turns[:count] for message in turn)
    return fitting


def _turns(conversation: Conversation) -> list[list[Message]]:
    """What a user said, each with all that followed until the next; so calls stay with their results."""
    turns: list[list[Message]] = []
    for message in conversation.messages:
        if not turns or (message.role == "user" and any(one.role != "system" for one in turns[-1])):
            turns.append([])
        turns[-1].append(message)
    return turns


def _without(conversation: Conversation, turns: Sequence[Sequence[Message]], count: int) -> Conversation:
    kept = [message for turn in turns[:count] for message in turn if message.role == "system"]
    rest = [message for turn in turns[count:] for message in turn]
    return replace(conversation, messages=(*kept, *rest))
