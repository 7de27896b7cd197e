"""Whether to leave while jobs run."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.tui.screens.question import Question


class QuitQuestion(Question):
    """Returns whether to leave; told are the jobs that run."""

    ASKED = "Stop these and quit?"
    KEYS = "enter quits, escape stays"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Quit", id="quit.leave"),
        Binding("escape", "dismiss(False)", "Stay", id="quit.stay"),
    ]
