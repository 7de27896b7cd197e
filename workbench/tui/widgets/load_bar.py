"""How far a model is loaded; hidden when none is loading."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label, ProgressBar

from workbench import wording
from workbench.tui.session import Loading, ModelState


class LoadBar(Horizontal):
    """The bar, what is being loaded, and how to stop that."""

    def compose(self) -> ComposeResult:
        yield Label(id="what", markup=False)
        yield ProgressBar(total=1.0, show_eta=False)
        yield Label("escape stops", id="how", markup=False)

    def show(self, state: ModelState) -> None:
        self.display = isinstance(state, Loading)
        if isinstance(state, Loading):
            self.query_one("#what", Label).update(
                f"Loading {state.model.name}, {wording.size(state.model.size_bytes)}"
            )
            self.query_one(ProgressBar).update(progress=state.share)
