"""Conversations that a template lays out alike: where the turns of the first are is known of all the others.

What a template makes of texts follows from their roles, from whether they are empty or begin and end with
space, and from whether they hold what the template looks for. Where all that is the same and the text that is
rendered is the first one's with other words in the same places, its turns are in the same places as well.
All else is worked out as `turns` does it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from jinja2 import TemplateError

from workbench.chat.template import literals
from workbench.conversation import Conversation, Message
from workbench.datasets.target.marks import Marking, Part, unused_base
from workbench.datasets.target.turns import Rendered, Turn

Key = tuple[object, ...]
_MOST_LAYOUTS = 500
_MOST_MESSAGES = 64
_PLAIN = re.compile(r"[\w\s]*")
_LEAST_TELLING = 3


@dataclass(frozen=True, slots=True)
class _Layout:
    """The template's own words, one more than the texts between them, and the first conversation's turns.

    A place is a number of these words, and how many characters of them come before it.
    """

    words: tuple[str, ...]
    texts: tuple[tuple[int, Part], ...]
    rendered: Rendered
    places: tuple[tuple[tuple[int, int], ...], ...]

    def of(self, conversation: Conversation, text: str) -> Rendered | None:
        """None where the conversation does not become this text in this layout."""
        said = [_text(conversation.messages[message], part).strip() for message, part in self.texts]
        pieces = [piece for pair in zip(self.words, [*said, ""], strict=True) for piece in pair]
        if "".join(pieces) != text:
            return None
        starts = [0, *accumulate(map(len, pieces))][::2]
        pairs = zip(self.rendered.turns, self.places, strict=True)
        turns = tuple(_moved(turn, [starts[word] + at for word, at in places]) for turn, places in pairs)
        return replace(self.rendered, text=text, turns=turns)


class Layouts:
    """Those of one template, as they are met. `work_out` renders a conversation and finds its turns."""

    def __init__(
        self,
        template: str,
        render: Callable[[Conversation], str],
        work_out: Callable[[Conversation], Rendered],
    ) -> None:
        self._render, self._work_out = render, work_out
        self._telling = _telling(template)
        self._known: dict[Key, _Layout | None] = {}

    def rendered(self, conversation: Conversation) -> Rendered:
        """As `work_out`, and raises as it does."""
        key = self._key(conversation)
        if key is None:
            return self._work_out(conversation)
        layout = self._known.get(key)
        found = layout.of(conversation, self._render(conversation)) if layout else None
        if found is None:
            found = self._work_out(conversation)
            if key not in self._known and len(self._known) < _MOST_LAYOUTS:
                self._known[key] = self._layout(conversation, found)
        return found

    def _key(self, conversation: Conversation) -> Key | None:
        """What the layout follows from; None where that is not only these few things."""
        messages = conversation.messages
        if conversation.tools or len(messages) > _MOST_MESSAGES or any(map(_is_special, messages)):
            return None
        texts = [text for message in messages for text in (message.content, message.reasoning)]
        if any(told in text for text in texts for told in self._telling):
            return None
        return (tuple(message.role for message in messages), tuple(map(_space_around, texts)))

    def _layout(self, conversation: Conversation, found: Rendered) -> _Layout | None:
        """None where the turns are not told by the template's own words alone."""
        told = all(turn.terminator and turn.follows_prompt for turn in found.turns)
        if found.lost or found.shown is None or not told:
            return None
        spans = sorted(self._spans(conversation, found.text))
        edges = [0, *(edge for start, end, _, _ in spans for edge in (start, end)), len(found.text)]
        if edges != sorted(edges):
            return None
        words = tuple(found.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        texts = tuple((message, part) for _, _, message, part in spans)
        places = tuple(
            tuple(_place(edges[::2], at) for at in (turn.start, turn.said, turn.end)) for turn in found.turns
        )
        layout = _Layout(words, texts, found, places)
        in_words = all(at <= len(words[word]) for turn in places for word, at in turn)
        return layout if in_words and layout.of(conversation, found.text) == found else None

    def _spans(self, conversation: Conversation, text: str) -> Iterator[tuple[int, int, int, Part]]:
        """Where the texts of the messages are in what is rendered; none where marks would change it."""
        marking = Marking(unused_base(text), openings=frozenset(range(len(conversation.messages))))
        read, places = marking.read(self._render(marking.of(conversation)))
        starts = {(mark.message, mark.part): at for mark, at in places.items() if mark.opens}
        for mark, end in places.items() if read == text else ():
            if not mark.opens and (mark.message, mark.part) in starts:
                yield starts[mark.message, mark.part], end, mark.message, mark.part


def _moved(turn: Turn, places: Sequence[int]) -> Turn:
    start, said, end = places
    return replace(turn, start=start, said=said, end=end)


def _place(starts: Sequence[int], at: int) -> tuple[int, int]:
    word = bisect_right(starts, at) - 1
    return word, at - starts[word]


def _telling(template: str) -> tuple[str, ...]:
    """What the template may look for in texts: signs that it seeks, and such as texts have by no accident."""
    try:
        sought, every = literals(template)
    except TemplateError:
        return ("",)  # every text holds it, so that nothing is told by its layout
    telling = sought | {one for one in every if len(one) >= _LEAST_TELLING}
    return tuple(sorted(one for one in telling if not _PLAIN.fullmatch(one)))


def _is_special(message: Message) -> bool:
    return bool(message.tool_calls or message.tool_call_id or message.name or message.media)


def _space_around(text: str) -> tuple[str, str] | str:
    """The space before and after it; all of it where it is nothing else."""
    if not text.strip():
        return text
    return text[: -len(text.lstrip())], text[len(text.rstrip()) :]


def _text(message: Message, part: Part) -> str:
    return message.content if part == "content" else message.reasoning
