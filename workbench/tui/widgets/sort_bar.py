"""The orders in which something can be listed, one of which holds. Knows nothing of what is listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from workbench.models.hub.search import Sort


class SortBar(Static):
    """Names the orders in one line; a click takes one."""

    @dataclass
    class Chosen(Message):
        """Another order is wanted."""

        sort: Sort

    def __init__(self, sorts: Sequence[Sort], chosen: Sort) -> None:
        super().__init__(markup=False)
        self._sorts = sorts
        self._chosen = chosen

    def on_mount(self) -> None:
        self._draw()

    def choose_next(self) -> None:
        """Take the order after the present one, or the first again."""
        self._take(self._sorts[(self._sorts.index(self._chosen) + 1) % len(self._sorts)])

    def action_choose(self, index: int) -> None:
        self._take(self._sorts[index])

    def _take(self, sort: Sort) -> None:
        if sort != self._chosen:
            self._chosen = sort
            self._draw()
            self.post_message(self.Chosen(sort))

    def _draw(self) -> None:
        names = [self._link(index, sort) for index, sort in enumerate(self._sorts)]
        self.update(Content("  ").join([Content.styled("by", "$foreground 60%"), *names]))

    def _link(self, index: int, sort: Sort) -> Content:
        if sort == self._chosen:
            return Content.styled(sort, "bold")
        return Content.from_markup(f"[@click=choose({index})]{sort}[/]")
