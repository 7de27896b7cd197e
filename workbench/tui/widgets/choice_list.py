"""A list of things to choose from, each with a title and a line of details, narrowed by what is typed.

Knows nothing of what the things are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One thing; `problem` says why it cannot be chosen, `mark` warns of something beside the title."""

    value: T
    title: str
    details: str
    problem: str = ""
    mark: str = ""


@dataclass
class Chosen(Message, Generic[T]):
    """A choice was made."""

    value: T


class ChoiceList(OptionList, Generic[T]):
    """Two lines for each choice; the best match comes first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="list", markup=False)
        self._choices: list[Choice[T]] = []
        self._shown: list[Choice[T]] = []

    def offer(self, choices: list[Choice[T]], query: str = "") -> None:
        self._choices = choices
        self.narrow(query)

    def extend(self, choices: list[Choice[T]]) -> None:
        """Show more of them below, without moving the cursor; none of them is narrowed away."""
        self._choices = self._choices + choices
        self._shown = self._shown + choices
        self.add_options(_option(choice, ()) for choice in choices)

    def narrow(self, query: str) -> None:
        """Show what matches, best first; an empty query matches everything in its own order."""
        matches = _matches(self._choices, query) if query else [(choice, ()) for choice in self._choices]
        self._shown = [choice for choice, _ in matches]
        self.set_options(_option(choice, offsets) for choice, offsets in matches)
        self.action_first()

    @property
    def marked(self) -> Choice[T] | None:
        """The choice under the cursor."""
        return None if self.highlighted is None else self._shown[self.highlighted]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(Chosen(self._shown[event.option_index].value))


def _matches(choices: list[Choice[T]], query: str) -> list[tuple[Choice[T], Sequence[int]]]:
    """What matches, best first, and which characters of the title do."""
    match = FuzzySearch().match
    scored = [(*match(query, choice.title), choice) for choice in choices]
    scored = sorted((row for row in scored if row[0] > 0), key=lambda row: -row[0])
    return [(choice, offsets) for _, offsets, choice in scored]


def _option(choice: Choice[T], matched: Sequence[int]) -> Option:
    return Option(_two_lines(choice, matched), disabled=bool(choice.problem))


def _two_lines(choice: Choice[T], matched: Sequence[int]) -> Content:
    title = Content.styled(choice.title, "$foreground 60%" if choice.problem else "bold")
    for offset in matched:
        title = title.stylize("$accent underline", offset, offset + 1)
    if choice.mark:
        title = Content.assemble(title, ("  " + choice.mark, "$text-warning"))
    details = Content.styled(choice.details, "$foreground 60%")
    if choice.problem:
        details = Content.assemble((choice.problem, "$text-error"))
    return Content.assemble(title, "\n", details)
