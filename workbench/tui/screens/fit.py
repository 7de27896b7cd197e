"""Does it fit: what a model takes with which settings, here or on cards that one does not own.

Redrawn at each turn of a dial: the formula answers at once and the engine a moment later. Loads nothing
until told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, ParamSpec, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.models import Description, describe, model_named
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.fitting import Fitting, Outlook, opened
from workbench.tui.messages import ModelChosen
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.session import ModelState, Ready, Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.fit_dials import FitDials
from workbench.tui.widgets.fit_verdict import FitVerdict
from workbench.tui.widgets.frontier_table import FrontierTable
from workbench.tui.widgets.load_bar import LoadBar
from workbench.tui.widgets.memory_bars import MemoryBars
from workbench.tui.widgets.top_bar import TopBar

P = ParamSpec("P")
T = TypeVar("T")

TURNING_SECONDS = 0.3
"""How long nothing is turned until the engine is asked."""
NO_MODEL = "Name a model above, or press ctrl+o to choose one."


class FitScreen(ReportsFailures, Screen[None]):
    """Model and cards above, dials on one side, memory on the other."""

    CSS_PATH = "fit.tcss"
    AUTO_FOCUS = "#named"
    HELP = """
## Does it fit

What a model takes in memory, device by device. Name one that is here, or one on the hub: only its header is
read. **up** and **down** go through the dials, **left** and **right** turn them, digits write a number.
Name cards, such as `RTX 4090, 24GiB, 64GiB RAM`, to ask about a machine that you do not have.

**ctrl+g** finds the best settings for what the last dial says, **ctrl+t** shows where each quantization stops
fitting, and **ctrl+u** loads the model so.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "choose", "Model", id="fit.choose", priority=True),
        Binding("ctrl+g", "plan", "Plan", id="fit.plan", priority=True),
        Binding("ctrl+t", "frontier", "Table", id="fit.frontier", priority=True),
        Binding("ctrl+r", "reset", "Usual settings", id="fit.reset", priority=True),
        Binding("ctrl+u", "use", "Use", id="fit.use", priority=True),
        Binding("escape", "app.switch_mode('home')", "Home", id="fit.home"),
    ]

    def __init__(self, surroundings: Surroundings, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._surroundings, self._session, self._downloads = surroundings, session, downloads
        self._fitting: Fitting | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("fit", self._session, self._downloads)
        with Vertical(id="asked", classes="panel") as panel:
            panel.border_title = "Does it fit"
            yield Input(placeholder="A model here, or org/repo:QUANT on the hub", id="named", compact=True)
            yield Input(placeholder="This machine; or another: RTX 4090, 64GiB RAM", id="cards", compact=True)
        with Horizontal(id="parts"):
            dials = FitDials()
            dials.add_class("panel")
            dials.border_title = "Settings"
            yield dials
            with VerticalScroll(id="memory", classes="panel", can_focus=False) as memory:
                memory.border_title = "Memory"
                yield MemoryBars()
                yield FitVerdict(NO_MODEL)
                yield FrontierTable()
        yield Static(id="command", markup=False)
        yield LoadBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.query_one(FrontierTable).display = False
        self._session.subscribe(self._show_model_state)

    def on_screen_resume(self) -> None:
        state = self._session.state
        if isinstance(state, Ready) and not self._named:
            self._show_model(state.model)

    async def on_unmount(self) -> None:
        await self._replace(None)

    @property
    def _named(self) -> str:
        return self.query_one("#named", Input).value.strip()

    @property
    def _dials(self) -> FitDials:
        return self.query_one(FitDials)

    def _show_model(self, model: Description) -> None:
        self.query_one("#named", Input).value = str(model.path) if model.name != "guide" else model.name
        self.look()

    @on(Input.Submitted)
    def _look_at_what_is_named(self) -> None:
        self.look()

    @work(exclusive=True, group="fitting", exit_on_error=False)
    async def look(self) -> None:
        """Read the model's header, see the cards, and offer the dials for them."""
        self._say("Reading its header…")
        try:
            machine = await asyncio.to_thread(self._surroundings.machine)
            found = await opened(self._named, self.query_one("#cards", Input).value, machine)
        except WorkbenchError as error:
            await self._replace(None)
            self._say(str(error))
            return
        await self._replace(found)
        self.query_one(FrontierTable).display = False
        await self._dials.offer(found.usual, found.shape, has_gpus=found.has_gpus)
        self._redraw(found.usual)
        self._dials.query("Dial").first().focus()

    async def _replace(self, found: Fitting | None) -> None:
        before, self._fitting = self._fitting, found
        if before is not None:
            await asyncio.to_thread(before.close)

    @on(FitDials.Changed)
    def _turned(self, event: FitDials.Changed) -> None:
        self._redraw(event.settings)

    def _redraw(self, settings: EngineSettings) -> None:
        """The formula's word now, the engine's when the dials rest."""
        if self._fitting is None:
            return
        try:
            self._show(self._fitting.quick(settings))
        except WorkbenchError as error:
            self.workers.cancel_group(self, "asking")
            self._say(str(error))
        else:
            self.ask(self._fitting, settings)

    @work(exclusive=True, group="asking", exit_on_error=False)
    async def ask(self, fitting: Fitting, settings: EngineSettings) -> None:
        await asyncio.sleep(TURNING_SECONDS)
        try:
            outlook = await asyncio.to_thread(fitting.asked, settings)
        except WorkbenchError as error:
            self._say(str(as_problem(error)))
            return
        if fitting is self._fitting and settings == self._dials.settings:
            self._show(outlook)

    def _show(self, outlook: Outlook) -> None:
        assert self._fitting is not None
        self.query_one(MemoryBars).show(outlook)
        self.query_one(FitVerdict).show(outlook, self._fitting.notes)
        command = Content.styled(self._fitting.command("fit", outlook.settings), "$foreground 60%")
        self.query_one("#command", Static).update(command)

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_choose(self) -> None:
        if model := await self.app.push_screen_wait(ModelPicker(self._surroundings.models)):
            self._show_model(model)

    @work(exclusive=True, group="asking", exit_on_error=False)
    async def action_plan(self) -> None:
        """Turn the dials to the best settings for the aim."""
        if (fitting := self._fitting) is None:
            return
        self._say("Looking for the best settings…")
        found = await self._or_problem(fitting.planned, fitting.usual, self._dials.aim)
        if found is not None and fitting is self._fitting:
            self._dials.show(found.settings)
            self._redraw(found.settings)
            for remark in found.remarks:
                self.notify(remark, markup=False)

    @work(exclusive=True, group="asking", exit_on_error=False)
    async def action_frontier(self) -> None:
        if (fitting := self._fitting) is None:
            return
        self.notify("Reading the headers of all its quantizations.", timeout=3)
        rows = await self._or_problem(fitting.frontier, self._dials.settings)
        if rows and fitting is self._fitting:
            table = self.query_one(FrontierTable)
            table.show(rows)
            table.display = True
            table.scroll_visible()

    def action_reset(self) -> None:
        if self._fitting is not None:
            self._dials.show(self._fitting.usual)
            self._redraw(self._fitting.usual)

    def action_use(self) -> None:
        """Load the model so; where it or the cards are not here, hand out the command for where they are."""
        if self._fitting is None:
            return
        settings, named = self._dials.settings, self._fitting.named
        if self._fitting.can_be_loaded:
            chosen = describe(model_named(named.path))
            self.post_message(ModelChosen(chosen, settings))
            return
        command = self._fitting.command("serve", settings)
        self.app.copy_to_clipboard(command)
        fetched = f"once `workbench pull {named.name}` has fetched it"
        where = "on that machine" if self._fitting.asked_of else fetched
        self.notify(f"{command} loads it so {where}. The command is copied.", timeout=8, markup=False)

    async def _or_problem(self, question: Callable[P, T], *about: P.args, **named: P.kwargs) -> T | None:
        try:
            return await asyncio.to_thread(question, *about, **named)
        except WorkbenchError as error:
            self._say(str(error))
            return None

    def _show_model_state(self, state: ModelState) -> None:
        if self.is_attached:
            self.query_one(LoadBar).show(state)

    def _say(self, text: str) -> None:
        self.query_one(FitVerdict).update(text)
