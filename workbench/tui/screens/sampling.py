"""The sampling lab: what may come next after a prompt, drawn anew at each change of a setting.

Asks the model that is loaded, which tells what its engine's samplers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from workbench.backend import Provider
from workbench.conversation import Conversation, Message
from workbench.errors import WorkbenchError
from workbench.generation import Generation
from workbench.sampler_trace import SamplerTrace
from workbench.sampling import SamplingSettings
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.session import ModelState, NoModel, Ready, Session
from workbench.tui.widgets.load_bar import LoadBar
from workbench.tui.widgets.sampling_fields import SamplingFields
from workbench.tui.widgets.top_bar import TopBar
from workbench.tui.widgets.trace_table import TraceTable

TYPING_SECONDS = 0.15
"""How long nothing is typed until the model is asked."""
NO_MODEL = "Press f4 to choose a model, and f8 to come back."
NO_PROMPT = "Type a prompt above."

Use = Callable[[SamplingSettings], None]


class SamplingScreen(ReportsFailures, Screen[None]):
    """Prompt above, settings on one side, tokens on the other."""

    CSS_PATH = "sampling.tcss"
    AUTO_FOCUS = "#prompt"
    HELP = """
## The sampling lab

What the model holds for likely after your prompt, and what each sampler makes of it, in the order in which
the engine draws. **tab** goes through the fields; each change shows at once. **ctrl+u** takes the settings
over into the chat.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+u", "use", "Use in the chat", id="sampling.use", priority=True),
        Binding("ctrl+r", "reset", "Usual settings", id="sampling.reset"),
        Binding("escape", "app.switch_mode('chat')", "Chat", id="sampling.chat"),
    ]

    def __init__(self, session: Session, downloads: Downloads, sampling: SamplingSettings, use: Use) -> None:
        super().__init__()
        self._session = session
        self._downloads = downloads
        self._settings = sampling
        self._use = use

    def compose(self) -> ComposeResult:
        yield TopBar("sampling", self._session, self._downloads)
        with Vertical(id="asked", classes="panel") as panel:
            panel.border_title = "Prompt"
            yield Input(placeholder="What the model is asked", id="prompt", compact=True)
            yield Input(placeholder="How its answer begins; may be empty", id="answer", compact=True)
        with Horizontal(id="parts"):
            fields = SamplingFields(self._settings)
            fields.add_class("panel")
            fields.border_title = "Settings"
            yield fields
            with Vertical(id="next-token", classes="panel") as tokens:
                tokens.border_title = "What comes next"
                yield TraceTable()
                yield Static(NO_PROMPT, id="status", markup=False)
        yield LoadBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._session.subscribe(self._show_model_state)

    @property
    def _prompt(self) -> str:
        return self.query_one("#prompt", Input).value

    @on(Input.Changed)
    def _ask_soon(self) -> None:
        self.look(TYPING_SECONDS)

    @on(SamplingFields.Changed)
    def _take(self, event: SamplingFields.Changed) -> None:
        if event.settings is None:
            self.workers.cancel_group(self, "looking")
            self._say(event.problem)
        else:
            self._settings = event.settings
            self.look(TYPING_SECONDS)

    @work(exclusive=True, group="looking", exit_on_error=False)
    async def look(self, delay: float) -> None:
        """Show what comes next now. A later look takes the place of this one."""
        await asyncio.sleep(delay)
        if isinstance(self._session.state, NoModel) or not self._prompt:
            self._say(NO_PROMPT if self._prompt == "" else NO_MODEL)
            return
        settings = self._settings
        try:
            trace = await self._traced(await self._session.provider(), settings)
        except WorkbenchError as error:
            self._say(str(as_problem(error)))
            return
        self.query_one(TraceTable).show(trace, settings)
        self._say("")

    async def _traced(self, provider: Provider, settings: SamplingSettings) -> SamplerTrace:
        begun = self.query_one("#answer", Input).value
        turns = [Message("user", self._prompt), *([Message("assistant", begun)] if begun else [])]
        asked = Conversation(tuple(turns))
        return await provider.trace(Generation(prompt=asked, sampling=settings, continues=bool(begun)))

    def action_use(self) -> None:
        self._use(self._settings)
        self.notify("The chat draws with these settings from now on.", timeout=3)

    def action_reset(self) -> None:
        self.query_one(SamplingFields).show(SamplingSettings())

    def _say(self, text: str) -> None:
        status = self.query_one("#status", Static)
        status.update(text)
        status.display = bool(text)

    def _show_model_state(self, state: ModelState) -> None:
        if not self.is_attached:
            return
        self.query_one(LoadBar).show(state)
        if isinstance(state, Ready | NoModel):
            self.look(0)
