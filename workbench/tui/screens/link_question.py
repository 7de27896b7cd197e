"""Whether an address that somebody else wrote is to be opened, told in full before it is."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static


class LinkQuestion(ModalScreen[bool]):
    """Returns whether to open it."""

    CSS_PATH = "link_question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Open it", id="link.open"),
        Binding("escape", "dismiss(False)", "Do not", id="link.close"),
    ]

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = "Open this address in the browser?"
            box.border_subtitle = "enter opens it, escape does not"
            yield Static(self._address, markup=False)
        yield Footer(compact=True)
