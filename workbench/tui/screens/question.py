"""A question that is answered with yes or no. Knows nothing of what is asked."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static


class Question(ModalScreen[bool]):
    """Returns the answer. What is asked about stands in a box; the keys are the bindings of a subclass."""

    CSS_PATH = "question.tcss"
    ASKED: ClassVar[str]
    KEYS: ClassVar[str]

    def __init__(self, about: str) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = self.ASKED
            box.border_subtitle = self.KEYS
            yield Static(self._about, markup=False)
        yield Footer(compact=True)
