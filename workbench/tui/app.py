"""The app itself: the model that is open, the downloads, the places, and what can be done from everywhere.

Everything it works with comes from its Surroundings. Knows nothing of engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import TextSelected
from textual.screen import Screen
from textual.widgets import HelpPanel

from workbench.engine_settings import EngineSettings
from workbench.models import Description, describe, model_named
from workbench.sampling import SamplingSettings
from workbench.tui.commands import commands
from workbench.tui.dialogue import Dialogue
from workbench.tui.download_news import DownloadNews
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures
from workbench.tui.job_news import JobNews
from workbench.tui.jobs import Jobs
from workbench.tui.messages import ModelChosen
from workbench.tui.screens.bench import BenchScreen
from workbench.tui.screens.chat import ChatScreen
from workbench.tui.screens.conversation_picker import ConversationPicker
from workbench.tui.screens.downloads import DownloadsScreen
from workbench.tui.screens.fit import FitScreen
from workbench.tui.screens.home import HomeScreen
from workbench.tui.screens.hub import HubScreen
from workbench.tui.screens.job_picker import JobPicker
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.screens.quit_question import QuitQuestion
from workbench.tui.screens.sampling import SamplingScreen
from workbench.tui.session import Loading, Lost, ModelState, Ready, Session
from workbench.tui.surroundings import Surroundings

THEME = "nord"
LOOKING_SECONDS = 0.25
"""How often the screen follows the downloads."""


class WorkbenchApp(ReportsFailures, App[None]):
    """`model` is loaded at once, and the app then opens on the chat."""

    TITLE = "Workbench"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (110, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "toggle_help", "Help", id="app.help"),
        Binding("f2", "switch_mode('home')", "Home", id="app.home", show=False),
        Binding("f3", "switch_mode('chat')", "Chat", id="app.chat", show=False),
        Binding("f4", "choose_model", "Model", id="app.model", show=False),
        Binding("f5", "switch_mode('hub')", "Hub", id="app.hub", show=False),
        Binding("f6", "switch_mode('downloads')", "Downloads", id="app.downloads", show=False),
        Binding("f7", "switch_mode('fit')", "Does it fit", id="app.fit", show=False),
        Binding("f8", "switch_mode('sampling')", "Sampling lab", id="app.sampling", show=False),
        Binding("f9", "switch_mode('bench')", "Benchmark", id="app.bench", show=False),
        Binding("ctrl+l", "jobs", "Jobs", id="app.jobs", show=False),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", show=False, priority=True),
    ]

    def __init__(
        self,
        surroundings: Surroundings | None = None,
        *,
        model: Description | None = None,
        sampling: SamplingSettings | None = None,
    ) -> None:
        super().__init__()
        self.theme = THEME
        self._surroundings = surroundings or Surroundings()
        self._model = model
        self._sampling = sampling or SamplingSettings()

    async def on_mount(self) -> None:
        self.session = Session(self._surroundings.attach, self._surroundings.open_model)
        self.dialogue = Dialogue(self._surroundings.history, self.report)
        self.downloads = Downloads(self._surroundings.queue)
        self.jobs = Jobs()
        self._make_places()
        DownloadNews(self).follow(self.downloads)
        JobNews(self)
        self.session.subscribe(self._tell_loss)
        self.set_interval(LOOKING_SECONDS, self.downloads.look)
        if self._model is not None:
            self.session.load(self._model)
        await self.switch_mode("home" if self._model is None else "chat")

    def _make_places(self) -> None:
        around, session, downloads = self._surroundings, self.session, self.downloads
        self.home = HomeScreen(around, session, downloads)
        self.chat = ChatScreen(
            around, session, downloads, self.dialogue, self._sampling, self._choose_for_question
        )
        self.add_mode("home", lambda: self.home)
        self.add_mode("chat", lambda: self.chat)
        self.add_mode("hub", lambda: HubScreen(around, session, downloads))
        self.add_mode("downloads", lambda: DownloadsScreen(session, downloads))
        self.add_mode("fit", lambda: FitScreen(around, session, downloads))
        self.add_mode("bench", lambda: BenchScreen(around, session, downloads, self.jobs))
        self.add_mode(
            "sampling", lambda: SamplingScreen(session, downloads, self._sampling, self.chat.draw_with)
        )

    async def on_unmount(self) -> None:
        """Nothing outlives the app: no answer, no transfer, no engine's process, no open history."""
        running = list(self.workers)
        self.workers.cancel_all()
        await asyncio.gather(*(worker.wait() for worker in running), return_exceptions=True)
        await self.jobs.close()
        await self.downloads.close()
        await self.session.close()
        self.dialogue.close()

    @on(TextSelected)
    def _copy_selection(self) -> None:
        if text := self.screen.get_selected_text():
            self.copy_to_clipboard(text)
            self.notify("The selection is copied.", timeout=2)

    @on(ModelChosen)
    async def _talk_to(self, event: ModelChosen) -> None:
        await self._open(event.model, event.settings)

    def _tell_loss(self, state: ModelState) -> None:
        if isinstance(state, Lost):
            self.report(state.error)

    async def _open(self, model: Description, settings: EngineSettings | None = None) -> None:
        """Go to the chat with this model, loading it unless it is there already."""
        state = self.session.state
        if settings is not None or not (isinstance(state, Loading | Ready) and state.model == model):
            await self.chat.cease()
            self.session.load(model, settings=settings, here=settings is not None)
        await self.switch_mode("chat")

    async def _choose_for_question(self) -> None:
        if model := await self.push_screen_wait(ModelPicker(self._surroundings.models)):
            self.session.load(model)

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_choose_model(self) -> None:
        if model := await self.push_screen_wait(ModelPicker(self._surroundings.models)):
            await self._open(model)

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_earlier_conversations(self) -> None:
        picker = ConversationPicker(self.dialogue.earlier(), self._surroundings.now())
        if summary := await self.push_screen_wait(picker):
            await self.switch_mode("chat")
            await self.chat.reopen(summary)

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_load_here(self) -> None:
        if isinstance(self.session.state, Ready):
            await self.chat.cease()
            self.session.load(self.session.state.model, here=True)

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_unload(self) -> None:
        await self.chat.cease()
        await self.session.close()

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_jobs(self) -> None:
        if job := await self.push_screen_wait(JobPicker(self.jobs)):
            await self.switch_mode(job.place)

    async def action_quit(self) -> None:
        """Leave; where jobs run, only after asking."""
        if self.jobs.running:
            self.leave()
        else:
            self.exit()

    @work(exclusive=True, group="leaving", exit_on_error=False)
    async def leave(self) -> None:
        if await self.push_screen_wait(QuitQuestion("\n".join(job.title for job in self.jobs.running))):
            self.exit()

    async def action_toggle_help(self) -> None:
        if self.screen.query(HelpPanel):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        yield from commands(self)


def run(model: str | None = None) -> None:
    """Open the app; with the name or path of a model, on a conversation with it. Raises ModelNotFound."""
    WorkbenchApp(model=None if model is None else describe(model_named(model))).run()
