"""Where the assistant's turns are in a rendered conversation, for any chat template.

A turn begins where the prompt ends that a model would answer with it, and what follows in the training text
is what it learns to say. Both texts are laid side by side at the last mark before the turn, so it does not
matter whether the template writes the history differently. Knows nothing of tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workbench.conversation import Conversation, Message
from workbench.datasets.target.marks import PARTS, Mark, Marking, Part, unused_base
from workbench.errors import WorkbenchError

Render = Callable[[Conversation, bool], str]
"""The text of a conversation; True for one that asks for the assistant's next turn. Raises WorkbenchError."""
_MANY_MESSAGES = 64
"""In longer conversations not every prompt is rendered, as each takes as long as all before it."""
_LONGEST_TAG = 64
_TAG = re.compile(r"<[^<>\s]{1,62}>|\[/?[A-Z_]{2,60}\]")
"""What is likely one token, or a word of the template's own."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the assistant, in characters of the rendered text.

    Attributes:
        message: Its place among the messages.
        start: Where what the model says begins.
        said: Where the last of its own text ends; what closes calls and the turn comes after that.
        end: Where it has ended, with the terminator.
        terminator: The text that ends answers, "" where the template writes none after this one.
        follows_prompt: Whether all that comes before is exactly the prompt of this turn.
    """

    message: int
    start: int
    said: int
    end: int
    terminator: str
    follows_prompt: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as text, its turns, and which parts of its messages came out in it.

    Attributes:
        turns: Those of the assistant that show and could be found.
        lost: Places of the assistant's messages whose turn could not be found.
        shown: The parts whose end is in the text; None where that cannot be told.
    """

    text: str
    turns: tuple[Turn, ...]
    lost: tuple[int, ...]
    shown: frozenset[tuple[int, Part]] | None


def rendered(render: Render, conversation: Conversation, stops: re.Pattern[str]) -> Rendered:
    """`stops` finds the texts at which the model stops.

    Raises as `render` does where the template refuses the conversation as a whole.
    """
    text = render(conversation, False)
    found = _marked(render, conversation, text, stops)
    if found is None:
        return _by_prefixes(render, conversation, text, stops)
    shown = frozenset((mark.message, mark.part) for mark in found.places if not mark.opens)
    turns, lost = list[Turn](), list[int]()
    for place, message in enumerate(conversation.messages):
        if message.role == "assistant" and any(mark.message == place for mark in found.places):
            turns.append(found.turn(place))
        elif _says_something(message):
            lost.append(place)
    return Rendered(text, tuple(turns), tuple(lost), shown)


@dataclass(frozen=True, slots=True)
class _Marked:
    """A conversation whose marks do not disturb the template."""

    render: Render
    original: Conversation
    marking: Marking
    conversation: Conversation
    text: str
    places: Mapping[Mark, int]
    stops: re.Pattern[str]
    headers: dict[str, str]
    """What came between a message of that role and the answer to it, where there are many to be found."""

    def turn(self, place: int) -> Turn:
        said = max(at for mark, at in self.places.items() if mark.message == place)
        beyond = (at for mark, at in self.places.items() if mark.message > place and at >= said)
        start, follows = self._start(place)
        stop = self.stops.search(self.text, said, min(beyond, default=len(self.text)))
        if stop is None:
            return Turn(place, start, said, self._closed(place, said), "", follows)
        return Turn(place, start, said, stop.end(), stop[0], follows)

    def _start(self, place: int) -> tuple[int, bool]:
        """Where the turn begins, and whether its prompt is what comes before."""
        ours = {mark: at for mark, at in self.places.items() if not mark.opens and mark.message < place}
        role = self.original.messages[place - 1].role if place else ""
        usual, before = self.headers.get(role), max(ours.values(), default=0)
        if usual is not None and self.text.startswith(usual, before):
            return before + len(usual), True
        prompt, places = self._read(place, asks=True)
        if prompt is None:
            return self._opening(place), False
        theirs = {mark: at for mark, at in places.items() if not mark.opens}
        last = max(theirs.keys() & ours.keys(), key=lambda mark: theirs[mark], default=None)
        before, there = (ours[last], theirs[last]) if last else (0, 0)
        header = prompt[there:]
        if self.text.startswith(header, before):
            follows = self.text.startswith(prompt)
            if follows and len(self.original.messages) > _MANY_MESSAGES:
                self.headers[role] = header
            return before + len(header), follows
        opening = self._opening(place)
        same = before + _alike(self.text, before, header)
        start = max(same, self._nearest(self._asked(place, prompt), before, opening))
        return min(_outside_tags(self.text, start), opening), False

    def _asked(self, place: int, prompt: str) -> str:
        """What the template writes to ask for the turn, after everything that was said."""
        said, _ = self._read(place, asks=False)
        return prompt.removeprefix(said) if said is not None and prompt.startswith(said) else ""

    def _nearest(self, asked: str, before: int, opening: int) -> int:
        """Where most of what asks for a turn has been written, though not all of it."""
        best, end, at = 0, before, self.text.find(asked[:1], before) if asked else -1
        while 0 <= at <= opening:
            if (alike := _alike(self.text, at, asked)) > best:
                best, end = alike, at + alike
            at = self.text.find(asked[:1], at + 1)
        return end

    def _opening(self, place: int) -> int:
        """Where the first own text of that message begins."""
        marking = Marking(self.marking.base, frozenset(), frozenset({place}))
        text, places = marking.read(self.render(marking.of(self.original), False))
        first = min((at for mark, at in places.items() if mark.message == place), default=None)
        if text == self.text and first is not None:
            return first
        return max(at for mark, at in self.places.items() if mark.message == place)

    def _closed(self, place: int, said: int) -> int:
        """Where the turn would end if the conversation did."""
        text, places = self._read(place + 1, asks=False)
        there = max((at for mark, at in places.items() if mark.message == place), default=None)
        if text is None or there is None:
            return said
        end = _outside_tags(self.text, said + _alike(self.text, said, text[there:]))
        return said + len(self.text[said:end].rstrip())

    def _read(self, count: int, *, asks: bool) -> tuple[str | None, dict[Mark, int]]:
        """The first messages rendered, and the marks in them; None where the template refuses those."""
        part = Conversation(self.conversation.messages[:count], self.conversation.tools)
        try:
            return self.marking.read(self.render(part, asks))
        except WorkbenchError:
            return None, {}


def _marked(render: Render, conversation: Conversation, text: str, stops: re.Pattern[str]) -> _Marked | None:
    """With as many marks as leave the text as it is; None where it always changes."""
    others = frozenset(
        place for place, message in enumerate(conversation.messages) if message.role != "assistant"
    )
    base = unused_base(text)
    for ends, openings in (
        (frozenset(PARTS), others),
        (frozenset(PARTS), frozenset[int]()),
        (frozenset[Part](("content", "reasoning", "arguments")), frozenset[int]()),
        (frozenset[Part](("content", "reasoning")), frozenset[int]()),
    ):
        marking = Marking(base, ends, openings)
        marked = marking.of(conversation)
        try:
            read, places = marking.read(render(marked, False))
        except WorkbenchError:
            continue
        if read == text:
            return _Marked(render, conversation, marking, marked, text, places, stops, {})
    return None


def _by_prefixes(render: Render, conversation: Conversation, text: str, stops: re.Pattern[str]) -> Rendered:
    """By rendering longer and longer beginnings, for templates that change what they are given."""
    turns, lost = list[Turn](), list[int]()
    for place, message in enumerate(conversation.messages):
        if message.role != "assistant":
            continue
        try:
            before = render(Conversation(conversation.messages[:place], conversation.tools), True)
            after = render(Conversation(conversation.messages[: place + 1], conversation.tools), False)
        except WorkbenchError:
            before, after = text + " ", text
        if text.startswith(before) and text.startswith(after):
            *_, stop = (None, *stops.finditer(after, len(before)))
            end = stop.end() if stop else len(after.rstrip())
            turns.append(Turn(place, len(before), end, end, stop[0] if stop else "", True))
        else:
            lost.append(place)
    return Rendered(text, tuple(turns), tuple(lost), None)


def _says_something(message: Message) -> bool:
    said = message.content.strip() or message.reasoning.strip() or message.tool_calls
    return message.role == "assistant" and bool(said)


def _alike(text: str, at: int, other: str) -> int:
    """How many characters of `other` the text has there."""
    pairs = enumerate(zip(text[at : at + len(other)], other, strict=False))
    return next((number for number, (one, two) in pairs if one != two), min(len(other), len(text) - at))


def _outside_tags(text: str, at: int) -> int:
    """There, or where the tag begins that the place is within."""
    around = _TAG.finditer(text, max(0, at - _LONGEST_TAG), at + _LONGEST_TAG)
    return next((tag.start() for tag in around if tag.start() < at < tag.end()), at)
