"""Whether an address that somebody else wrote is to be opened, told in full before it is."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.tui.screens.question import Question


class LinkQuestion(Question):
    """Returns whether to open it."""

    ASKED = "Open this address in the browser?"
    KEYS = "enter opens it, escape does not"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Open it", id="link.open"),
        Binding("escape", "dismiss(False)", "Do not", id="link.close"),
    ]
