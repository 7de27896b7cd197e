"""The line at the top: the name, the two places, and the model."""

from __future__ import annotations

from typing import assert_never

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from workbench.tui.session import Failed, Loading, ModelState, NoModel, Ready

PLACES = {"home": "Home", "chat": "Chat"}


class TopBar(Horizontal):
    """Says where one is and which model is loaded. A click on a place goes there."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        yield Static("Workbench", id="brand", markup=False)
        for name, label in PLACES.items():
            link = Content.from_markup(f"[@click=app.switch_mode('{name}')]{label}[/]")
            yield Static(link, classes="place -here" if name == self._here else "place")
        yield Static(id="model", markup=False)

    def show(self, state: ModelState) -> None:
        self.query_one("#model", Static).update(_words(state))


def _words(state: ModelState) -> Content:
    match state:
        case NoModel():
            return Content.styled("no model loaded", "$foreground 60%")
        case Loading(model, share):
            return Content.assemble(("◌ ", "$warning"), model.name, (f" {share:.0%}", "$foreground 60%"))
        case Ready(model):
            return Content.assemble(("● ", "$success"), model.name)
        case Failed(model):
            return Content.assemble(("● ", "$error"), model.name, (" did not load", "$foreground 60%"))
        case _:
            assert_never(state)
