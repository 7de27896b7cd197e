"""What a model wrote, read while it comes.

Readers are generators: they yield when they need more text, and give out events for the text they have
understood. They may look ahead as far as there is text; what they look at stays until it is given out, so a
reader that does not understand leaves it to another. Knows no family.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Literal, TypeVar

from workbench.events import ReasoningDelta, TextDelta, ToolCallDelta

Delta = TextDelta | ReasoningDelta | ToolCallDelta
Made = Callable[[str], Delta]
Result = TypeVar("Result")
Pause = Literal["answer", "call"]
Reading = Generator[None, None, Result]


class NotUnderstood(Exception):
    """The text is not what the reader reads. Nothing of it is lost."""


def partial_match(text: str, markers: Sequence[str]) -> int:
    """Length of the longest end of the text with which some marker begins, whole markers apart."""
    longest = max((len(marker) for marker in markers), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        ending = text[-length:]
        if any(marker.startswith(ending) for marker in markers):
            return length
    return 0


class Source:
    """The text that is not given out yet.

    Attributes:
        at: How far ahead the reader has looked.
        ended: No more text comes.
        thinking: The reader is within what the model thinks.
        given: What was given out: an event, or None for text that is nothing to anybody, its length, and
            whether it is part of what the model thinks.
        pauses: Where to stop, once: before the answer itself begins, or where a call does.
        paused: Where the reader has stopped. What it has looked at is then all that is wanted of the text.
    """

    def __init__(self, pauses: frozenset[Pause] = frozenset()) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self.thinking = False
        self.given: list[tuple[Delta | None, int, bool]] = []
        self.pauses = pauses
        self.paused: Pause | None = None

    def give(self, event: Delta | None) -> None:
        """Give out the event for all that was looked at."""
        self.given.append((event, self.at, self.thinking))
        self.text, self.at = self.text[self.at :], 0

    def drop_seen(self) -> None:
        """What was looked at is nothing to anybody."""
        if self.at:
            self.give(None)

    def give_text(self, length: int, make: Made) -> None:
        """Give out that much text as it is."""
        if length > 0:
            self.at = length
            self.give(make(self.text[:length]))

    def drop(self, length: int) -> None:
        if length > 0:
            self.at = length
            self.give(None)

    def pause(self, where: Pause) -> Reading[None]:
        """Stop here if asked to. Text that follows may then be another than the one that was there."""
        if where in self.pauses:
            self.pauses -= {where}
            self.paused = where
            self.text = self.text[: self.at]
            yield
            self.paused = None

    def until(self, markers: Sequence[str], make: Made, *, hold_space: bool = False) -> Reading[str]:
        """Give out text as it comes, up to the first marker, which is returned and stays; "" at the end.

        `hold_space` drops the space before the marker.
        """
        while True:
            found = first_of(self.text, markers)
            end = found[0] if found else len(self.text) - partial_match(self.text, markers)
            if self.ended and not found:
                self.give_text(len(self.text), make)
                return ""
            self.give_text(len(self.text[:end].rstrip()) if hold_space else end, make)
            if found:
                self.drop(self.text.index(found[1]))
                return found[1]
            yield

    def drop_space(self) -> Reading[None]:
        yield from self.skip_space()
        self.drop_seen()

    def skip_space(self) -> Reading[None]:
        while True:
            rest = self.text[self.at :]
            self.at += len(rest) - len(rest.lstrip())
            if self.at < len(self.text) or self.ended:
                return
            yield

    def accept(self, *options: str) -> Reading[str]:
        """Look past the option that comes next, which is returned; "" for none of them."""
        while True:
            rest = self.text[self.at :]
            for option in options:
                if rest.startswith(option):
                    self.at += len(option)
                    return option
            if self.ended or not any(option.startswith(rest) for option in options):
                return ""
            yield

    def look_past(self, pieces: Sequence[str]) -> Reading[None]:
        """Drop each of the pieces that comes, in this order, and the space before it.

        Of one that was cut off by the end what there is.
        """
        for piece in pieces:
            yield from self.skip_space()
            yield from self.accept(piece.strip())
            if self.ended and piece.strip().startswith(self.text[self.at :]):
                self.at = len(self.text)
        self.drop_seen()

    def expect(self, *options: str) -> Reading[str]:
        """As accept. Raises NotUnderstood for none of them."""
        found = yield from self.accept(*options)
        if not found:
            raise NotUnderstood
        return found

    def find(self, *markers: str, most: int = 0) -> Reading[str]:
        """Look ahead up to the first marker, and return the text before it.

        Raises NotUnderstood where none comes, or none within `most` characters; 0 is without limit.
        """
        while True:
            rest = self.text[self.at :]
            found = first_of(rest, markers)
            if found is not None:
                self.at += found[0]
                return rest[: found[0]]
            if self.ended or (most and len(rest) > most):
                raise NotUnderstood
            yield


def first_of(text: str, markers: Sequence[str]) -> tuple[int, str] | None:
    """Where the first of the markers is, and which; of those at one place the longest."""
    places = [(text.find(marker), -len(marker), marker) for marker in markers]
    found = min((place for place in places if place[0] >= 0), default=None)
    return None if found is None else (found[0], found[2])
