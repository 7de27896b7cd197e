"""Which form a row has, told by its own fields, and the Row that it means.

A file may mix forms. Fields that no form reads become the row's meta. Nothing is guessed from other rows.
"""

from __future__ import annotations

from typing import Any

from workbench.conversation import Tool
from workbench.datasets.forms.answers import CHOSEN, LABELS, REJECTED, read_label, read_pair
from workbench.datasets.forms.calls import read_tools
from workbench.datasets.forms.fields import Fields
from workbench.datasets.forms.messages import Turns, named_results, place_images, read_messages, say
from workbench.datasets.forms.parts import read_parts
from workbench.datasets.row import Origin, Row, RowImage
from workbench.datasets.strict_json import Unreadable

CONVERSATIONS = ("messages", "conversations", "conversation", "dialog")
INSTRUCTIONS = ("instruction",)
QUESTIONS = ("prompt", "question", "query", "input", "user")
ANSWERS = ("completion", "output", "response", "answer", "assistant")
TEXTS = ("text", "content")
_BESIDE_MESSAGES = frozenset(
    (*CONVERSATIONS[1:], *INSTRUCTIONS, *QUESTIONS, *ANSWERS, *CHOSEN, *REJECTED, *LABELS,
     "tools", "system", "history", "image", "images")
)  # fmt: skip


def row_of(value: Any, origin: Origin) -> Row:
    """Raises Unreadable where the value is no row of a known form."""
    if type(value) is not dict:
        raise Unreadable("form", "It is no JSON object.")
    if "messages" in value and _BESIDE_MESSAGES.isdisjoint(value):
        return _chat(value, origin)
    if isinstance(asked := value.get("input"), dict):  # as OpenAI writes what both answers are to
        value = {**{name: one for name, one in value.items() if name != "input"}, **asked}
    fields = Fields(value)
    tools = read_tools(fields.take("tools")) if value.get("tools") else ()
    pair = read_pair(fields, _prompt)
    if pair is not None:
        turns, chosen, rejected = pair
        return Row(
            origin=origin,
            prompt=named_results(turns.messages),
            chosen=chosen,
            rejected=rejected,
            images=_images(fields, turns),
            tools=tools,
            meta=fields.rest(),
        )
    if not fields.first(*CONVERSATIONS, *INSTRUCTIONS, *QUESTIONS):
        return _text_row(fields, origin, sorted(value))
    label = read_label(fields)
    turns = _context(fields)
    _answer(fields, turns)
    return _labelled(fields, turns, tools, label, origin)


def _chat(value: dict[str, Any], origin: Origin) -> Row:
    """What most rows are, on the shortest way."""
    turns = read_messages(value["messages"], "messages")
    if turns.images:
        place_images((), turns)
    return Row(
        origin=origin,
        messages=named_results(turns.messages),
        weights=tuple(turns.weights) if turns.weighted else (),
        images=tuple(turns.images),
        meta={name: one for name, one in value.items() if name != "messages" and one is not None},
    )


def _labelled(
    fields: Fields, turns: Turns, tools: tuple[Tool, ...], label: bool | None, origin: Origin
) -> Row:
    images = _images(fields, turns)
    messages = named_results(turns.messages)
    weights = tuple(turns.weights) if turns.weighted else ()
    if label is None:
        return Row(
            origin=origin, messages=messages, weights=weights, tools=tools, images=images, meta=fields.rest()
        )
    if len(messages) < 2 or messages[-1].role != "assistant":
        raise Unreadable("form", "The row has a label and no answer that it is for.")
    return Row(
        origin=origin, prompt=messages[:-1], completion=messages[-1:], label=label,
        tools=tools, images=images, meta=fields.rest(),
    )  # fmt: skip


def _context(fields: Fields) -> Turns:
    """The turns that a row has before the answers of its own: a conversation, or instruction and question."""
    turns = Turns()
    _system(fields.take("system"), turns)
    name = fields.first(*CONVERSATIONS)
    if name is not None:
        read_messages(fields.take(name), name, turns)
        return turns
    _history(fields, turns)
    if fields.has("instruction"):
        texts = [fields.text("instruction"), fields.text("input")]
        say("user", "\n\n".join(filter(None, texts)), "instruction", turns)
    elif name := fields.first(*QUESTIONS):
        _say_or_read(fields.take(name), name, turns)
    return turns


def _prompt(fields: Fields) -> Turns:
    """What two answers are to. Beside a prompt, a conversation is that of one of them, and no prompt."""
    if not fields.has("prompt"):
        return _context(fields)
    turns = Turns()
    _system(fields.take("system"), turns)
    _say_or_read(fields.take("prompt"), "prompt", turns)
    return turns


def _answer(fields: Fields, turns: Turns) -> None:
    """The answer of an instruction, a question or a prompt, where the turns do not have it yet."""
    if turns.messages and turns.messages[-1].role == "assistant":
        return
    name = fields.first(*ANSWERS)
    if name is None:
        return
    value = fields.take(name)
    if isinstance(value, str):
        say("assistant", value, name, turns)
    else:
        read_messages(value, name, turns)


def _say_or_read(value: Any, name: str, turns: Turns) -> None:
    if isinstance(value, str):
        say("user", value, name, turns)
    else:
        read_messages(value, name, turns)


def _system(value: Any, turns: Turns) -> None:
    text = read_parts(value, "system").text if isinstance(value, list) else value
    if text:
        say("system", text, "system", turns)


def _history(fields: Fields, turns: Turns) -> None:
    history = fields.take("history") if isinstance(fields.peek("history"), list) else []
    for pair in history:
        if not isinstance(pair, list) or len(pair) != 2:
            raise Unreadable("form", "`history` is no list of questions and answers.")
        say("user", pair[0], "history", turns)
        say("assistant", pair[1], "history", turns)


def _images(fields: Fields, turns: Turns) -> tuple[RowImage, ...]:
    listed = fields.take("images", "image") or []
    place_images(listed if isinstance(listed, list) else [listed], turns)
    return tuple(turns.images)


def _text_row(fields: Fields, origin: Origin, names: list[str]) -> Row:
    name = fields.first(*TEXTS)
    if name is None or not isinstance(fields.peek(name), str):
        shown = ", ".join(name[:40] for name in names[:8]) or "none"
        raise Unreadable("form", f"No known form has these fields: {shown}.")
    return Row(origin=origin, text=fields.text(name), meta=fields.rest())
