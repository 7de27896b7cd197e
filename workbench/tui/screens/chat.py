"""The conversation with a model: questions, streaming answers, stop, copy, earlier conversations.

It asks the session for the model and the dialogue for what was said; it knows nothing of engines or files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Markdown

from workbench.chat.history import ConversationSummary
from workbench.chat.meter import Meter
from workbench.conversation import Message
from workbench.errors import LoadCancelled
from workbench.generation import Generation
from workbench.sampling import SamplingSettings
from workbench.tui.answering import show_answer
from workbench.tui.dialogue import Dialogue
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.session import Failed, Loading, ModelState, NoModel, Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.intro import Intro
from workbench.tui.widgets.load_bar import LoadBar
from workbench.tui.widgets.prompt import Prompt
from workbench.tui.widgets.top_bar import TopBar
from workbench.tui.widgets.transcript import Transcript
from workbench.tui.widgets.turns import Answer

ChooseModel = Callable[[], Awaitable[None]]
"""Let the person choose a model and begin to load it; they may also choose none."""


class ChatScreen(ReportsFailures, Screen[None]):
    """Transcript, prompt, and the one answer that may be under way."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "Prompt"
    HELP = """
## Chat

Answers stream in as Markdown, with speed, time to first token and context used below them.
**escape** stops an answer, or the loading of a model. What was said until then is kept.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="chat.stop"),
        Binding("ctrl+n", "new_conversation", "New", id="chat.new", priority=True),
        Binding("ctrl+r", "app.earlier_conversations", "Earlier", id="chat.earlier", priority=True),
        Binding("ctrl+o", "app.choose_model", "Model", id="chat.model", priority=True),
        Binding("ctrl+g,ctrl+shift+c", "copy_answer", "Copy", id="chat.copy", priority=True),
        Binding("y", "copy_answer", "Copy answer", id="chat.yank", show=False),
        Binding("pageup", "page(-1)", "Scroll up", id="chat.page-up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Scroll down", id="chat.page-down", show=False, priority=True),
    ]

    answering: reactive[bool] = reactive(False, bindings=True)

    def __init__(
        self,
        surroundings: Surroundings,
        session: Session,
        downloads: Downloads,
        dialogue: Dialogue,
        sampling: SamplingSettings,
        choose_model: ChooseModel,
    ) -> None:
        super().__init__()
        self._surroundings = surroundings
        self._choose_model = choose_model
        self._session = session
        self._downloads = downloads
        self._dialogue = dialogue
        self._sampling = sampling

    def compose(self) -> ComposeResult:
        yield TopBar("chat", self._session, self._downloads)
        yield Transcript()
        yield LoadBar()
        with Container(id="asking"):
            yield Prompt()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._session.subscribe(self._show_model_state)

    def draw_with(self, sampling: SamplingSettings) -> None:
        """Draw the next answers with these settings."""
        self._sampling = sampling

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def last_answer(self) -> str:
        """The Markdown of the latest answer, "" where there is none."""
        return next((answer.text for answer in reversed(self.query(Answer)) if answer.text), "")

    @on(Prompt.Submitted)
    def _ask(self, event: Prompt.Submitted) -> None:
        self.answering = True
        self.converse(event.text)

    @on(Prompt.Refused)
    def _say_why(self) -> None:
        self.notify("The answer is still coming. Press escape to stop it.", timeout=3)

    def watch_answering(self, answering: bool) -> None:
        if self.is_attached:
            self.prompt.accepting = not answering

    @work(exclusive=True, group="answering", exit_on_error=False)
    async def converse(self, question: str) -> None:
        """One question and its answer, with a model chosen and loaded first where needed."""
        answer = await self.transcript.ask(question)
        try:
            await self._answer(question, answer)
        except LoadCancelled:
            await self._give_back(question, answer)
        except Exception as error:  # a third party's engine may raise anything
            await self.transcript.report(as_problem(error))
        finally:
            self.answering = False

    async def _answer(self, question: str, answer: Answer) -> None:
        if isinstance(self._session.state, NoModel | Failed):
            await self._choose_model()
        provider = await self._session.provider()
        model, finished = self._model_name, None
        generation = Generation(prompt=self._dialogue.ask(question, model), sampling=self._sampling)
        meter = Meter(provider.facts.context_length, self._surroundings.clock)
        try:
            finished = await show_answer(provider, generation, answer, meter)
            for notice in finished.notices:
                self.notify(notice, markup=False)
        finally:
            said = Message("assistant", answer.text, answer.reasoning)
            self._dialogue.answer(said, finished, model)

    async def _give_back(self, question: str, answer: Answer) -> None:
        """No model came: the question returns to where it was typed."""
        await self.transcript.withdraw(answer)
        if not self.prompt.text:
            self.prompt.write(question)

    @property
    def _model_name(self) -> str:
        state = self._session.state
        return "" if isinstance(state, NoModel) else state.model.name

    async def reopen(self, summary: ConversationSummary) -> None:
        """Go on with an earlier conversation."""
        await self.cease()
        self._dialogue.reopen(summary)
        await self.transcript.show(self._dialogue.conversation)
        for message in self._dialogue.conversation.messages:
            if message.role == "user":
                self.prompt.remember(message.content)

    async def action_new_conversation(self) -> None:
        await self.cease()
        self._dialogue.start_anew()
        await self.transcript.show(self._dialogue.conversation)
        self.prompt.focus()

    async def cease(self) -> None:
        """Stop the answer, if one is under way, and wait until it is stored."""
        workers = self.workers.cancel_group(self, "answering")
        await asyncio.gather(*(worker.wait() for worker in workers), return_exceptions=True)
        self.answering = False  # a worker that was stopped before it began could not say so itself

    async def action_stop(self) -> None:
        if isinstance(self._session.state, Loading):
            self._session.stop_loading()
        else:
            await self.cease()

    def action_copy_answer(self) -> None:
        self.app.copy_to_clipboard(self.last_answer)
        self.notify("The last answer is copied.", timeout=2)

    def action_page(self, direction: int) -> None:
        self.transcript.scroll_page_up() if direction < 0 else self.transcript.scroll_page_down()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something now."""
        match action:
            case "stop":
                return self.answering or isinstance(self._session.state, Loading)
            case "copy_answer":
                return bool(self.last_answer)
            case _:
                return True

    @on(Markdown.LinkClicked)
    def _open_link(self, event: Markdown.LinkClicked) -> None:
        """A model wrote the address, so only the web is opened."""
        if event.href.startswith(("https://", "http://")):
            self.app.open_url(event.href)
        else:
            self.notify(event.href, title="Not opened: no web address", markup=False)

    def _show_model_state(self, state: ModelState) -> None:
        if not self.is_attached:
            return
        self.query_one(LoadBar).show(state)
        self.query_one(Intro).show(state)
        self.prompt.placeholder = f"Ask {self._model_name}" if self._model_name else "Ask something"
        self.refresh_bindings()
        if isinstance(state, Failed):
            self.run_worker(self.transcript.report(state.error))
