"""Lists of messages, as OpenAI, Anthropic and ShareGPT write them, and the Messages they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.conversation import Message, Role
from workbench.datasets.forms.calls import decoded, read_calls
from workbench.datasets.forms.parts import UNNAMED, Content, image_source, read_parts
from workbench.datasets.row import RowImage
from workbench.datasets.strict_json import Unreadable

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "input": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "output": "assistant",
    "bot": "assistant",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "ipython": "tool",
}
_CALLING = ("function_call", "tool_call")
_REASONING = ("reasoning_content", "reasoning", "thinking")
_WEIGHTS = ("weight", "train", "loss")
_IMAGE_TAG = "<image>"


@dataclass(slots=True)
class Turns:
    """Messages as they are read, with what is kept beside them in a Row."""

    messages: list[Message] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    images: list[RowImage] = field(default_factory=list)
    weighted: bool = False


def read_messages(value: Any, place: str, turns: Turns | None = None) -> Turns:
    """A list of messages, one message, or a text that is JSON of them. Raises Unreadable."""
    turns = turns or Turns()
    value = decoded(value)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        raise Unreadable("form", f"{place} is no list of messages.")
    for index, one in enumerate(value):
        try:
            if len(one) == 2 and type(content := one["content"]) is str:
                turns.messages.append(Message(_ROLES[one["role"]], content))
                turns.weights.append(1.0)
                continue
        except (KeyError, TypeError):
            pass
        _read(one, f"{place}[{index}]", turns)
    return turns


def say(role: Role, text: Any, place: str, turns: Turns) -> None:
    """Add one plain turn. Raises Unreadable where it is no text."""
    if not isinstance(text, str):
        raise Unreadable("form", f"{place} is no text.")
    turns.messages.append(Message(role, text))
    turns.weights.append(1.0)


def place_images(sources: Sequence[Any], turns: Turns) -> None:
    """Give the images of the row's list to the places that wait for them, or to the first turn of a user."""
    named = [_image_source(source) for source in sources]
    if named and not turns.images:
        _read_tags(turns, len(named))
    waiting = sum(image.source == UNNAMED for image in turns.images)
    if waiting != len(named):
        raise Unreadable("images", f"The row lists {len(named)} images and has places for {waiting}.")
    given = iter(named)
    turns.images = [
        RowImage(next(given), image.message, image.at) if image.source == UNNAMED else image
        for image in turns.images
    ]


def named_results(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, those of tools with the name of the tool whose call they answer, where that is known."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    if not names:
        return tuple(messages)
    return tuple(
        replace(message, name=names.get(message.tool_call_id, ""))
        if message.role == "tool" and not message.name
        else message
        for message in messages
    )


def _read(value: Any, place: str, turns: Turns) -> None:
    if not isinstance(value, dict):
        raise Unreadable("form", f"{place} is no message.")
    written = value.get("role", value.get("from"))
    role = _ROLES.get(written.lower()) if isinstance(written, str) else None
    if role is None:
        raise Unreadable("role", f"{place} has the role {str(written)[:40]!r}, which is not known.")
    text = value.get("content", value.get("value"))
    content = Content()
    if written in _CALLING:
        content.calls += read_calls(text, place)
    elif isinstance(text, list):
        content = read_parts(text, place)
    elif text is not None and not isinstance(text, str):
        raise Unreadable("form", f"The content of {place} is neither text nor a list of parts.")
    else:
        content.text = text or ""
    _add(value, role, content, place, turns)


def _add(value: Mapping[str, Any], role: Role, content: Content, place: str, turns: Turns) -> None:
    weight = _weight(value, place)
    if weight is not None:
        turns.weighted = True
    for call_id, text in content.results:
        turns.messages.append(Message("tool", text, tool_call_id=call_id))
        turns.weights.append(1.0)
    calls = tuple(content.calls)
    for key in ("tool_calls", "function_call"):
        if value.get(key):
            calls += read_calls(value[key], place)
    if content.results and not content.text and not content.images:
        return
    turns.images += [RowImage(source, len(turns.messages), at) for source, at in content.images]
    reasoning = next((value[key] for key in _REASONING if isinstance(value.get(key), str)), "")
    turns.messages.append(
        Message(
            role,
            content.text,
            reasoning=content.reasoning or reasoning,
            tool_calls=calls,
            tool_call_id=str(value.get("tool_call_id") or "") if role == "tool" else "",
            name=str(value.get("name") or "") if role == "tool" else "",
        )
    )
    turns.weights.append(1.0 if weight is None else weight)


def _weight(value: Mapping[str, Any], place: str) -> float | None:
    for key in _WEIGHTS:
        weight = value.get(key)
        if weight is not None:
            if not isinstance(weight, int | float) or not 0 <= weight <= 1:
                raise Unreadable("weight", f"{place}.{key} is no number from 0 to 1.")
            return float(weight)
    return None


def _read_tags(turns: Turns, images: int) -> None:
    """Take the tags of images out of the texts and keep their places; without tags they come first."""
    for index, message in enumerate(turns.messages):
        pieces = message.content.split(_IMAGE_TAG)
        if len(pieces) > 1:
            at = 0
            for piece in pieces[:-1]:
                at += len(piece)
                turns.images.append(RowImage(UNNAMED, index, at))
            turns.messages[index] = replace(message, content="".join(pieces))
    if not turns.images:
        asked = next((index for index, one in enumerate(turns.messages) if one.role == "user"), 0)
        turns.images = [RowImage(UNNAMED, asked)] * images


def _image_source(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path") or value.get("url")
    source = image_source(value)
    if source is None:
        raise Unreadable("images", "The row lists an image that is no path, address or data: URL.")
    return source
