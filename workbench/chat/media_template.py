"""How a chat template is brought to put marks where it wants images and sounds.

Templates that know parts write a placeholder for each, with what begins and ends it; engines write these
themselves, so the mark takes the place of the whole. For others the mark is a part of the text. Knows
nothing of sandboxes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.chat.media import MARKS
from workbench.chat.template_messages import TemplateMessage
from workbench.conversation import Conversation, Medium, Message

Write = Callable[[list[TemplateMessage]], str]
Part = dict[str, Any]

_SPELLINGS: dict[str, tuple[Part, ...]] = {
    "image": ({"type": "image"}, {"type": "image_url", "image_url": {"url": ""}}),
    "audio": ({"type": "audio"}, {"type": "input_audio", "input_audio": {}}, {"type": "audio_url"}),
}
_BEFORE, _AFTER = "probe_before", "probe_after"
_STAND_IN = f"<__text_{secrets.token_hex(16)}__>"
"""Parts a placeholder that somebody has written as text, so that it is not taken for one."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The part that makes a template write an image or a sound, and what it writes."""

    part: Part
    text: str


def wants_parts(write: Write) -> bool:
    """Whether the template shows a content in parts, and none that is a text. `write` returns "" for none."""
    return _AFTER not in write([{"role": "user", "content": _AFTER}]) and _knows_parts(write([_probe()]))


def in_parts(told: TemplateMessage) -> TemplateMessage:
    content = told.get("content")
    return told | {"content": [_text(content)]} if isinstance(content, str) and content else told


def placeholder_of(kind: str, write: Write) -> Placeholder | None:
    """None where the template writes none, or not the same one each time."""
    without = write([_probe()])
    if not _knows_parts(without):
        return None
    for part in _SPELLINGS[kind]:
        text = _inserted(without, write([_probe(part)])).strip()
        if text and text not in without and write([_probe(part, part)]).count(text) == 2:
            return Placeholder(part, text)
    return None


def with_marks(
    conversation: Conversation,
    messages: Sequence[TemplateMessage],
    placeholders: Mapping[str, Placeholder | None],
    write: Write,
) -> str:
    """The rendered conversation, marks where its media belong. `messages` are its own, in text alone."""
    media = conversation.media
    known = {kind: found for kind, found in placeholders.items() if found is not None}
    pairs = list(zip(conversation.messages, messages, strict=True))
    if all(medium.kind in known for medium in media):
        text = write([_in_parts(said, _parted(told, known), known) for said, told in pairs])
        for kind, placeholder in known.items():
            text = text.replace(placeholder.text, MARKS[kind])
        if all(text.count(MARKS[kind]) == sum(one.kind == kind for one in media) for kind in known):
            return text.replace(_STAND_IN, "")
    return write([_marked(said, told) for said, told in pairs])


def _in_parts(said: Message, told: TemplateMessage, known: Mapping[str, Placeholder]) -> TemplateMessage:
    if not said.media:
        return told
    parts = [known[one.kind].part if isinstance(one, Medium) else _text(one) for one in _pieces(said)]
    return told | {"content": [_parted(part, known) for part in parts]}


def _marked(said: Message, told: TemplateMessage) -> TemplateMessage:
    if not said.media:
        return told
    pieces = (MARKS[one.kind] if isinstance(one, Medium) else one for one in _pieces(said))
    return told | {"content": "".join(pieces)}


def _pieces(said: Message) -> Iterator[str | Medium]:
    """The message's texts and media in order."""
    start = 0
    for medium in said.media:
        if medium.at > start:
            yield said.content[start : medium.at]
        yield medium
        start = medium.at
    if start < len(said.content):
        yield said.content[start:]


def _parted(told: dict[str, Any], known: Mapping[str, Placeholder]) -> dict[str, Any]:
    """With every placeholder in its texts parted."""
    for placeholder in known.values():
        text, middle = placeholder.text, len(placeholder.text) // 2
        parted = text[:middle] + _STAND_IN + text[middle:]
        told = {
            name: value.replace(text, parted) if isinstance(value, str) else value
            for name, value in told.items()
        }
    return told


def _probe(*parts: Part) -> TemplateMessage:
    return {"role": "user", "content": [_text(_BEFORE), *parts, _text(_AFTER)]}


def _knows_parts(written: str) -> bool:
    """Whether the texts in the probe's parts are there, and are not there as parts of a list."""
    return _BEFORE in written and _AFTER in written and not re.search("""['"]type['"]""", written)


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _inserted(without: str, one: str) -> str:
    """What `one` has at one place more than `without`; "" where that is not the difference."""
    pairs = enumerate(zip(without, one, strict=False))
    start = next((place for place, (left, right) in pairs if left != right), len(without))
    more = len(one) - len(without)
    return one[start : start + more] if more > 0 and one[start + more :] == without[start:] else ""
