"""A modal list that narrows as one types. The screens that list models and conversations are made of it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from workbench.tui.failures import ReportsFailures
from workbench.tui.widgets.choice_list import Choice, ChoiceList, Chosen

T = TypeVar("T")


class Picker(ReportsFailures, ModalScreen[T | None], Generic[T]):
    """Returns what was chosen, or None."""

    CSS_PATH = "picker.tcss"
    AUTO_FOCUS = "Input"
    TITLE = ""
    NOTHING = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="picker.close"),
        Binding("up", "mark('cursor_up')", "Up", id="picker.up", show=False),
        Binding("down", "mark('cursor_down')", "Down", id="picker.down", show=False),
        Binding("pageup", "mark('page_up')", "Page up", id="picker.page-up", show=False),
        Binding("pagedown", "mark('page_down')", "Page down", id="picker.page-down", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(id="picker") as box:
            box.border_title = self.TITLE
            box.border_subtitle = "enter chooses, escape closes"
            yield Input(placeholder="Type to narrow the list", compact=True)
            yield ChoiceList[T]()
            yield Static(self.NOTHING, id="nothing", markup=False)

    def on_mount(self) -> None:
        self.query_one("#nothing").display = False
        self.query_one(ChoiceList).can_focus = False
        self.fill()

    @work(exclusive=True, group="filling", exit_on_error=False)
    async def fill(self) -> None:
        choices = await self.choices()
        self.query_one(ChoiceList).offer(choices, self.query_one(Input).value)
        self.query_one("#nothing").display = not choices

    @abstractmethod
    async def choices(self) -> list[Choice[T]]:
        """What there is to choose from."""

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self.query_one(ChoiceList).narrow(event.value)

    @on(Input.Submitted)
    def _choose(self) -> None:
        self.query_one(ChoiceList).action_select()

    @on(Chosen)
    def _chosen(self, event: Chosen[T]) -> None:
        self.dismiss(event.value)

    def action_mark(self, movement: str) -> None:
        choices = self.query_one(ChoiceList)
        getattr(choices, f"action_{movement}")()
