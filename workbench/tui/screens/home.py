"""The first screen: what this machine is, which models are on it, and what to do next.

Knows nothing of conversations.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from workbench import paths
from workbench.models import Description
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures
from workbench.tui.messages import ModelChosen
from workbench.tui.screens.model_picker import model_choices
from workbench.tui.session import ModelState, Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.choice_list import ChoiceList, Chosen
from workbench.tui.widgets.load_bar import LoadBar
from workbench.tui.widgets.machine_panel import MachinePanel
from workbench.tui.widgets.top_bar import TopBar


class HomeScreen(ReportsFailures, Screen[None]):
    """Machine on one side, models on the other, the next step below."""

    CSS_PATH = "home.tcss"
    AUTO_FOCUS = "ChoiceList"
    HELP = """
## Home

The machine as this program may use it, and the model files found on it.
Choose a model with **up** and **down**, and press **enter** to talk to it. **f** finds more on the hub.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "talk", "Talk", id="home.talk"),
        Binding("f", "app.switch_mode('hub')", "Find models", id="home.find", tooltip="Search the hub"),
        Binding("d", "app.switch_mode('downloads')", "Downloads", id="home.downloads"),
        Binding("r", "look_again", "Look again", id="home.refresh", tooltip="Read machine and models anew"),
        Binding("question_mark", "app.toggle_help", "Help", id="home.help", show=False),
        Binding("q", "app.quit", "Quit", id="home.quit"),
    ]

    def __init__(self, surroundings: Surroundings, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._surroundings = surroundings
        self._session = session
        self._downloads = downloads

    def compose(self) -> ComposeResult:
        yield TopBar("home", self._session, self._downloads)
        with VerticalScroll(id="body", can_focus=False), Container(id="panels"):
            machine = MachinePanel(classes="panel")
            machine.border_title = "This machine"
            yield machine
            with Vertical(classes="panel", id="models") as models:
                models.border_title = "Models on it"
                yield ChoiceList[Description](id="model-list")
                yield Static(id="no-models", markup=False)
        yield Static(id="next", markup=False)
        yield LoadBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.query_one("#no-models").display = False
        self._session.subscribe(self._show_model_state)

    def on_screen_resume(self) -> None:
        self.look_around()
        self.open_downloads()

    @work(exclusive=True, group="looking", exit_on_error=False)
    async def look_around(self) -> None:
        """Read the machine and its models, off the event loop."""
        machine, models = await asyncio.gather(
            asyncio.to_thread(self._surroundings.machine), asyncio.to_thread(self._surroundings.models)
        )
        await self.query_one(MachinePanel).show(machine)
        self._show_models(models)

    @work(exclusive=True, group="opening", exit_on_error=False)
    async def open_downloads(self) -> None:
        """Have the sign tell of what earlier runs left undone."""
        await self._downloads.open()

    def _show_models(self, models: list[Description]) -> None:
        choices = self.query_one(ChoiceList)
        marked = choices.highlighted
        choices.offer(model_choices(models))
        if marked is not None and marked < len(models):
            choices.highlighted = marked
        choices.display = bool(models)
        nothing = self.query_one("#no-models", Static)
        nothing.display = not models
        nothing.update(
            f"None yet. Put a GGUF file into {paths.models_folder()} and press r, "
            "or press f to find one on the hub."
        )
        self._show_next_step()

    @on(ChoiceList.OptionHighlighted)
    def _show_next_step(self) -> None:
        marked = self.query_one(ChoiceList).marked
        words = Content("")
        if marked is not None:
            words = Content.assemble(
                "Press ", ("enter", "$accent bold"), " to talk to ", (marked.title, "bold"), "."
            )
        self.query_one("#next", Static).update(words)

    @on(Chosen)
    def _talk_to(self, event: Chosen[Description]) -> None:
        self.post_message(ModelChosen(event.value))

    def action_talk(self) -> None:
        self.query_one(ChoiceList).action_select()

    def action_look_again(self) -> None:
        self.look_around()

    def _show_model_state(self, state: ModelState) -> None:
        if not self.is_attached:
            return
        self.query_one(LoadBar).show(state)
